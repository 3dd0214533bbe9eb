import { runNode } from '../server/run-node.ts';
import { benchGames } from './work/games.ts';

/** A node of Rejoin that plays the bench's games. */
await runNode(benchGames);
