import type {
  ActionCtx,
  ActionsOf,
  ContractDef,
  Game,
  NoPromise,
  Out,
  Rules,
  TickCtx,
  TypeOf,
  ViewOf,
} from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import { RefusalError, RejoinError } from '../../shared/errors.ts';
import type { Json } from '../../shared/json.ts';
import type { Room } from '../room.ts';

/**
 * Rules that a client runs on its own view to predict. The game's own rules fit if the game has no `view`; otherwise
 * the author writes rules for the view.
 * @example
 * ```ts
 * // a played card leaves the hand at once; drawn cards appear when confirmed
 * const guesses: Guesses<typeof cards.def> = { actions: { play: (v, { card }) => { v.hand.splice(card, 1) } } }
 * const mine = predict(await client.quick(cards), guesses)
 * ```
 */
export interface Guesses<D extends ContractDef> {
  /**
   * Distinguishes this type from a game and its rules, so that parameters of arrow functions are typed.
   * @internal
   */
  readonly setup?: undefined;
  /** @internal */
  readonly rules?: undefined;
  /** Any of the game's actions. The others are shown when confirmed. */
  readonly actions?: {
    readonly [K in keyof ActionsOf<D>]?: (s: ViewOf<D>, data: Out<ActionsOf<D>[K]>, ctx: ActionCtx<D>) => NoPromise;
  };
  /** One tick for `ctx.seat`. Inputs of other seats are unknown: null and 0. */
  tick?(s: ViewOf<D>, ctx: GuessedTick<D>): void;
}
/** Context of a predicted tick; `seat` is this client's. */
export interface GuessedTick<D extends ContractDef> extends TickCtx<D> {
  readonly seat: number;
}
/** Source of predictions: a game without a `view`, its rules, or rules written for prediction. */
export type GuessedBy<D extends ContractDef> = D extends { view: TypeOf<unknown> }
  ? Guesses<D>
  : (Game<D> & { readonly setup?: undefined }) | (Rules<D> & { readonly rules?: undefined }) | Guesses<D>;

/** A rule needed information that only the server has, so its effect is not predicted. */
export class NotPredictableError extends RejoinError {
  override readonly name = 'NotPredictableError';
  override readonly code = 'not-predictable';

  constructor(what: string) {
    super(`${what} is known to the server alone`);
  }
}

/** A rule refused. */
class RefusedPredictionError extends RefusalError {
  override readonly name = 'RefusedPredictionError';
}
/** Whether a rule ended because it refused, or because its effect cannot be predicted. */
export const isExpectedFailure = (error: unknown): boolean =>
  error instanceof RefusedPredictionError || error instanceof NotPredictableError;

/** @throws TypeError for the rules of a game with a `view`: the client does not have the state they run on */
export function predictionRulesOf<D extends ContractDef>(by: GuessedBy<D>): Guesses<D> {
  const rules = ('rules' in by ? by.rules : by) as unknown as Guesses<D> & { view?: unknown };
  if (typeof rules.view === 'function')
    throw new TypeError(
      'these rules have a view: a client does not know the state they run on. Write what may be guessed of the view: { actions: { … } }',
    );
  return rules;
}

/**
 * The context of a rule during prediction. It reads what members know. Drawing random numbers, or reading a timer not
 * in `clocks`, ends the prediction. Events, timers and effects are ignored; the server performs them.
 */
export function createPredictionContext<D extends ContractDef>(
  room: Room<D>,
  seat: number,
  now: number,
): { ctx: ActionCtx<D>; over: () => boolean } {
  let over = false;
  const { info } = room;
  const unknown = (what: string) => (): never => {
    throw new NotPredictableError(what);
  };
  const nothing = (): void => {};
  const ctx = {
    now,
    seat,
    match: info.match,
    get options() {
      return copy(info.options as Json);
    },
    get players() {
      return info.seats.flatMap(s =>
        s
          ? [
              {
                // of a player who has left, only the room knows it
                get id(): string {
                  return s.player ?? unknown('the id of a player who left')();
                },
                name: s.name,
                profile: copy(s.profile ?? null),
                here: s.here,
                out: s.out,
                bot: s.bot,
                team: s.team,
              },
            ]
          : [],
      );
    },
    get random(): never {
      return unknown('ctx.random')();
    },
    get previous(): never {
      return unknown('ctx.previous')();
    },
    timers: new Proxy(
      {},
      {
        get: (_t, name) => ({
          set: nothing,
          clear: nothing,
          get at(): number {
            return Object.hasOwn(info.clocks, name)
              ? info.clocks[name as string]!
              : unknown(`ctx.timers.${String(name)}.at`)();
          },
        }),
      },
    ),
    effects: new Proxy({}, { get: () => nothing }),
    emit: nothing,
    end: () => {
      over = true;
    },
    refuse: (code: string): never => {
      throw new RefusedPredictionError(code);
    },
  };
  return { ctx: ctx as unknown as ActionCtx<D>, over: () => over };
}
