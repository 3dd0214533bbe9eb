import type { AnyGame } from '../../shared/contract.ts';
import { arenaGame } from '../../shared/games/arena/rules.ts';
import { fourInARowGame } from '../../shared/games/four-in-a-row/rules.ts';
import { liarsDiceGame } from '../../shared/games/liars-dice/rules.ts';

/** The games of the demo server. */
export const demoGames: readonly AnyGame[] = [fourInARowGame, liarsDiceGame, arenaGame];
