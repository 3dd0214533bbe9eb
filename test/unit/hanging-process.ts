/** A process that watches over its rules, and whose rule never ends. For watch.test.ts. */
import { startWatch } from '../../server/ops/watch.ts';

const log = { info: () => {}, warn: () => {}, debug: () => {}, error: (about: unknown, text: string) => process.stderr.write(`${text}: ${String((about as { error: Error }).error)}\n`) };
const watch = startWatch({ node: 'a-node', hangAfter: 300, redis: null, log: log as never });
watch.begin({ token: 'a-token', room: 'a-room', game: 'a-game', rule: 'actions.spin', input: 'act', player: 'ann', who: '', session: 's', n: 3, seq: 7 });
for (;;);
