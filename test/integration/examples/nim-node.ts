import { appendFileSync } from 'node:fs';
import { Results } from '../../../examples/results/results.ts';
import { nimGame } from '../../../examples/results/rules.ts';
import { createServer } from '../../../server/index.ts';
import { noLog } from '../../../server/ops/log.ts';

/**
 * The example's node, with a list of the calls it gets; told to, it dies when the row is written and nothing else is
 * done yet.
 */
const { REDIS_URL, RESULTS, CALLS, DIES } = process.env as Record<'REDIS_URL' | 'RESULTS' | 'CALLS', string> & {
  DIES?: string;
};
const { report } = new Results(RESULTS).handlers;
const server = await createServer({
  games: [nimGame],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  redisUrl: REDIS_URL,
  log: noLog,
  effects: {
    nim: {
      report: async (data, about) => {
        await report(data, about);
        appendFileSync(CALLS, `${about.key}\n`);
        if (DIES !== undefined) process.kill(process.pid, 'SIGKILL');
      },
    },
  },
});
process.send?.(await server.listen(0, '127.0.0.1'));
process.once('SIGTERM', () => void server.drain().then(() => process.exit(0)));
