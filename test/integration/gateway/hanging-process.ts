import { startHangDetector } from '../../../server/ops/hang-detector.ts';
import { noLog } from '../../../server/ops/log.ts';

/** Hangs in a rule, as soon as it is watched. */
const watch = startHangDetector({
  node: 'n',
  hangAfter: 300,
  reports: null,
  log: {
    ...noLog,
    error: (fields, text) => process.stderr.write(`${text}: ${String((fields as { error?: unknown }).error)}\n`),
  },
});
watch.begin({
  room: 'room',
  token: 't',
  game: 'chess',
  seq: 3,
  input: 'act',
  rule: 'actions.think',
  player: 'ada',
  session: 's',
  n: 7,
  who: '',
});
for (;;);
