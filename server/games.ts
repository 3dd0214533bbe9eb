import type { AnyGame } from '../shared/contract.ts';
import { fourInARowGame } from '../shared/games/four-in-a-row/rules.ts';

/** The games that the demo server plays. */
export const games: readonly AnyGame[] = [fourInARowGame];
