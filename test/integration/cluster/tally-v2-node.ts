import { demoGames } from '../../../server/cli/demo-games.ts';
import { runNode } from '../../../server/cli/run-node.ts';
import { tallyV2Game } from './tally-v2.ts';

await runNode([...demoGames, tallyV2Game]);
