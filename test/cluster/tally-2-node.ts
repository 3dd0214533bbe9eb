import { games } from '../../server/games.ts';
import { runNode } from '../../server/run-node.ts';
import { tally2Game } from './tally-2.ts';

await runNode([...games, tally2Game]);
