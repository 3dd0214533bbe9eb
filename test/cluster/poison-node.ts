import { tallyGame } from '../../bench/tally.ts';
import { runNode } from '../../server/run-node.ts';
import { poisonGame } from './poison.ts';

await runNode([tallyGame, poisonGame()]);
