import type { AnyGame } from '../../shared/contract.ts';
import type { EffectHandler } from '../rooms/actor/effect-table.ts';
import type { Log } from '../runtime/ports.ts';

/** Effect handlers for all effects of the games that only log their requests. */
export function loggingEffects(games: readonly AnyGame[], log: Log): Record<string, Record<string, EffectHandler>> {
  const logEffect =
    (effect: string): EffectHandler =>
    (data: unknown, about) =>
      log.info({ effect, ...about, data }, 'effect requested');
  const names = (game: AnyGame) => Object.keys(game.contract.def.effects ?? {});
  return Object.fromEntries(
    games.map(game => [game.contract.name, Object.fromEntries(names(game).map(name => [name, logEffect(name)]))]),
  );
}
