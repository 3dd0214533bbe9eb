import type { ContractDef, ViewOf } from '../../shared/contract.ts';
import type { ReplayRoom } from '../replay/replay-room.ts';
import type { Seen } from './interpolation.ts';
import { interpolateThing, copyThings, type Motion, type Moving, type Things } from './things.ts';

/** A copy of a recorded state, with its time. */
interface ReplayFrame<S, T extends Moving> {
  frame: number;
  at: number;
  state: S;
  things: Things<T>;
}

/** Interpolates the motion of a recorded match between two frames. */
export class ReplayInterpolation<D extends ContractDef, T extends Moving> {
  /** The two states around the current time; the same objects while it lies between them. */
  private from: ReplayFrame<ViewOf<D>, T> | null = null;
  private to: ReplayFrame<ViewOf<D>, T> | null = null;

  /** @internal */
  constructor(
    private readonly room: ReplayRoom<D>,
    private readonly motion: Motion<ViewOf<D>, T>,
  ) {}

  /**
   * What to draw at the replay's current time. Call it once per animation frame.
   * @example
   * ```ts
   * const all = interpolateReplay(flight, motion)
   * requestAnimationFrame(() => { for (const [seat, ship] of Object.entries(all.at().things)) drawShip(Number(seat), ship) })
   * ```
   */
  at(): Seen<ViewOf<D>, T> {
    const { room, motion } = this;
    if (this.from?.frame !== room.frame) {
      this.from = this.to?.frame === room.frame ? this.to : this.frameOf(room.frame);
      this.to = this.next(this.from);
    }
    const { from, to } = this;
    const tick = motion.tick(from.state);
    if (!to) return { tick, state: from.state, things: from.things };
    const part = Math.max(0, Math.min(1, (room.currentTime - from.at) / (to.at - from.at)));
    const ticks = motion.tick(to.state) - tick;
    const things: Things<T> = {};
    for (const [key, thing] of Object.entries(from.things)) {
      const next = to.things[key];
      things[key] = next ? interpolateThing(thing, next, part, ticks, motion.fastest) : thing;
    }
    return { tick: tick + ticks * part, state: from.state, things };
  }

  /** The next state with a later time. */
  private next({ frame, at }: ReplayFrame<ViewOf<D>, T>): ReplayFrame<ViewOf<D>, T> | null {
    let later = frame + 1;
    while (later <= this.room.length && this.room.timeOf(later) <= at) later += 1;
    if (later > this.room.length) return null;
    // Frames with the same time belong together: only the last is shown.
    const moment = this.room.timeOf(later);
    while (later < this.room.length && this.room.timeOf(later + 1) === moment) later += 1;
    return this.frameOf(later);
  }

  private frameOf(frame: number): ReplayFrame<ViewOf<D>, T> {
    const state = this.room.peek(frame);
    return { frame, at: this.room.timeOf(frame), state, things: copyThings(this.motion, state) };
  }
}

/**
 * Interpolates the motion of a recorded match. Pass the same `tick` to the replay, so that its time follows the ticks.
 *
 * @example
 * ```ts
 * const room = replayRoom(await client.replay(id, 1), ships, { tick: motion.tick })
 * const all = interpolateReplay(room, motion)
 * const began = performance.now()
 * const frame = (now: number) => {
 *   room.seek(now - began)
 *   for (const [seat, ship] of Object.entries(all.at().things)) drawShip(Number(seat), ship)
 *   requestAnimationFrame(frame)
 * }
 * requestAnimationFrame(frame)
 * ```
 */
export const interpolateReplay = <D extends ContractDef, T extends Moving>(
  room: ReplayRoom<D>,
  motion: Motion<ViewOf<D>, T>,
): ReplayInterpolation<D, T> => new ReplayInterpolation(room, motion);
