import type { ContractDef, ViewOf } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import type { Input, Room } from '../room.ts';
import {
  createPredictionContext,
  predictionRulesOf,
  NotPredictableError,
  type GuessedBy,
  type GuessedTick,
  type Guesses,
} from './prediction-rules.ts';
import { InputDelay } from './input-delay.ts';
import { interpolateThing, CorrectionSmoother, copyThings, type Motion, type Moving, type Things } from './things.ts';
import { TickClock } from './tick-clock.ts';
import { methodsByName } from '../methods-by-name.ts';

/** The predicted state of the player's own thing. */
export interface OwnSeen<S, T extends Moving = Moving> {
  /** Fractional. Ahead of the room's tick by the time that inputs take. */
  tick: number;
  /** The predicted state of that tick. Only the player's own part is predicted; the rest is as last received. */
  state: S;
  /** The player's own thing; null if there is none. */
  thing: T | null;
}

/** Selects the player's own thing. */
export interface OwnOptions {
  /** Key among `things`, by seat. Default: the seat. */
  key?: (seat: number) => string | number;
}

/** Without new states, prediction continues for this time (ms) beyond the input delay, then stops. */
const maxExtrapolationMs = 400;
/** Presses that the room has not counted are dropped after this time (ms). */
const pressTimeoutMs = 2_000;
/** Maximum deviation of the playback rate while it approaches its target; beyond `snapBeyondTicks` it jumps. */
const maxRateChange = 0.15;
const snapBeyondTicks = 3;

/** An input that is expected to count at `tick`. `n`: null until it is sent. */
interface PendingInput {
  tick: number;
  since: number;
  n: number | null;
  hold: Record<string, Json>;
  press: Record<string, number>;
}

/**
 * The player's own things with the inputs of now applied: the last state, advanced by the game's `tick` to the tick at
 * which an input sent now will count. Recomputed from each new state with the inputs that it does not contain yet.
 */
export class Own<D extends ContractDef, T extends Moving> {
  /**
   * As `room.input`, with the effect shown in the next frame.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * const own = predictOwn(room, { tick: fly }, motion)
   * own.input.steer({ x: 100, y: 0 }) // shown in the next frame, and sent to the server
   * own.input.dash()
   * ```
   */
  readonly input: Input<D>;
  private readonly period: number;
  private readonly clock: TickClock;
  private readonly inputDelay: InputDelay;
  private readonly glide: CorrectionSmoother<T>;
  private readonly rules: Guesses<D>;
  private readonly key: (seat: number) => string | number;
  private readonly stops: (() => void)[];
  /** Held values whose inputs are no longer in `pendingInputs`. */
  private held: Record<string, Json> = {};
  private lastSent = 0;
  private pendingInputs: PendingInput[] = [];
  private base: { tick: number; state: ViewOf<D> } | null = null;
  /** The states of two consecutive ticks around the present. */
  private span: { tick: number; before: ViewOf<D>; after: ViewOf<D>; things: [Things<T>, Things<T>] } | null = null;
  private present: number | null = null;
  private presentAt = 0;
  private term: number;
  private match: number;
  private hasFailed = false;

  /** @internal */
  constructor(
    private readonly room: Room<D>,
    by: GuessedBy<D>,
    private readonly motion: Motion<ViewOf<D>, T>,
    options: OwnOptions,
  ) {
    this.rules = predictionRulesOf<D>(by);
    this.period = 1_000 / room.hz;
    this.clock = new TickClock(this.period, maxExtrapolationMs);
    this.inputDelay = new InputDelay(this.period, () => room.roundTrip);
    this.glide = new CorrectionSmoother(motion.fastest, this.period);
    this.key = options.key ?? (seat => seat);
    this.term = room.term;
    this.match = room.info.match;
    const inputs = room.input as unknown as Record<string, (value?: Json) => void>;
    this.input = methodsByName(name => (value?: Json) => this.setInput(name, value, inputs[name]!)) as Input<D>;
    this.stops = [
      room.onChange(() => this.receive(room.moment())),
      room.onInputSent((n, press) => this.handleInputSent(n, press)),
    ];
    this.receive(room.moment());
  }

  /** How far (ms) own things are shown ahead of the last received state. */
  get ahead(): number {
    return this.inputDelay.ticks * this.period;
  }

  /**
   * The player's own thing at a time of `performance.now()`. Call it once per frame. Null if this client has no seat,
   * or there is no state yet.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * const own = predictOwn(room, { tick: fly }, motion)
   * const frame = (now: number) => {
   *   const ship = own.at(now)?.thing
   *   if (ship) drawShip(room.seat!, ship)
   *   requestAnimationFrame(frame)
   * }
   * requestAnimationFrame(frame)
   * ```
   */
  at(moment = this.room.moment()): OwnSeen<ViewOf<D>, T> | null {
    const { seat } = this.room;
    if (seat === null || this.base === null) return null;
    const tick = this.advance(moment);
    if (this.span?.tick !== Math.floor(tick)) this.computeSpan(Math.floor(tick));
    const span = this.span!;
    const things = this.glide.apply(this.between(tick), moment);
    return { tick, state: span.after, thing: things[this.key(seat)] ?? null };
  }

