/** The games of the demo as a file for `rejoin start`: `npm run build -- --demo` bundles it. */
import { demoGames } from '../server/cli/demo-games.ts';
import { loggingEffects } from '../server/cli/logging-effects.ts';
import { createLog } from '../server/ops/log.ts';

export const games = demoGames;
export const effects = loggingEffects(demoGames, createLog('demo', 'info'));
