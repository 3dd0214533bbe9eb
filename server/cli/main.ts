import { demoGames } from './demo-games.ts';
import { runNode } from './run-node.ts';

await runNode(demoGames);
