import type { ContractDef, ViewOf } from '../../shared/contract.ts';
import { parse } from '../../shared/parse.ts';
import { copy } from '../../shared/delta.ts';
import { Listeners } from '../listeners.ts';
import type { Act, Room, PendingAction } from '../room.ts';
import {
  createPredictionContext,
  predictionRulesOf,
  isExpectedFailure,
  type GuessedBy,
  type Guesses,
} from './prediction-rules.ts';
import { methodsByName } from '../methods-by-name.ts';

/**
 * A change and the verdict of what made it arrive one right behind the other. So long (ms) a change waits to be shown
 * while something of one's own has no verdict: or its effect, which is in the change, would be guessed on top of it for
 * a moment.
 */
const coalesceMs = 20;
/** Where change follows on change, they wait no longer than this altogether. */
const maxCoalesceMs = 100;

type Rule = (s: unknown, data: unknown, ctx: unknown) => unknown;

/**
 * A room's state with what this player does already done.
 *
 * Invariant: what is shown is the room's state, and on it, in their order, those actions of this client whose effect is
 * not in it yet. It is made again from both whenever one of them changes; nothing is ever undone. A new action is
 * applied on top of what is shown.
 */
export class Prediction<D extends ContractDef> {
  /**
   * As `room.act`: what it does is in `state` when it returns, where it can be guessed; the promise says what became of
   * it.
   * @example
   * ```ts
   * const mine = predict(room, raceGame)
   * const said = mine.act.step({ by: 2 })
   * draw(mine.state) // it is there already
   * if (!(await said).ok) draw(mine.state) // and gone again
   * ```
   */
  readonly act: Act<D>;
  /**
   * After each change of `state`.
   * @example
   * ```ts
   * const mine = predict(room, raceGame)
   * mine.onChange(() => draw(mine.state))
   * ```
   */
  readonly onChange: (fn: () => void) => () => void;
  private readonly changeListeners = new Listeners<[]>();
  private readonly rules: Guesses<D>;
  private readonly unsubscribe: () => void;
  private predicted: ViewOf<D> | null;
  private count = 0;
  /** A guessed action ends the match: later actions will be refused. */
  private endsMatch = false;
  /**
   * Actions that were applied since `shown` was last made from the room's state, also those that could not be guessed.
   */
  private applied = new WeakSet<PendingAction>();
  private isWaiting = false;
  private lastChangeAt = 0;
  private readonly failed = new WeakSet<PendingAction>();

  /** @internal */
  constructor(
    private readonly room: Room<D>,
    by: GuessedBy<D>,
  ) {
    this.rules = predictionRulesOf<D>(by);
    this.predicted = room.state;
    this.onChange = fn => this.changeListeners.add(fn);
    this.unsubscribe = room.onChange(() => this.handleRoomChange());
    const acts = room.act as unknown as Record<string, (data?: unknown) => Promise<unknown>>;
    this.act = methodsByName(name => (data?: unknown) => this.perform(acts[name]!(data))) as Act<D>;
    this.recompute();
  }

  /** The state as it will be if all goes well. Read it, do not change it. */
  get state(): ViewOf<D> | null {
    return this.predicted;
  }
  /** How many actions are shown that are not confirmed. */
  get guessed(): number {
    return this.count;
  }
  /**
   * Lets go of the room; `act` goes on to work.
   * @example
   * ```ts
   * const mine = predict(room, raceGame)
   * room.onEnd(() => mine.stop())
   * ```
   */
  stop(): void {
    this.unsubscribe();
  }

  private async perform<R>(promise: Promise<R>): Promise<R> {
    // Not made again: a change that is not shown yet is in `room.state` already, and may hold the effect of an action
    // without a verdict.
    this.applyNew();
    this.changeListeners.notify();
    const said = await promise;
    // Refused: what was shown of it is gone. Accepted: it is in the room's state.
    if (!this.isWaiting || !this.hasUndecided) this.show();
    return said;
  }

