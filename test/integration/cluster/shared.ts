import { after, afterEach, before } from 'mocha';
import type { Client } from '../../../client/index.ts';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { clientFrom } from './clients.ts';

/**
 * Redis, nginx and three nodes with the games of the page, for all test files of one process. nginx routes by room;
 * clients that name none are routed by address.
 */
let cluster: Promise<Cluster> | undefined;
let networks = 0;

after(() =>
  cluster?.then(
    started => started.stop(),
    () => {},
  ),
);

/**
 * The shared cluster, for the tests of one describe; to be called inside of it. After each test its clients are closed,
 * and nodes that it killed are started again.
 */
export function onSharedCluster(): {
  readonly cluster: Cluster;
  readonly clients: Client[];
  client(...options: Parameters<typeof clientFrom> extends [string, number, ...infer R] ? R : never): Client;
} {
  let started: Cluster;
  const clients: Client[] = [];
  before(async () => {
    cluster ??= requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`)).then(() =>
      startCluster({ nodes: 3, quiet: true, routing: 'room', env: { LOG_LEVEL: 'warn' } }),
    );
    started = await cluster;
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all(started.nodes.filter(({ state }) => state === 'down').map(({ name }) => started.restart(name)));
  });
  return {
    get cluster() {
      return started;
    },
    clients,
    /** A client in a network of its own, which nginx routes by itself. */
    client(...options) {
      const made = clientFrom(started.url, ++networks, ...options);
      clients.push(made);
      return made;
    },
  };
}
