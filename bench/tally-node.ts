import { demoGames } from '../server/cli/demo-games.ts';
import { runNode } from '../server/cli/run-node.ts';
import { tallyGame } from './tally.ts';

await runNode([...demoGames, tallyGame]);
