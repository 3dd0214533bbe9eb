import type { AnyGame, DefOf, EffectsOf, Out } from '../../../shared/contract.ts';
import type { EffectAbout } from './effect-runner.ts';

/**
 * The host's code for an effect. `data` has been validated by the contract's schema. If it throws, or takes longer than
 * 30 s, it is called again later with the same key.
 * @example
 * ```ts
 * const report: EffectHandler<{ winner: string }> = async ({ winner }, { key }) => {
 *   await db.insert(key, winner) // the same key is delivered again if the outcome is unknown
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a table for any game cannot name the type
export type EffectHandler<T = any> = (data: T, about: EffectAbout) => Promise<void> | void;

/** Handlers for the effects of one game: `HandlersOf<typeof game>`. */
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

/** Effect handlers by game and effect name; typed by the contracts if the games are known statically. */
export type EffectTable<G extends readonly AnyGame[]> =
  string extends GameName<G[number]>
    ? Readonly<Record<string, Readonly<Record<string, EffectHandler>>>>
    : { readonly [N in GamesWithEffects<G[number]>]: HandlersOf<Extract<G[number], { contract: { name: N } }>> };

/** Requires `effects` if a game declares any. */
export type NeedsEffects<G extends readonly AnyGame[]> =
  string extends GameName<G[number]>
    ? unknown
    : [GamesWithEffects<G[number]>] extends [never]
      ? unknown
      : { effects: EffectTable<G> };
