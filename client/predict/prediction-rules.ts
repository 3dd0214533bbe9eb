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
 * What a client may guess: rules that run on what this client sees. The game's own rules fit where the game hides
 * nothing; for one with a `view` the author writes what may be guessed of the view.
 * @example
 * ```ts
 * // cards that one plays leave the own hand at once; what is drawn is known when it comes
 * const guesses: Guesses<typeof cards.def> = { actions: { play: (v, { card }) => { v.hand.splice(card, 1) } } }
 * const mine = predict(await client.quick(cards), guesses)
 * ```
 */
export interface Guesses<D extends ContractDef> {
  /**
   * Only what tells guesses from a game and its rules, so that parameters of arrow functions have their types.
   * @internal
   */
  readonly setup?: undefined;
  /** @internal */
  readonly rules?: undefined;
  /** Some of the game's actions; the others are shown when they are confirmed. */
  readonly actions?: {
    readonly [K in keyof ActionsOf<D>]?: (s: ViewOf<D>, data: Out<ActionsOf<D>[K]>, ctx: ActionCtx<D>) => NoPromise;
  };
  /** One tick, as `ctx.seat` sees it. Of the inputs it knows those of that seat; those of others are null and 0. */
  tick?(s: ViewOf<D>, ctx: GuessedTick<D>): void;
}
/** What a guessed tick is given: what any tick is, and whose client guesses. */
export interface GuessedTick<D extends ContractDef> extends TickCtx<D> {
  readonly seat: number;
}
/** Where guesses come from: a game that hides nothing, or guesses that were written for the purpose. */
export type GuessedBy<D extends ContractDef> = D extends { view: TypeOf<unknown> }
  ? Guesses<D>
  : (Game<D> & { readonly setup?: undefined }) | (Rules<D> & { readonly rules?: undefined }) | Guesses<D>;

/** A rule wanted what only the server has: what it did is not guessed. */
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
/** The match is over, as far as a guess goes. */
export const isExpectedFailure = (error: unknown): boolean =>
  error instanceof RefusedPredictionError || error instanceof NotPredictableError;

/**
 * @throws TypeError for the rules of a game that hides something: they would be run on what they were not written for
 */
export function predictionRulesOf<D extends ContractDef>(by: GuessedBy<D>): Guesses<D> {
  const rules = ('rules' in by ? by.rules : by) as unknown as Guesses<D> & { view?: unknown };
  if (typeof rules.view === 'function')
    throw new TypeError(
      'these rules have a view: a client does not know the state they run on. Write what may be guessed of the view: { actions: { … } }',
    );
  return rules;
}

/**
 * What a rule is given while it is guessed with. It can read what members know; what it draws, or reads of timers that
 * are not shown, ends the guess. What it tells, sets or asks for is done by the server, when it is confirmed.
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
          ? [{ name: s.name, profile: copy(s.profile ?? null), here: s.here, out: s.out, bot: s.bot, team: s.team }]
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
