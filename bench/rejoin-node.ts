import { runNode } from '../server/run-node.ts';
import { arenaGame, arenaPlainGame, movesGame } from './work/games.ts';

/** A node of Rejoin that plays the bench's games. */
await runNode([arenaGame, arenaPlainGame, movesGame]);
