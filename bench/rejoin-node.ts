import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runNode } from '../server/cli/run-node.ts';
import { benchGames } from './work/games.ts';

// Who measures memory wants what is held, not what the collector has not come to yet.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
process.on('SIGUSR2', () => collect());

/** A node of Rejoin that plays the bench's games. */
await runNode(benchGames);