  /** Whether what has come in may hold the effect of something that has no verdict yet. */
  private get hasUndecided(): boolean {
    return this.room.pendingActions.some(one => one.position === null);
  }

  private handleRoomChange(): void {
    if (!this.hasUndecided) return this.show();
    const now = this.room.moment();
    this.lastChangeAt = now;
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.waitThenShow(coalesceMs, now + maxCoalesceMs);
  }

  private waitThenShow(ms: number, end: number): void {
    this.room.after(ms, () => {
      if (!this.isWaiting) return;
      const now = this.room.moment();
      const left = Math.min(this.lastChangeAt + coalesceMs, end) - now;
      if (left > 0.5 && this.hasUndecided) this.waitThenShow(left, end);
      else this.show();
    });
  }

  private show(): void {
    this.isWaiting = false;
    this.recompute();
    this.changeListeners.notify();
  }

  private recompute(): void {
    this.count = 0;
    this.endsMatch = false;
    this.applied = new WeakSet();
    this.predicted = this.room.state;
    this.applyNew();
  }

  /** Applies the actions that were given since the last time on top of what is shown. */
  private applyNew(): void {
    for (const one of this.room.pendingActions) {
      if (this.applied.has(one)) continue;
      this.applied.add(one);
      this.apply(one);
    }
  }

  /** Applies an action to a copy of what is shown, and shows that. Does nothing where the action cannot be guessed. */
  private apply(one: PendingAction): void {
    const { room, predicted } = this;
    const { seat } = room;
    if (
      this.endsMatch ||
      predicted === null ||
      seat === null ||
      room.ended ||
      room.info.phase !== 'playing' ||
      room.info.seats[seat]!.out
    )
      return;
    const guess = this.predictAction(predicted, one, seat);
    if (!guess) return;
    this.predicted = guess.state;
    this.count += 1;
    this.endsMatch = guess.over;
  }

  /** @returns null where it is refused, or cannot be guessed */
  private predictAction(from: ViewOf<D>, one: PendingAction, seat: number): { state: ViewOf<D>; over: boolean } | null {
    const { name, data } = one;
    const rule = this.rules.actions?.[name as never] as Rule | undefined;
    const schema = this.room.game.actions[name];
    if (!rule || !schema) return null;
    const read = parse(schema, data);
    if (!read.ok) return null;
    const state = copy(from);
    const { ctx, over } = createPredictionContext(this.room, seat, this.room.now());
    try {
      rule(state, read.value, ctx);
      return { state, over: over() };
    } catch (error) {
      // A rule that fails here for another reason fails there as well, or not: then that is what is shown.
      if (!isExpectedFailure(error) && !this.failed.has(one)) {
        this.failed.add(one);
        queueMicrotask(() => {
          throw error;
        }); // the author's console shall show it, once
      }
      return null;
    }
  }
}

/**
 * Shows what this player does at once, in games whose rules a client can run: an action is done on a copy of what is
 * known, and confirmed or taken back when the server has said what became of it. What is not confirmed is done again on
 * top of whatever comes in between. Rules that draw from `ctx.random`, or read timers that are not shown, are not
 * guessed: what they do is shown when it is confirmed.
 *
 * @param by the game; for one with a `view`, what may be guessed of the view
 * @throws TypeError when given the rules of a game with a `view`
 * @example
 * ```ts
 * const room = await connect(url).quick(race)
 * const mine = predict(room, raceGame)
 * mine.onChange(() => draw(mine.state))
 * mine.act.step({ by: 2 })           // drawn before this returns
 * ```
 * @example
 * ```ts
 * // a game that hides hands: what one plays leaves the own hand, more is not known
 * const room = await client.quick(cards)
 * const mine = predict(room, { actions: { play: (v, { card }) => { v.hand.splice(card, 1) } } })
 * ```
 */
export const predict = <D extends ContractDef>(room: Room<D>, by: GuessedBy<D>): Prediction<D> =>
  new Prediction(room, by);
