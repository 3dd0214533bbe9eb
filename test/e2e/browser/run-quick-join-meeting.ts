/**
 * `npm run meet`: two browsers, through nginx on different nodes, press the button of the quick join at the same
 * moment. They must meet in one room each time.
 *
 *   --times N   how often (100)
 *   --nodes N   nodes of the cluster (2)
 *
 * Exits with 1 if they did not meet once.
 */
import { parseCommandLine } from '../../../tools/command-line.ts';
import { startCluster } from '../../../tools/local-cluster/cluster.ts';
import { buildPage } from '../../../server/cli/build-page.ts';
import { launchBrowser } from './browser.ts';
import { quickJoinFromTwoBrowsers } from './quick-join-meeting.ts';
import { addressesOf } from './cluster-page.ts';

const { values } = parseCommandLine('test/e2e/browser/run-quick-join-meeting.ts', {
  options: { times: { type: 'string', default: '100' }, nodes: { type: 'string', default: '2' } },
});
await buildPage();
const cluster = await startCluster({ nodes: Number(values.nodes), quiet: true, env: { LOG_LEVEL: 'warn' } });
const browser = await launchBrowser();
let [met, apart, time] = [0, 0, 0];
try {
  const addresses = await addressesOf(cluster);
  for (; time < Number(values.times); time++) {
    const meeting = await quickJoinFromTwoBrowsers(browser, cluster, addresses);
    if (meeting.met) met += 1;
    else process.stdout.write(`${time + 1}: ${JSON.stringify(meeting)}\n`);
    if (new Set(meeting.nodes).size > 1) apart += 1;
    if ((time + 1) % 10 === 0 || time + 1 === Number(values.times))
      process.stdout.write(`met ${met} of ${time + 1}, on different nodes ${apart} times\n`);
  }
} finally {
  await browser.close();
  await cluster.stop();
}
process.exitCode = met === time ? 0 : 1;
