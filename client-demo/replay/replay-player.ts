import type { ReplayRoom } from '../../client/replay/index.ts';
import { Cell } from '../common/cell.ts';
import type { ReplayGuide } from '../games/common/table-game.ts';
import type { Track } from './track.ts';

export const speeds = [0.5, 1, 2, 4] as const;
export type Speed = (typeof speeds)[number];

/**
 * A frame of the page is not longer than this (ms): after one that was, the page had been asleep, and goes on from
 * where it was.
 */
const maxFrameMs = 250;

/** Goes over a track and takes a recorded room along: by itself, step by step, or wherever it is put. */
export class ReplayPlayer {
  readonly position = new Cell(0);
  readonly playing = new Cell(false);
  readonly speed = new Cell<Speed>(1);
  /** Counts the times it went anywhere but one move on: what is shown after that has not been seen to happen. */
  readonly jumps = new Cell(0);
  /** By moves: for how long (ms, at the speed of one) this one has been shown. */
  private shown = 0;
  private last: number | null = null;

  constructor(
    readonly room: ReplayRoom,
    readonly track: Track,
    private readonly pacing: ReplayGuide['pacing'],
  ) {}

  get atEnd(): boolean {
    return this.position.value >= this.track.end;
  }

  /** From the end it begins anew. */
  play(): void {
    if (this.track.end === 0) return;
    if (this.atEnd) this.seek(0);
    this.last = null;
    this.playing.set(true);
  }

  pause(): void {
    this.playing.set(false);
  }
  toggle(): void {
    if (this.playing.value) this.pause();
    else this.play();
  }

  /** So many steps on, or back: moves, or pieces of time. It stands still then. */
  step(by: number): void {
    this.pause();
    const { pacing } = this;
    const one = pacing.by === 'time' ? pacing.step : 1;
    // On the grid of steps: so a step back undoes a step on, wherever one came from.
    const from = this.position.value / one;
    this.seek((by > 0 ? Math.floor(from + 1e-6) : Math.ceil(from - 1e-6)) * one + by * one);
  }

  /** To a place on the track. It goes on playing if it did. */
  seek(place: number): void {
    const { track, room } = this;
    const aim = Math.max(0, Math.min(track.by === 'moves' ? Math.round(place) : place, track.end));
    const before = this.position.value;
    this.shown = 0;
    if (aim === before) return;
    if (track.by === 'moves' && aim !== before + 1) this.jumps.set(this.jumps.value + 1);
    if (track.by === 'moves') room.go(track.stops[aim]!.frame);
    else room.seek(aim);
    this.position.set(aim);
  }

  /** While it plays: a frame of the page. @param now ms that never go back */
  frame(now: number): void {
    if (!this.playing.value) return;
    const ms = this.last === null ? 0 : Math.max(0, Math.min(maxFrameMs, now - this.last)) * this.speed.value;
    this.last = now;
    if (this.pacing.by === 'time') this.seek(this.position.value + ms);
    else {
      this.shown += ms;
      if (this.shown >= this.pacing.dwell[this.track.stops[this.position.value]!.kind])
        this.seek(this.position.value + 1);
    }
    if (this.atEnd) this.pause();
  }
}
