import type { AnyGame } from '../../../shared/contract.ts';

/** `name@version` of a game, as the store compares it. */
export const gameKey = (game: AnyGame): string => `${game.contract.name}@${game.contract.def.version}`;