  /**
   * Ends the subscription to the room. `input` keeps working.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * const own = predictOwn(room, { tick: fly }, motion)
   * room.onEnd(() => own.stop())
   * ```
   */
  stop(): void {
    for (const stop of this.stops) stop();
  }

  private setInput(name: string, value: Json | undefined, send: (value?: Json) => void): void {
    send(value); // throws if the contract does not declare the input
    const kind = this.room.game.inputs![name]!.kind;
    const tick = this.nextTick();
    let pending = this.pendingInputs.find(one => one.n === null && one.tick === tick);
    // An input sent at once has its number already; one that waits for the next message gets its number then.
    if (!pending)
      this.pendingInputs.push(
        (pending = { tick, since: tick, n: this.room.hasUnsentInputs ? null : this.lastSent, hold: {}, press: {} }),
      );
    if (kind === 'held') pending.hold[name] = copy(value ?? null);
    else pending.press[name] = (pending.press[name] ?? 0) + 1;
    this.recompute(true);
  }

  private handleInputSent(n: number, press: boolean): void {
    // Numbers restart with a new session: those of the last session will not be reported any more.
    if (n <= this.lastSent) this.pendingInputs = this.pendingInputs.filter(pending => pending.n === null);
    this.lastSent = n;
    const tick = this.clock.at(this.room.moment());
    if (tick !== null) this.inputDelay.recordSent(n, tick, press);
    const next = this.nextTick();
    const waited = this.pendingInputs.filter(pending => pending.n === null);
    for (const pending of waited) {
      pending.n = n;
      pending.tick = Math.max(pending.tick, next);
    }
    if (waited.length > 0) this.recompute(true);
  }

  /** The tick at which an input sent now will count. */
  private nextTick(): number {
    return Math.floor(this.at()?.tick ?? 0) + 1;
  }

  private receive(moment: number): void {
    const { room, motion } = this;
    const newMatch = room.info.match !== this.match;
    if (newMatch || room.term !== this.term) this.clock.restart();
    this.match = room.info.match;
    this.term = room.term;
    if (room.state === null || room.seat === null) {
      this.base = this.span = null;
      return;
    }
    const tick = motion.tick(room.state);
    if (newMatch) this.present = null;
    if (this.base?.tick !== tick) this.clock.recordArrival(tick, moment);
    const before = this.base;
    this.base = { tick, state: copy(room.state) };
    const counted = room.info.inputs[room.seat] ?? 0;
    this.inputDelay.recordApplied(counted, tick);
    this.dropApplied(tick, counted);
    this.recompute(!newMatch);
    if (before !== null && before.tick < tick)
      this.glide.dropTeleported(before.state, room.state, tick - before.tick, motion);
  }

  /** Drops inputs that the received state contains. A press that it does not contain is expected at the next tick. */
  private dropApplied(tick: number, counted: number): void {
    this.pendingInputs = this.pendingInputs.filter(pending => {
      const known = pending.n !== null && pending.n <= counted;
      const presses =
        Object.keys(pending.press).length > 0 && !known && tick - pending.since < pressTimeoutMs / this.period;
      if (pending.tick > tick && !known) return true;
      if (pending.tick <= tick || known) Object.assign(this.held, pending.hold);
      pending.hold = {};
      pending.tick = Math.max(pending.tick, tick + 1);
      return presses;
    });
  }

  /** Advances to the present tick at an even rate, toward the tick at which an input of now will count. */
  private advance(moment: number): number {
    const base = this.base!.tick;
    const due = this.clock.at(moment);
    const aim = due === null ? null : due + this.inputDelay.ticks;
    const was = this.present;
    const ms = Math.max(0, moment - this.presentAt);
    this.presentAt = moment;
    if (was === null) this.present = aim ?? base;
    else {
      const off = aim === null ? 0 : aim - was - ms / this.period;
      if (Math.abs(off) > snapBeyondTicks) {
        this.present = aim!;
        const last = Math.floor(this.present) + 1;
        for (const pending of this.pendingInputs) pending.tick = Math.min(pending.tick, last);
        this.clamp(base);
        this.recompute(true);
      } else
        this.present =
          was + (ms / this.period) * (1 + Math.max(-maxRateChange, Math.min(maxRateChange, off * maxRateChange)));
    }
    return this.clamp(base);
  }

  private clamp(base: number): number {
    return (this.present = Math.max(
      base,
      Math.min(this.present!, base + this.inputDelay.ticks + maxExtrapolationMs / this.period),
    ));
  }

