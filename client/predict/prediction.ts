import type { ContractDef, ViewOf } from '../../shared/contract.ts';
import { parse } from '../../shared/parse.ts';
import { copy } from '../../shared/delta.ts';
import { Listeners } from '../listeners.ts';
import type { PendingAction } from '../room-actions.ts';
import type { Act, Room } from '../room.ts';
import {
  createPredictionContext,
  predictionRulesOf,
  isExpectedFailure,
  type GuessedBy,
  type Guesses,
} from './prediction-rules.ts';
import { methodsByName } from '../methods-by-name.ts';

/**
 * A change and its verdict arrive one after the other. While an action has no verdict, a change waits this long (ms) to
 * be shown: otherwise its effect could be applied twice for a moment.
 */
const coalesceMs = 20;
/** Longest wait (ms) if further changes arrive meanwhile. */
const maxCoalesceMs = 100;

type Rule = (s: unknown, data: unknown, ctx: unknown) => unknown;

/**
 * A room's state with this player's pending actions applied.
 * | Invariant: the predicted state is the room's state plus, in order, those actions of this client whose effect is not
 * in it yet. It is recomputed whenever one of them changes, never undone. A new action is applied on top of what is
 * shown.
 */
export class Prediction<D extends ContractDef> {
  /**
   * As `room.act`. If the effect can be predicted, `state` contains it when the call returns. The promise resolves with
   * the result.
   * @example
   * ```ts
   * const mine = predict(room, raceGame)
   * const result = mine.act.step({ by: 2 })
   * draw(mine.state) // contains the effect
   * if (!(await result).ok) draw(mine.state) // the effect is gone again
   * ```
   */
  readonly act: Act<D>;
  /**
   * Calls `fn` after each change of `state`.
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
  /** A predicted action ends the match: later actions will be refused. */
  private endsMatch = false;
  /**
   * Actions tried since `predicted` was last reset to the room's state, including those that could not be predicted.
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

  /** The predicted state. Read only. */
  get state(): ViewOf<D> | null {
    return this.predicted;
  }
  /** Number of unconfirmed actions in `state`. */
  get guessed(): number {
    return this.count;
  }
  /**
   * Ends the subscription to the room. `act` keeps working.
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
    // Not recomputed: `room.state` may contain a change that is not shown yet, with the effect of an action without a
    // verdict.
    this.applyNew();
    this.changeListeners.notify();
    const result = await promise;
    // If refused, the effect disappears. If accepted, it is in the room's state.
    if (!this.isWaiting || !this.hasUndecided) this.show();
    return result;
  }

  /** Whether a received change may contain the effect of an action without a verdict. */
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

  /** Applies the actions given since the last call on top of what is shown. */
  private applyNew(): void {
    for (const one of this.room.pendingActions) {
      if (this.applied.has(one)) continue;
      this.applied.add(one);
      this.apply(one);
    }
  }

  /** Applies an action to a copy of the shown state. Does nothing if it cannot be predicted. */
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

  /** @returns null if the action is refused or cannot be predicted */
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
      // Another failure of the rule may not happen on the server: nothing is predicted, and the server's result is
      // shown.
      if (!isExpectedFailure(error) && !this.failed.has(one)) {
        this.failed.add(one);
        queueMicrotask(() => {
          throw error;
        }); // for the author's console, once
      }
      return null;
    }
  }
}

/**
 * Shows this player's actions at once, in games whose rules a client can run. An action is applied to a copy of the
 * state, and confirmed or reverted when its verdict arrives. Unconfirmed actions are applied again on top of each
 * change. Rules that draw from `ctx.random`, or read timers not in `clocks`, are not predicted: their effect is shown
 * when confirmed.
 *
 * @param by the game; for one with a `view`, rules for the view
 * @throws TypeError if given the rules of a game with a `view`
 * @example
 * ```ts
 * const room = await connect(url).quick(race)
 * const mine = predict(room, raceGame)
 * mine.onChange(() => draw(mine.state))
 * mine.act.step({ by: 2 })           // drawn before this returns
 * ```
 * @example
 * ```ts
 * // a game with hidden hands: a played card leaves the player's hand, the rest is not known
 * const room = await client.quick(cards)
 * const mine = predict(room, { actions: { play: (v, { card }) => { v.hand.splice(card, 1) } } })
 * ```
 */
export const predict = <D extends ContractDef>(room: Room<D>, by: GuessedBy<D>): Prediction<D> =>
  new Prediction(room, by);
