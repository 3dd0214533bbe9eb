import { io, type Socket } from 'socket.io-client';
import { startCluster, type Cluster, type ClusterOptions } from '../../../tools/local-cluster/cluster.ts';
import { readProcessArguments } from '../../../tools/local-cluster/leftovers.ts';
import { until } from '../../../tools/until.ts';

export const FAKE_NODE = 'test/tools/local-cluster/fake-node.ts';

/** Clusters of fake nodes, all of which `stopAll` ends, whatever became of the test. */
export class FakeClusters {
  readonly #started: Cluster[] = [];

  async start(options: Partial<ClusterOptions> = {}): Promise<Cluster> {
    const cluster = await startCluster({ nodes: 3, quiet: true, script: FAKE_NODE, ...options });
    this.#started.push(cluster);
    return cluster;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#started.splice(0).map(cluster => cluster.stop()));
  }
}

/** Whom a player meets who comes from `address` by the given route and transport. */
export async function countAnsweringNodes(
  cluster: Cluster,
  how: {
    readonly address?: string;
    readonly route?: string;
    readonly room?: string;
    readonly transport?: 'websocket' | 'polling';
  },
): Promise<string> {
  const socket = connectTo(cluster, how);
  try {
    return await nameFrom(socket);
  } finally {
    socket.disconnect();
  }
}

/** The node that greets this connection next. */
export function nameFrom(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no node has answered for 10 s')), 10_000);
    socket.once('name', (name: string) => {
      clearTimeout(late);
      resolve(name);
    });
  });
}

/** A player's connection, through nginx. */
export function connectTo(
  cluster: Cluster,
  how: {
    readonly address?: string;
    readonly route?: string;
    readonly room?: string;
    readonly transport?: 'websocket' | 'polling';
  },
): Socket {
  return io(cluster.url, {
    transports: [how.transport ?? 'websocket'],
    query: {
      ...(how.route === undefined ? {} : { route: how.route }),
      ...(how.room === undefined ? {} : { room: how.room }),
    },
    extraHeaders: how.address === undefined ? {} : { 'X-Forwarded-For': how.address },
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    forceNew: true,
  });
}

/** Waits until none of these processes runs. */
export async function waitUntilGone(folder: string, pids: readonly (number | undefined)[]): Promise<void> {
  for (const pid of pids) {
    if (pid === undefined) throw new Error('a process that never ran proves nothing');
    const gone = async () => ((await readProcessArguments(pid)).includes(folder) ? undefined : true);
    await until(`process ${pid} is gone`, gone, { timeoutMs: 20_000 });
  }
}

/** The pids of Redis, nginx and all nodes that run. */
export function pidsOf(cluster: Cluster): (number | undefined)[] {
  return [cluster.redisPid, cluster.nginxPid, ...cluster.nodes.map(node => node.pid)];
}
