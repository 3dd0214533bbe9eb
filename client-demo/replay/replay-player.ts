import type { ReplayRoom } from '../../client/replay/index.ts';
import { Cell } from '../common/cell.ts';
import type { ReplayGuide } from '../games/common/table-game.ts';
import type { Track } from './track.ts';

export const speeds = [0.5, 1, 2, 4] as const;
export type Speed = (typeof speeds)[number];

/** Maximum length of a frame (ms). After a longer one the page was suspended, and the replay resumes where it was. */
const maxFrameMs = 250;

/** Moves a recorded room along a track: playing, by steps, or to any position. */
export class ReplayPlayer {
  readonly position = new Cell(0);
  readonly playing = new Cell(false);
  readonly speed = new Cell<Speed>(1);
  /** Number of jumps: changes of position other than to the next move. Nothing is animated after a jump. */
  readonly jumps = new Cell(0);
  /** How long (ms at speed 1) the current move has been shown. */
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

  /** Plays; at the end, from the beginning. */
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

  /** Moves by `by` steps (moves, or intervals of time) and pauses. */
  step(by: number): void {
    this.pause();
    const { pacing } = this;
    const one = pacing.by === 'time' ? pacing.step : 1;
    // Positions are aligned to steps, so that a step back undoes a step forward.
    const from = this.position.value / one;
    this.seek((by > 0 ? Math.floor(from + 1e-6) : Math.ceil(from - 1e-6)) * one + by * one);
  }

  /** Moves to a position. Playback continues if it was running. */
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

  /** Advances playback by one animation frame. @param now monotonic ms */
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