  /** Recomputes the present from the last state. @param keep smooth the difference to what was shown */
  private recompute(keep: boolean): void {
    this.span = null;
    if (this.base === null || this.present === null) return;
    this.present = Math.max(this.base.tick, this.present);
    this.computeSpan(Math.floor(this.present));
    if (keep) this.glide.startCorrection(this.between(this.present));
  }

  /** Computes the states of a tick and the next one. */
  private computeSpan(tick: number): void {
    const base = this.base!;
    const { span } = this;
    let before: ViewOf<D>;
    if (span && span.tick < tick && span.tick >= base.tick) before = this.run(span.after, span.tick + 1, tick);
    else before = this.run(copy(base.state), base.tick, tick);
    const after = this.run(copy(before), tick, tick + 1);
    this.span = { tick, before, after, things: [copyThings(this.motion, before), copyThings(this.motion, after)] };
  }

  private between(tick: number): Things<T> {
    const {
      tick: from,
      things: [before, after],
    } = this.span!;
    const out: Things<T> = {};
    for (const key of Object.keys(after))
      out[key] = before[key]
        ? interpolateThing(before[key], after[key]!, tick - from, 1, this.motion.fastest)
        : after[key]!;
    return out;
  }

  /** Advances a state in place. A tick that needs information only the server has is skipped. */
  private run(state: ViewOf<D>, from: number, to: number): ViewOf<D> {
    const { rules, room } = this;
    const { seat } = room;
    if (!rules.tick || seat === null || room.info.phase !== 'playing' || room.info.seats[seat]?.out) return state;
    for (let tick = from + 1; tick <= to; tick++) {
      const undo = this.hasFailed ? copy(state) : null;
      try {
        const { ctx } = createPredictionContext(room, seat, room.now());
        rules.tick(state, Object.assign(ctx, { inputs: this.inputs(seat, tick) }) as unknown as GuessedTick<D>);
      } catch (error) {
        const known = this.hasFailed;
        this.hasFailed = true; // from now on each tick keeps a copy to undo
        if (!(error instanceof NotPredictableError) && !known)
          queueMicrotask(() => {
            throw error;
          });
        if (!undo) return this.run(copy(this.base!.state), this.base!.tick, to);
        state = undo;
      }
    }
    return state;
  }

  /** Inputs by seat for the rule. Those of other seats are unknown: null and 0. */
  private inputs(seat: number, tick: number): Record<string, Json>[] {
    const kinds = Object.entries(this.room.game.inputs ?? {});
    const hold: Record<string, Json> = { ...this.held };
    const press: Record<string, number> = {};
    for (const pending of this.pendingInputs) {
      if (pending.tick <= tick) Object.assign(hold, pending.hold);
      if (pending.tick === tick)
        for (const [name, times] of Object.entries(pending.press)) press[name] = (press[name] ?? 0) + times;
    }
    return this.room.info.seats.flatMap((taken, i) =>
      taken
        ? [
            Object.fromEntries(
              kinds.map(([name, kind]) => [
                name,
                i !== seat
                  ? kind.kind === 'held'
                    ? null
                    : 0
                  : kind.kind === 'held'
                    ? copy(hold[name] ?? null)
                    : (press[name] ?? 0),
              ]),
            ),
          ]
        : [],
    );
  }
}

/**
 * Predicts the player's own things in games with a tick: inputs move them in the next frame, not a round trip later. If
 * the server's result differs, for example by a collision, the difference is smoothed out.
 *
 * A tick that draws from `ctx.random`, or reads a timer not in `clocks`, is skipped as a whole. So pass rules that move
 * only the player's own things, rather than the game's own `tick`.
 *
 * @param by the game, or rules for the prediction: `{ tick(s, ctx) { … ctx.inputs[ctx.seat] … } }`
 * @throws TypeError if given the rules of a game with a `view`
 * @example
 * ```ts
 * const room = await client.quick(ships)
 * const motion = { tick: (s: Flight) => s.tick, things: (s: Flight) => s.ships, fastest: { x: 12, y: 12 } }
 * const own = predictOwn(room, { tick: (s, ctx) => { s.tick += 1; move(s.ships[ctx.seat], ctx.inputs[ctx.seat].steer) } }, motion)
 * const others = interpolate(room, motion)
 * own.input.steer({ x: 100, y: 0 })      // shown in the next frame
 * const frame = (now: number) => draw({ ...others.at(now)?.things, [room.seat!]: own.at(now)?.thing })
 * ```
 */
export const predictOwn = <D extends ContractDef, T extends Moving>(
  room: Room<D>,
  by: GuessedBy<D>,
  motion: Motion<ViewOf<D>, T>,
  options: OwnOptions = {},
): Own<D, T> => new Own(room, by, motion, options);
