import type { Room } from '../../client/index.ts';
import { fourInARowTable } from './four-in-a-row/game.ts';
import type { TableGame } from './table-game.ts';

/** The games of this page; the first is the one that "Play" plays. */
export const games: readonly TableGame[] = [fourInARowTable];

export const gameOf = (room: Room): TableGame => games.find(game => game.contract.name === room.info.game) ?? games[0]!;
