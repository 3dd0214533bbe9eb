/**
 * `npm run fuzz`: hostile packets at a cluster on this machine, with people playing meanwhile. See campaign.ts.
 *
 *   --packets N   how many (1,000,000)
 *   --seed N      of which all follow
 *   --only N      one connection of that seed, again and again
 */
import { cpus } from 'node:os';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { campaign } from './campaign.ts';
import { parseCommandLine } from '../../../tools/command-line.ts';

const { values } = parseCommandLine(
  'test/integration/hostile/fuzz.ts',
  {
    options: {
      packets: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      'at-once': { type: 'string', default: '48' },
    },
  },
  ['only'],
);
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

await requireSystem(['redis-server', 'nginx'], say);
const report = await campaign({
  packets: Number(values.packets),
  seed: Number(values.seed),
  atOnce: Number(values['at-once']),
  only: values.only === undefined ? undefined : Number(values.only),
  say,
});
const { sent, samples } = report;
say('');
say(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Node ${process.version}, seed ${values.seed}`,
);
say(
  `${sent.payload + sent.socket + sent.engine + sent.polling + sent.http} packets over ${report.connections} connections (${sent.refused} refused) in ${report.seconds.toFixed(0)} s: ${sent.payload} payloads, ${sent.socket} of Socket.IO, ${sent.engine} of Engine.IO, ${sent.polling} by long-polling, ${sent.http} requests; and ${sent.frames} frames that are no packets`,
);
say(
  `answered: ${sent.answered}; counted as malformed: ${report.badPackets}; connections closed for too many packets: ${report.closedForFloods}`,
);
say(
  `honest players: ${report.accepted} actions accepted, none lost, doubled or refused; the longest wait ${Math.round(report.longest)} ms`,
);
say(
  `memory of the larger node: ${samples.map(s => s.rss).join(', ')} MiB; event loop p99 at most ${Math.max(...samples.map(s => s.delay))} ms`,
);
process.exit(0);
