/** A node without Redis, which is killed and started again. Arguments: the data folder and the port. */
import { createLog } from '../../../server/ops/log.ts';
import { createServer } from '../../../server/server.ts';
import { countGame } from './count.ts';
import { hangingGame } from './hanging.ts';

const [folder, port] = process.argv.slice(2) as [string, string];
const server = await createServer({
  games: [countGame, hangingGame],
  store: { folder },
  log: createLog('node', 'error'),
});
await server.listen(Number(port), '127.0.0.1');
process.send?.('listening');
process.on('disconnect', () => process.exit(0));
