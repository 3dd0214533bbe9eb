import { connect } from 'node:net';
import { join } from 'node:path';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { ManagedProcess } from '../../tools/local-cluster/managed-process.ts';
import { argumentsForNode, compileSources } from '../../tools/compile.ts';
import { startCluster } from '../../tools/local-cluster/cluster.ts';
import { RedisProcess } from '../../tools/local-cluster/redis-process.ts';
import { requireSystem } from '../../tools/local-cluster/system.ts';
import type { CrowdOptions } from '../load/crowd.ts';
import type { Game } from '../load/player.ts';
import type { BenchEnvironment } from './environment.ts';

export interface Running {
  urls: string[];
  processes: { role: 'server' | 'redis'; name: string; pid: number }[];
  /** Address of its Redis, for whoever counts commands there. */
  redisUrl: string | null;
  stop(): Promise<void>;
}

/** Somebody who takes part: what it is, what its players speak, and how its servers are started. */
export interface Contestant {
  name: string;
  what: string;
  games: readonly Game[];
  dialect: CrowdOptions['dialect'];
  variant: string | null;
  placement: CrowdOptions['placement'];
  /** Needs the packages of bench/peers. */
  isPeer: boolean;
  start(place: BenchEnvironment): Promise<Running>;
}

/** Of all servers alike. */
const production = { NODE_ENV: 'production' };

/**
 * A server of bench/peers: a process for each port. With `redis`, a Redis that keeps nothing on its disk, which is the
 * least it can cost.
 */
export async function startPeer(
  place: BenchEnvironment,
  script: string,
  { nodes = 1, redis = false } = {},
): Promise<Running> {
  const store = redis ? await startRedis(place) : null;
  const redisUrl = store === null ? null : `redis://127.0.0.1:${store.port}`;
  const children: { child: ManagedProcess; port: number }[] = [];
  const stop = async () => {
    await Promise.all(children.map(({ child }) => (place.stopsGracefully ? child.stop(3_000) : child.kill())));
    await store?.kill();
    for (const { port } of children) place.ports.giveBack(port);
    if (store !== null) place.ports.giveBack(store.port);
  };
  try {
    for (let i = 1; i <= nodes; i++) {
      const port = await place.ports.take();
      const env = {
        ...process.env,
        ...production,
        ...place.env,
        PORT: String(port),
        ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
      };
      const child = new ManagedProcess(
        {
          name: `${script} ${i}`,
          command: process.execPath,
          args: [join(packageRoot, 'bench/peers', script)],
          cwd: packageRoot,
          env,
        },
        place.events,
      );
      children.push({ child, port });
      await child.waitUntilReady(() => acceptsConnections(port), 20_000);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: children.map(({ port }) => `http://127.0.0.1:${port}`),
    redisUrl,
    stop,
    processes: [
      ...children.map(({ child }) => ({ role: 'server' as const, name: child.name, pid: child.pid })),
      ...(store === null ? [] : [{ role: 'redis' as const, name: 'redis', pid: store.pid! }]),
    ],
  };
}

/** Whether somebody listens there. */
const acceptsConnections = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

async function startRedis({ ports, folder, events }: BenchEnvironment): Promise<RedisProcess> {
  const { 'redis-server': command } = await requireSystem(['redis-server'], text => process.stderr.write(`${text}\n`));
  const port = await ports.take();
  const home = join(folder, `redis-${port}`);
  const settings = [
    ['bind', '127.0.0.1'],
    ['port', String(port)],
    ['dir', home],
    ['daemonize', 'no'],
    ['appendonly', 'no'],
    ['save', ''],
  ] as const;
  const redis = new RedisProcess(
    { name: 'redis', command, home, port, login: 'default none', settings: () => settings },
    events,
  );
  await redis.start();
  return redis;
}

/** Nodes of Rejoin on a Redis with an append-only file, as `npm run cluster` starts them. */
export async function startRejoin(place: BenchEnvironment, nodes: number): Promise<Running> {
  const cluster = await startCluster({
    nodes,
    quiet: true,
    script: 'bench/rejoin-node.ts',
    env: { ...production, ...place.env, LOG_LEVEL: 'warn' },
  });
  cluster.on('line', (name, line) => {
    if (name.startsWith('node')) process.stderr.write(`${name}: ${line}\n`);
  });
  return {
    urls: cluster.nodes.map(node => node.url),
    redisUrl: cluster.redisUrl,
    stop: () => cluster.stop({ force: !place.stopsGracefully }),
    processes: [
      ...cluster.nodes.map(({ name, pid }) => ({ role: 'server' as const, name, pid: pid! })),
      { role: 'redis' as const, name: 'redis', pid: cluster.redisPid! },
    ],
  };
}

/** One node of Rejoin without Redis, with its rooms in its memory or in a file. */
export async function startRejoinAlone(place: BenchEnvironment, store: 'memory' | 'file'): Promise<Running> {
  await compileSources();
  const port = await place.ports.take();
  const { REDIS_URL: _none, ...others } = process.env;
  const env = {
    ...others,
    ...production,
    ...place.env,
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    TRUST_PROXY: 'loopback',
    STORE: store,
    ...(store === 'file' ? { DATA_DIR: join(place.folder, `data-${port}`) } : {}),
  };
  const child = new ManagedProcess(
    {
      name: 'node',
      command: process.execPath,
      args: argumentsForNode('bench/rejoin-node.ts'),
      cwd: packageRoot,
      env,
      ipc: true,
    },
    place.events,
  );
  const stop = async () => {
    await (place.stopsGracefully ? child.stop(5_000) : child.kill());
    place.ports.giveBack(port);
  };
  await child.waitUntilReady(
    async () =>
      await fetch(`http://127.0.0.1:${port}/readyz`).then(
        answer => answer.ok,
        () => false,
      ),
    60_000,
  );
  return {
    urls: [`http://127.0.0.1:${port}`],
    redisUrl: null,
    stop,
    processes: [{ role: 'server', name: 'node', pid: child.pid }],
  };
}
