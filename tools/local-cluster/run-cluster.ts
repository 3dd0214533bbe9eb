import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { lanUrl } from '../../server/cli/lan-url.ts';
import { RejoinError } from '../../shared/errors.ts';
import { startCluster, type Cluster } from './cluster.ts';
import type { ClusterOptions } from './cluster-options.ts';

const FIRST_NODE_PORT = 3001;
// One Ctrl-C may arrive twice: from the terminal, and forwarded by npm.
const SAME_KEY_PRESS_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A cluster for use at a terminal. */
export interface TerminalCluster {
  readonly options: ClusterOptions & { readonly port: number; readonly replicas: number; readonly runDir: string };
  /** Runs before anything is started. */
  readonly prepare?: () => Promise<void>;
  /** The lines that tell how to use the cluster. */
  readonly summary: (cluster: Cluster, lan: string | null) => readonly string[];
}

/** Starts a cluster, takes commands from stdin, and stops the cluster on a signal. */
export async function runCluster({ options, prepare, summary }: TerminalCluster): Promise<void> {
  // A closed pipe (`npm run cluster | head`) must not end the cluster without a shutdown.
  process.stdout.on('error', () => {});
  const asked = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => asked.abort());
  await prepare?.();
  print(
    `Starting Redis${options.replicas > 0 ? ` with ${options.replicas} replicas and three sentinels` : ''}, ${options.nodes} nodes and nginx …`,
  );
  const lan = lanUrl(options.port);
  const cluster = await startCluster({
    ...options,
    firstNodePort: FIRST_NODE_PORT,
    restartCrashed: true,
    env: { ...(lan === null ? {} : { PUBLIC_URL: lan }), ...options.env },
    signal: asked.signal,
  }).catch((error: unknown) => {
    if (asked.signal.aborted) return undefined; // everything that was started has been stopped
    throw error;
  });
  if (cluster === undefined) return print('Stopped.');
  print(['', ...summary(cluster, lan), '', 'Ctrl-C stops everything.', ''].map(line => line && `  ${line}`).join('\n'));
  const input = createInterface({ input: process.stdin });
  input.on('line', line => void obey(cluster, line));
  if (!asked.signal.aborted) await once(asked.signal, 'abort');
  input.close();
  print('\nStopping (Ctrl-C again: at once) …');
  const stopping = performance.now();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (performance.now() - stopping > SAME_KEY_PRESS_MS) void cluster.stop({ force: true });
    });
  }
  await cluster.stop();
  process.stdin.destroy(); // otherwise an open terminal or pipe keeps this process alive
  print('Stopped.');
}

/** The lines of a summary that every cluster has. */
export function commonSummary(
  cluster: Cluster,
  { routing = 'address', replicas, runDir }: TerminalCluster['options'],
): string[] {
  const servers = cluster.redisServers
    .map(({ name, port, master }) => `${name} on ${port}${replicas > 0 && master ? ', the master' : ''}`)
    .join('; ');
  return [
    `Nodes:    ${cluster.nodes.map(({ name, port }) => `${name} on ${port}`).join(', ')}`,
    `Routing:  by ${routing} (docs/routing.md)`,
    `Redis:    ${servers} (data and users: ${runDir}/redis)`,
    `Type:     ${Object.keys(commands).join(' 1, ')} 1, or add`,
  ];
}

/** What can be typed, each with the number of a node. */
const commands: Readonly<Record<string, (cluster: Cluster, node: string) => unknown>> = {
  kill: (cluster, node) => cluster.kill(node),
  freeze: (cluster, node) => cluster.freeze(node, 5_000),
  drain: (cluster, node) => cluster.drain(node),
  restart: (cluster, node) => cluster.restart(node),
};

async function obey(cluster: Cluster, line: string): Promise<void> {
  const [verb = '', number = ''] = line.trim().split(/\s+/);
  if (verb === '') return;
  try {
    const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
    if (verb === 'add') cluster.print(`${(await cluster.addNode()).name} added`);
    else if (command === undefined || !/^\d+$/.test(number))
      cluster.print(`type one of: ${Object.keys(commands).join(', ')}, with the number of a node; or add`);
    else {
      await command(cluster, `node-${number}`);
      cluster.print(`${verb} node-${number}: done`);
    }
  } catch (error) {
    cluster.print(error instanceof RejoinError ? error.message : String(error));
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
