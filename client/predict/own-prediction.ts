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

/** Where one's own things are now, as far as can be known. */
export interface OwnSeen<S, T extends Moving = Moving> {
  /** With a fraction. Ahead of the room's by the way that inputs take. */
  tick: number;
  /** The guessed state of that tick. Read what is one's own: of others it knows what they did a while ago. */
  state: S;
  /** One's own thing, null where there is none. */
  thing: T | null;
}

/** Which thing is one's own. */
export interface OwnOptions {
  /** The key of it among `things`, by seat. Default: the seat itself. */
  key?: (seat: number) => string | number;
}

/**
 * In silence, one's own things go on for so long (ms) beyond the way that inputs take; then they stand still as the
 * room does.
 */
const maxExtrapolationMs = 400;
/** Presses that the room does not count are forgotten after so long (ms). */
const pressTimeoutMs = 2_000;
/**
 * Runs so much faster or slower than the room, at most, to get where it shall be; farther off than so many ticks it is
 * there at once.
 */
const maxRateChange = 0.15;
const snapBeyondTicks = 3;

/** What was said, to count at a tick. `n`: null until it is sent. */
interface PendingInput {
  tick: number;
  since: number;
  n: number | null;
  hold: Record<string, Json>;
  press: Record<string, number>;
}

/**
 * One's own things where the inputs of now have already counted: the last state of the room, run on by the game's
 * `tick` to the tick that what is said now will count at. Each state that comes is run on anew with what it does not
 * know yet.
 */
export class Own<D extends ContractDef, T extends Moving> {
  /**
   * As `room.input`, shown in the next frame.
   * @example
   * ```ts
   * const room = await client.quick(ships)
   * const own = predictOwn(room, { tick: fly }, motion)
   * own.input.steer({ x: 100, y: 0 }) // seen in the next frame, and said to the server
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
  /** What is held by all that is not among `deeds` any more. */
  private held: Record<string, Json> = {};
  private lastSent = 0;
  private pendingInputs: PendingInput[] = [];
  private base: { tick: number; state: ViewOf<D> } | null = null;
  /** The states of two ticks, between which it is now. */
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

  /** How far ahead of what was heard last one's own things are shown, in ms. */
  get ahead(): number {
    return this.inputDelay.ticks * this.period;
  }

  /**
   * Where one's own things are at a moment of this page's `performance.now()`; to be asked once a frame. Null where
   * this client has no seat, or nothing moves.
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
   * Lets go of the room; `input` goes on to work.
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

  private setInput(name: string, value: Json | undefined, say: (value?: Json) => void): void {
    say(value); // it throws where the contract has no such input
    const kind = this.room.game.inputs![name]!.kind;
    const tick = this.nextTick();
    let deed = this.pendingInputs.find(one => one.n === null && one.tick === tick);
    // What goes out at once was numbered while it was said; what waits for the next message is numbered then.
    if (!deed)
      this.pendingInputs.push(
        (deed = { tick, since: tick, n: this.room.hasUnsentInputs ? null : this.lastSent, hold: {}, press: {} }),
      );
    if (kind === 'held') deed.hold[name] = copy(value ?? null);
    else deed.press[name] = (deed.press[name] ?? 0) + 1;
    this.recompute(true);
  }

  private handleInputSent(n: number, press: boolean): void {
    // Numbers count from 1 again under another session: what the last one sent will not be reported any more.
    if (n <= this.lastSent) this.pendingInputs = this.pendingInputs.filter(deed => deed.n === null);
    this.lastSent = n;
    const tick = this.clock.at(this.room.moment());
    if (tick !== null) this.inputDelay.recordSent(n, tick, press);
    const next = this.nextTick();
    const waited = this.pendingInputs.filter(deed => deed.n === null);
    for (const deed of waited) {
      deed.n = n;
      deed.tick = Math.max(deed.tick, next);
    }
    if (waited.length > 0) this.recompute(true);
  }

  /** The tick that something said now will count at. */
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

  /**
   * What the state of a tick knows is not done again; a press that it does not know counts at the next one, as far as
   * can be told.
   */
  private dropApplied(tick: number, counted: number): void {
    this.pendingInputs = this.pendingInputs.filter(deed => {
      const known = deed.n !== null && deed.n <= counted;
      const presses = Object.keys(deed.press).length > 0 && !known && tick - deed.since < pressTimeoutMs / this.period;
      if (deed.tick > tick && !known) return true;
      if (deed.tick <= tick || known) Object.assign(this.held, deed.hold);
      deed.hold = {};
      deed.tick = Math.max(deed.tick, tick + 1);
      return presses;
    });
  }

  /** Where it is, in ticks: evenly on, towards where an input of now will count. */
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
        for (const deed of this.pendingInputs) deed.tick = Math.min(deed.tick, last);
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

  /** Runs the last state on anew. @param keep what was shown goes over into what is shown now */
  private recompute(keep: boolean): void {
    this.span = null;
    if (this.base === null || this.present === null) return;
    this.present = Math.max(this.base.tick, this.present);
    this.computeSpan(Math.floor(this.present));
    if (keep) this.glide.startCorrection(this.between(this.present));
  }

  /** Has the states of a tick and of the next one at hand. */
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

  /** Runs a state on, in place. A tick that needs what the server alone knows is left out. */
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
        this.hasFailed = true; // from now on the state before each tick is kept
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

  /** What the rule is told of each seat: of others, that nobody touches anything. */
  private inputs(seat: number, tick: number): Record<string, Json>[] {
    const kinds = Object.entries(this.room.game.inputs ?? {});
    const hold: Record<string, Json> = { ...this.held };
    const press: Record<string, number> = {};
    for (const deed of this.pendingInputs) {
      if (deed.tick <= tick) Object.assign(hold, deed.hold);
      if (deed.tick === tick)
        for (const [name, times] of Object.entries(deed.press)) press[name] = (press[name] ?? 0) + times;
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
 * Shows one's own things where they are, not where they were a round trip ago: in games with a tick, what is held and
 * pressed moves them in the next frame. What the server then says otherwise, a collision for example, they drift into.
 *
 * A tick that draws from `ctx.random`, or reads timers that are not shown, is left out whole: give guesses that move
 * one's own things and nothing else, rather than the game's own `tick`.
 *
 * @param by the game, or what may be guessed: `{ tick(s, ctx) { … ctx.inputs[ctx.seat] … } }`
 * @throws TypeError when given the rules of a game with a `view`
 * @example
 * ```ts
 * const room = await client.quick(ships)
 * const motion = { tick: (s: Flight) => s.tick, things: (s: Flight) => s.ships, fastest: { x: 12, y: 12 } }
 * const own = predictOwn(room, { tick: (s, ctx) => { s.tick += 1; move(s.ships[ctx.seat], ctx.inputs[ctx.seat].steer) } }, motion)
 * const others = interpolate(room, motion)
 * own.input.steer({ x: 100, y: 0 })      // seen in the next frame
 * const frame = (now: number) => draw({ ...others.at(now)?.things, [room.seat!]: own.at(now)?.thing })
 * ```
 */
export const predictOwn = <D extends ContractDef, T extends Moving>(
  room: Room<D>,
  by: GuessedBy<D>,
  motion: Motion<ViewOf<D>, T>,
  options: OwnOptions = {},
): Own<D, T> => new Own(room, by, motion, options);
