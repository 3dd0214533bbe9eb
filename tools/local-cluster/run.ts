/** `npm run cluster`: runs a cluster on one machine. Parses the command line and handles signals. */
import { once } from 'node:events';
import { startCluster, type Cluster } from './cluster.ts';
import { lanUrl } from '../../server/cli/lan-url.ts';
import { readOptions, USAGE, type RunOptions } from './run-options.ts';
import { requireSystem } from './system.ts';

const FIRST_NODE_PORT = 3001;
// One Ctrl-C may arrive twice: from the terminal, and forwarded by npm.
const SAME_KEY_PRESS_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function main(): Promise<void> {
  // A closed pipe (`npm run cluster | head`) must not end the cluster without a shutdown.
  process.stdout.on('error', () => {});
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const asked = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => asked.abort());
  await requireSystem(['redis-server', 'nginx'], print);
  if (options.build) {
    const { buildDevPage, buildPage } = await import('../../server/cli/build-page.ts');
    const { buildSdk } = await import('../../server/cli/build-sdk.ts');
    await Promise.all([buildPage(), buildSdk()]);
    if (process.env.DEV === '1') await buildDevPage(); // the nodes inherit DEV
  }
  print(
    `Starting Redis${options.replicas > 0 ? ` with ${options.replicas} replicas and three sentinels` : ''}, ${options.nodes} nodes and nginx …`,
  );
  const lan = lanUrl(options.port);
  const cluster = await startCluster({
    nodes: options.nodes,
    replicas: options.replicas,
    routing: options.routing,
    port: options.port,
    firstNodePort: FIRST_NODE_PORT,
    runDir: options.runDir,
    control: options.controlPort === 0 ? {} : { port: options.controlPort },
    restartCrashed: true,
    env: lan === null ? {} : { PUBLIC_URL: lan },
    script: options.script,
    signal: asked.signal,
  }).catch((error: unknown) => {
    if (asked.signal.aborted) return undefined; // everything that was started has been stopped
    throw error;
  });
  if (cluster === undefined) return print('Stopped.');
  printSummary(cluster, options, lan);
  if (!asked.signal.aborted) await once(asked.signal, 'abort');
  print('\nStopping (Ctrl-C again: at once) …');
  const stopping = performance.now();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (performance.now() - stopping > SAME_KEY_PRESS_MS) void cluster.stop({ force: true });
    });
  }
  await cluster.stop();
  print('Stopped.');
}

function printSummary(cluster: Cluster, options: RunOptions, lan: string | null): void {
  const page = options.routing === 'room' ? '/?by-room' : '';
  const nodes = cluster.nodes.map(({ name, port }) => `${name} on ${port}`).join(', ');
  const servers = cluster.redisServers
    .map(({ name, port, master }) => `${name} on ${port}${options.replicas > 0 && master ? ', the master' : ''}`)
    .join('; ');
  print(`
  Play:     http://localhost:${cluster.port}${page}
  Phone:    ${lan === null ? 'not reachable: this machine has no network' : lan.replace(/\/$/, '') + page}
  Nodes:    ${nodes}
  Routing:  by ${options.routing} (docs/routing.md)
  Redis:    ${servers} (data and users: ${options.runDir}/redis)
  Control:  ${cluster.control === undefined ? 'none' : controlUrl(`http://localhost:${cluster.port}${page}`, cluster.control.token)}
            (the page, with buttons that kill nodes: for you, on this machine)

  Ctrl-C stops everything.
`);
}

/** The page's URL with the token in the fragment, which is not sent to servers. */
const controlUrl = (page: string, token: string): string =>
  `${page.includes('?') ? page : `${page}/`}#/control/${token}`;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
