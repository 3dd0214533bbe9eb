/** `npm run cluster`: runs a cluster of the demo server on one machine. */
import { commonSummary, runCluster } from './run-cluster.ts';
import { readOptions, USAGE } from './run-options.ts';
import { requireSystem } from './system.ts';

async function main(): Promise<void> {
  const read = readOptions(process.argv.slice(2));
  if (read === undefined) return void process.stdout.write(USAGE);
  const { controlPort, build, ...rest } = read;
  const options = { ...rest, control: controlPort === 0 ? {} : { port: controlPort } };
  const page = options.routing === 'room' ? '/?by-room' : '';
  await runCluster({
    options,
    async prepare() {
      await requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`));
      if (!build) return;
      const { buildDevPage, buildPage } = await import('../../server/cli/build-page.ts');
      const { buildSdk } = await import('../../server/cli/build-sdk.ts');
      await Promise.all([buildPage(), buildSdk()]);
      if (process.env.DEV === '1') await buildDevPage(); // the nodes inherit DEV
    },
    summary: (cluster, lan) => [
      `Play:     http://localhost:${cluster.port}${page}`,
      `Phone:    ${lan === null ? 'not reachable: this machine has no network' : lan.replace(/\/$/, '') + page}`,
      ...commonSummary(cluster, options),
      `Control:  ${cluster.control === undefined ? 'none' : controlUrl(`http://localhost:${cluster.port}${page}`, cluster.control.token)}`,
      '          (the page, with buttons that kill nodes: for you, on this machine)',
    ],
  });
}

/** The page's URL with the token in the fragment, which is not sent to servers. */
const controlUrl = (page: string, token: string): string =>
  `${page.includes('?') ? page : `${page}/`}#/control/${token}`;

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
