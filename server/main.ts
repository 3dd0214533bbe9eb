import { games } from './games.ts';
import { runNode } from './run-node.ts';

await runNode(games);
