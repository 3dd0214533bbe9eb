import type { ContractDef, ViewOf } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Room } from '../room.ts';
import { interpolateThing, CorrectionSmoother, copyThings, type Motion, type Moving, type Things } from './things.ts';
import { TickClock } from './tick-clock.ts';

/** What is to be seen at a moment. */
export interface Seen<S, T extends Moving = Moving> {
  /** With a fraction: between the tick of `state` and the next one. */
  tick: number;
  /** The room's state of that tick, put aside: it does not change any more. */
  state: S;
  /** What moves, where it is then, by its key. */
  things: Record<string, T>;
}

/** How late things are shown. */
export interface InterpolationOptions {
  /** At most so late (ms) on top of one tick, however unevenly states arrive. Default 200. */
  most?: number;
}

interface ReceivedState<S, T extends Moving> {
  tick: number;
  state: S;
  things: Things<T>;
}

/** A little more than what was late, so that the next one that is as late still comes in time (ms). */
const marginMs = 6;
/** What is shown runs so much faster or slower than the room, at most, to come nearer to where it shall be. */
const maxRateChange = 0.2;
/** … all of it, when it is so many ms off. */
const fullRateChangeAtMs = 300;
/** Farther off than this (ms) it is somewhere else at once, as after a page was asleep. */
const snapBeyondMs = 1_500;

/**
 * Shows what a room's states say a little late, and so evenly, in whatever rhythm they arrive. How late follows from
 * how uneven it has been. Nothing is made up: where a state is late beyond that, all stand still at the last one and go
 * on from there; so what is shown is where things have been, and goes through it without a leap, also when the room's
 * owner is lost.
 */
export class Interpolation<D extends ContractDef, T extends Moving> {
  private readonly period: number;
  private readonly clock: TickClock;
  private readonly glide: CorrectionSmoother<T>;
  private states: ReceivedState<ViewOf<D>, T>[] = [];
  private shownTick: number | null = null;
  private shownAt = 0;
  private term: number;
  private match: number;
  private readonly stops: (() => void)[];

  /** @internal */
  constructor(
    private readonly room: Room<D>,
    private readonly motion: Motion<ViewOf<D>, T>,
    options: InterpolationOptions,
  ) {
    this.period = 1_000 / room.hz;
    this.clock = new TickClock(this.period, options.most ?? 200);
    this.glide = new CorrectionSmoother(motion.fastest, this.period);
    this.term = room.term;
    this.match = room.info.match;
    this.stops = [room.onChange(() => this.receive(room.moment()))];
    this.receive(room.moment());
  }

  /** How late things are shown now, in ms. */
  get delay(): number {
    return this.period + this.clock.expectedLateness(this.shownAt) + marginMs;
  }

  /**
   * What is to be seen at a moment of this page's `performance.now()`; to be asked once a frame, with later and later
   * moments. Null before the first state.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * const others = interpolate(room, motion)
   * const frame = (now: number) => {
   *   for (const [seat, ship] of Object.entries(others.at(now)?.things ?? {})) drawShip(Number(seat), ship)
   *   requestAnimationFrame(frame)
   * }
   * requestAnimationFrame(frame)
   * ```
   */
  at(moment = this.room.moment()): Seen<ViewOf<D>, T> | null {
    const newest = this.states.at(-1);
    if (!newest) return null;
    const tick = this.advanceTo(moment, newest.tick);
    const { state, things } = this.frameAt(tick);
    return { tick, state, things: this.glide.apply(things, moment) };
  }

  /**
   * Lets go of the room.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * const others = interpolate(room, motion)
   * room.onEnd(() => others.stop())
   * ```
   */
  stop(): void {
    for (const stop of this.stops) stop();
  }

  private receive(moment: number): void {
    const { room, motion } = this;
    if (room.info.match !== this.match) {
      this.match = room.info.match;
      this.states = [];
      this.shownTick = null;
      this.clock.restart();
    }
    if (room.term !== this.term) {
      this.term = room.term;
      this.clock.restart();
    }
    if (room.state === null) return;
    // The room changes its state in place: what is shown later must be put aside.
    const one: ReceivedState<ViewOf<D>, T> = {
      tick: motion.tick(room.state),
      state: copy(room.state),
      things: copyThings(motion, room.state),
    };
    const last = this.states.at(-1);
    const again = last !== undefined && one.tick <= last.tick;
    // What was shown already may be told anew: something happened without a tick, or motion was lost that was not
    // journaled.
    const before = again && this.shownTick !== null && one.tick <= this.shownTick;
    this.states = this.states.filter(other => other.tick < one.tick);
    this.states.push(one);
    if (this.states.length > 2 * this.room.hz + 2) this.states.shift(); // nobody looks: the page is hidden
    if (!last || one.tick !== last.tick) this.clock.recordArrival(one.tick, moment);
    if (!before) return;
    this.shownTick = Math.min(this.shownTick!, one.tick);
    this.glide.startCorrection(this.frameAt(this.shownTick).things);
  }

  private advanceTo(moment: number, newest: number): number {
    const due = this.clock.at(moment);
    const aim = due === null ? null : due - this.delay / this.period;
    const was = this.shownTick;
    const ms = Math.max(0, moment - this.shownAt);
    this.shownAt = moment;
    if (was === null) this.shownTick = Math.min(aim ?? newest, newest);
    else {
      const off = aim === null ? 0 : (aim - was) * this.period - ms;
      if (Math.abs(off) > snapBeyondMs) {
        this.shownTick = Math.min(aim!, newest);
        this.glide.startCorrection(this.frameAt(this.shownTick).things);
      } else {
        const pace = 1 + Math.max(-maxRateChange, Math.min(maxRateChange, (maxRateChange * off) / fullRateChangeAtMs));
        this.shownTick = Math.max(was, Math.min(was + (ms * pace) / this.period, newest));
      }
    }
    while (this.states.length > 2 && this.states[1]!.tick <= this.shownTick!) this.states.shift();
    return this.shownTick!;
  }

  private frameAt(tick: number): { state: ViewOf<D>; things: Things<T> } {
    const i = Math.max(
      0,
      this.states.findLastIndex(one => one.tick <= tick),
    );
    const from = this.states[i]!;
    const to = this.states[i + 1];
    if (!to || tick <= from.tick) return from;
    const ticks = to.tick - from.tick;
    const things: Things<T> = {};
    for (const key of Object.keys(from.things)) {
      const next = to.things[key];
      things[key] = next
        ? interpolateThing(from.things[key]!, next, (tick - from.tick) / ticks, ticks, this.motion.fastest)
        : from.things[key]!;
    }
    return { state: from.state, things };
  }
}

/**
 * Shows what moves in a game with a tick evenly, a little late. Ask it once a frame.
 *
 * @example
 * ```ts
 * const room = await client.quick(ships)
 * const others = interpolate(room, { tick: s => s.tick, things: s => s.ships, fastest: { x: 12, y: 12 } })
 * const frame = (now: number) => {
 *   const seen = others.at(now)
 *   if (seen) for (const [seat, ship] of Object.entries(seen.things)) drawShip(Number(seat), ship)
 *   requestAnimationFrame(frame)
 * }
 * requestAnimationFrame(frame)
 * ```
 */
export const interpolate = <D extends ContractDef, T extends Moving>(
  room: Room<D>,
  motion: Motion<ViewOf<D>, T>,
  options: InterpolationOptions = {},
): Interpolation<D, T> => new Interpolation(room, motion, options);
