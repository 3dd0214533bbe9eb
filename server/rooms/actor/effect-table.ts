import type { AnyGame, DefOf, EffectsOf, Out } from '../../../shared/contract.ts';
import type { EffectAbout } from './effect-runner.ts';

/**
 * The host's code for one effect of one game; its data have been through the contract's schema. Throwing, or taking
 * longer than 30 s, has it called again later, with the same key.
 * @example
 * ```ts
 * const report: EffectHandler<{ winner: string }> = async ({ winner }, { key }) => {
 *   await db.insert(key, winner) // the same key comes again where nobody could tell whether it was done
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-explicit-any -- what the data are is known where the game is; a table for any games cannot know
export type EffectHandler<T = any> = (data: T, about: EffectAbout) => Promise<void> | void;

/** The handlers for the effects of one game: `HandlersOf<typeof game>`. */
export type HandlersOf<G extends AnyGame> = {
  readonly [K in keyof EffectsOf<DefOf<G['contract']>>]: EffectHandler<Out<EffectsOf<DefOf<G['contract']>>[K]>>;
};

type GameName<G extends AnyGame> = G['contract']['name'];
/** The names of the games that declare effects. */
type GamesWithEffects<G extends AnyGame> = G extends AnyGame
  ? keyof EffectsOf<DefOf<G['contract']>> extends never
    ? never
    : GameName<G>
  : never;

/** Who does the effects, by game and name; typed by the contracts where the games are known one by one. */
export type EffectTable<G extends readonly AnyGame[]> =
  string extends GameName<G[number]>
    ? Readonly<Record<string, Readonly<Record<string, EffectHandler>>>>
    : { readonly [N in GamesWithEffects<G[number]>]: HandlersOf<Extract<G[number], { contract: { name: N } }>> };

/** Makes `effects` a must where games declare some. */
export type NeedsEffects<G extends readonly AnyGame[]> =
  string extends GameName<G[number]>
    ? unknown
    : [GamesWithEffects<G[number]>] extends [never]
      ? unknown
      : { effects: EffectTable<G> };
