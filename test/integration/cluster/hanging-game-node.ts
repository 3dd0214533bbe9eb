import { tallyGame } from '../../../bench/tally.ts';
import { runNode } from '../../../server/cli/run-node.ts';
import { poisonGame } from './hanging-game.ts';

await runNode([tallyGame, poisonGame()]);
