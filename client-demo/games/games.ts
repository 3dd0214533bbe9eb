import type { RoomLike } from '../../client/index.ts';
import { arenaTable } from './arena/game.ts';
import { fourInARowTable } from './four-in-a-row/game.ts';
import { liarsDiceTable } from './liars-dice/game.ts';
import type { TableGame } from './common/table-game.ts';

/** The games of this page, in the order in which it offers them. */
export const games: readonly TableGame[] = [fourInARowTable, liarsDiceTable, arenaTable];

export const gameNamed = (name: string): TableGame | undefined => games.find(game => game.contract.name === name);
export const gameOf = (room: RoomLike): TableGame => gameNamed(room.info.game) ?? games[0]!;
