import { games } from '../server/games.ts';
import { runNode } from '../server/run-node.ts';
import { tallyGame } from './tally.ts';

await runNode([...games, tallyGame]);
