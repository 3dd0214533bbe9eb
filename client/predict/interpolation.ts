import type { ContractDef, ViewOf } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Room } from '../room.ts';
import { interpolateThing, CorrectionSmoother, copyThings, type Motion, type Moving, type Things } from './things.ts';
import { TickClock } from './tick-clock.ts';

/** What to draw at a moment. */
export interface Seen<S, T extends Moving = Moving> {
  /** Fractional: between the tick of `state` and the next. */
  tick: number;
  /** A copy of the room's state at that tick. */
  state: S;
  /** Interpolated values of the moving things, by key. */
  things: Record<string, T>;
}

/** Bounds of the interpolation delay. */
export interface InterpolationOptions {
  /** Maximum delay (ms) beyond one tick, however irregularly states arrive. Default 200. */
  most?: number;
}

interface ReceivedState<S, T extends Moving> {
  tick: number;
  state: S;
  things: Things<T>;
}

/** Added to the expected lateness (ms), so that an equally late state still arrives in time. */
const marginMs = 6;
/** Maximum deviation of the playback rate while it approaches its target. */
const maxRateChange = 0.2;
/** Deviation from the target (ms) at which the full rate change applies. */
const fullRateChangeAtMs = 300;
/** Beyond this deviation (ms) playback jumps, for example after the page was suspended. */
const snapBeyondMs = 1_500;

/**
 * Shows received states slightly late, at an even rate. The delay adapts to the jitter. Nothing is extrapolated: if a
 * state is later than the delay, playback stops at the last state and continues from there. So everything shown has
 * been received, and motion has no jumps, even across a takeover.
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

  /** Current delay, ms. */
  get delay(): number {
    return this.period + this.clock.expectedLateness(this.shownAt) + marginMs;
  }

  /**
   * What to draw at a time of `performance.now()`. Call it once per frame, with increasing times. Null before the first
   * state.
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
   * Ends the subscription to the room.
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
    // The room changes its state in place, so it is copied.
    const one: ReceivedState<ViewOf<D>, T> = {
      tick: motion.tick(room.state),
      state: copy(room.state),
      things: copyThings(motion, room.state),
    };
    const last = this.states.at(-1);
    const again = last !== undefined && one.tick <= last.tick;
    // A state already shown may be replaced: by an entry without a tick, or because volatile state was lost.
    const before = again && this.shownTick !== null && one.tick <= this.shownTick;
    this.states = this.states.filter(other => other.tick < one.tick);
    this.states.push(one);
    if (this.states.length > 2 * this.room.hz + 2) this.states.shift(); // `at` is not called: the page is hidden
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
 * Interpolates the motion of a game with a tick, slightly late. Call `at` once per frame.
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
