import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createClient } from 'redis';
import type { Cluster } from '../../../tools/local-cluster/cluster.ts';
import { until } from '../../../tools/until.ts';
import { waitUntilGone, connectTo, FakeClusters, nameFrom, pidsOf, countAnsweringNodes } from './helpers.ts';

const TRANSPORTS = ['websocket', 'polling'] as const;
const addresses = Array.from({ length: 12 }, (_, i) => `10.0.${i}.1`);
// Where nodes lie on the ring of routes is drawn by their ports: with few routes one of them may get none.
const routes = Array.from({ length: 60 }, (_, i) => `r${i}`);

describe('a cluster', () => {
  const clusters = new FakeClusters();
  let cluster: Cluster;

  before(async () => {
    cluster = await clusters.start();
  });
  after(() => clusters.stopAll());

  const state = (name: string) => cluster.nodes.find(node => node.name === name)?.state;

  for (const transport of TRANSPORTS) {
    it(`leads an address to one node, and many addresses to all, by ${transport}`, async () => {
      const first = await Promise.all(addresses.map(address => countAnsweringNodes(cluster, { address, transport })));
      const again = await Promise.all(addresses.map(address => countAnsweringNodes(cluster, { address, transport })));
      assert.deepEqual(again, first);
      assert.equal(new Set(first).size, 3);
    });

    it(`leads one address by other routes to all nodes, a route always to the same, by ${transport}`, async () => {
      const first = await Promise.all(routes.map(route => countAnsweringNodes(cluster, { route, transport })));
      const again = await Promise.all(routes.map(route => countAnsweringNodes(cluster, { route, transport })));
      assert.deepEqual(again, first);
      assert.equal(new Set(first).size, 3);
    });
  }

  it('tells nodes who the client is, and believes only its own machine about that', async () => {
    const forwarded = await fetch(`${cluster.url}/who`, { headers: { 'x-forwarded-for': '6.6.6.6, 10.1.2.3' } });
    const told = (await forwarded.json()) as { from: string; host: string };
    assert.deepEqual(told, { ...told, from: '10.1.2.3', host: `127.0.0.1:${cluster.port}` });
  });

  it('gives every node its name, its place and the one secret, which stays', async () => {
    const environments = await Promise.all(
      cluster.nodes.map(async ({ url }) => (await (await fetch(`${url}/env`)).json()) as Record<string, string>),
    );
    assert.deepEqual(
      environments.map(env => env['NODE_NAME']),
      ['node-1', 'node-2', 'node-3'],
    );
    assert.ok(
      environments.every(
        env => env['REDIS_URL'] === cluster.redisEnv['REDIS_URL'] && env['TRUST_PROXY'] === 'loopback',
      ),
    );
    assert.equal(new Set(environments.map(env => env['REJOIN_SECRET'])).size, 1);
    assert.ok((environments[0]?.['REJOIN_SECRET'] ?? '').length >= 32);
  });

  it('keeps metrics to itself', async () => {
    assert.equal((await fetch(`${cluster.url}/metrics`)).status, 404);
  });

  it('leads the players of a killed node to another, and back when it is restarted', async () => {
    const home = await countAnsweringNodes(cluster, { address: '10.7.7.7' });
    const socket = connectTo(cluster, { address: '10.7.7.7' });
    await nameFrom(socket);
    const moved = nameFrom(socket);
    const exit = await cluster.kill(home);
    assert.deepEqual([exit.signal, exit.expected, state(home)], ['SIGKILL', true, 'down']);
    assert.notEqual(await moved, home);
    socket.disconnect();
    await cluster.restart(home);
    assert.equal(state(home), 'up');
    await until(
      'the node is in the draw again',
      async () => ((await countAnsweringNodes(cluster, { address: '10.7.7.7' })) === home ? true : undefined),
      { timeoutMs: 20_000 },
    );
  });

  it('freezes a node, reaches the others by another route, and resumes it', async () => {
    const home = await countAnsweringNodes(cluster, { address: '10.8.8.8' });
    const elsewhere = await firstRouteTo(cluster, name => name !== home);
    cluster.freeze(home);
    assert.equal(state(home), 'frozen');
    assert.throws(() => cluster.freeze(home), /is frozen/);
    assert.notEqual(await countAnsweringNodes(cluster, { address: '10.8.8.8', route: elsewhere }), home);
    cluster.resume(home);
    assert.equal(state(home), 'up');
    assert.equal(await countAnsweringNodes(cluster, { address: '10.8.8.8' }), home);
  });

  it('resumes by itself a node that was frozen for a time', async () => {
    cluster.freeze('node-1', 300);
    assert.equal((await fetch(`${cluster.nodes[0]?.url}/who`)).status, 200); // Answers when it can again.
    assert.equal(state('node-1'), 'up');
  });

  it('kills a frozen node', async () => {
    cluster.freeze('node-2', 30_000);
    await cluster.kill('node-2');
    await cluster.restart('node-2', { env: { CHANGED: 'yes' } });
    const env = (await (await fetch(`${cluster.nodes[1]!.url}/env`)).json()) as Record<string, string>;
    assert.deepEqual(
      [env['CHANGED'], env['NODE_NAME']],
      ['yes', 'node-2'],
      'it runs what it was told to, and is who it was',
    );
    assert.equal(state('node-2'), 'up');
  });

  it('drains a node: it ends by itself, cleanly', async () => {
    const ended = once(cluster, 'exit');
    const draining = cluster.drain('node-3');
    assert.equal(state('node-3'), 'draining');
    const exit = await draining;
    assert.deepEqual(exit, { name: 'node-3', code: 0, signal: null, expected: true });
    assert.deepEqual(await ended, [exit]);
    assert.equal(state('node-3'), 'down');
    await assert.rejects(cluster.drain('node-3'), /is down/);
    await assert.rejects(cluster.kill('node-9'), /there is no node-9/);
    await cluster.restart('node-3');
  });

  it('reloads nginx under players, none of whom notices', async () => {
    const socket = connectTo(cluster, {});
    await nameFrom(socket);
    const lost: string[] = [];
    socket.on('disconnect', reason => lost.push(reason));
    await cluster.reloadNginx();
    await countAnsweringNodes(cluster, {});
    assert.deepEqual([lost, socket.connected], [[], true]);
    socket.disconnect();
  });

  it('takes in one more node', async () => {
    const added = await cluster.addNode();
    assert.deepEqual([added.name, added.state], ['node-4', 'up']);
    await firstRouteTo(cluster, name => name === 'node-4');
  });

  it('keeps what Redis has accepted through its death', async () => {
    const write = await createClient({ url: cluster.redisUrl })
      .on('error', () => {})
      .connect();
    await write.configSet('appendfsync', 'always'); // else it answers before it writes, while the disk is slow
    await write.set('kept', 'yes');
    const settings = [
      await write.configGet('maxmemory-policy'),
      await write.configGet('appendonly'),
      await write.configGet('save'),
    ];
    assert.deepEqual(
      settings.map(one => Object.values(one)[0]),
      ['noeviction', 'yes', ''],
    );
    write.destroy();
    await cluster.killRedis();
    assert.equal(cluster.redisPid, undefined);
    await cluster.startRedis();
    const read = await createClient({ url: cluster.redisUrl }).connect();
    assert.equal(await read.get('kept'), 'yes');
    read.destroy();
  });
});

describe('a cluster with a full node', () => {
  const clusters = new FakeClusters();
  after(() => clusters.stopAll());

  it('leads its players to the others', async () => {
    const cluster = await clusters.start({ env: { FAKE_FULL: 'node-2' } });
    const names = await Promise.all(addresses.map(address => countAnsweringNodes(cluster, { address })));
    assert.deepEqual([...new Set(names)].sort(), ['node-1', 'node-3']);
  });
});

describe('several clusters', () => {
  const clusters = new FakeClusters();
  after(() => clusters.stopAll());

  it('live side by side, and end without a trace', async () => {
    const some = await Promise.all([1, 2, 3].map(() => clusters.start({ nodes: 1, control: {} })));
    const ports = some.flatMap(one => [one.port, one.redisPort, one.control?.url, ...one.nodes.map(node => node.port)]);
    assert.equal(new Set(ports).size, 12);
    const running = some.map(one => ({ folder: one.runDir, pids: pidsOf(one) }));
    await Promise.all(some.map(one => one.stop()));
    for (const { folder, pids } of running) {
      await waitUntilGone(folder, pids);
      assert.equal(existsSync(folder), false);
    }
  });

  it('never share a folder', async () => {
    const one = await clusters.start({ nodes: 1 });
    await assert.rejects(clusters.start({ nodes: 1, runDir: one.runDir }), /in use by another cluster/);
  });

  it('end what has come up when something does not, and say why', async () => {
    const failed = clusters.start({ nodes: 1, script: 'test/tools/local-cluster/no-such-script.ts' });
    await assert.rejects(failed, /node-1 ended while starting:[^]*no-such-script/);
    await assert.rejects(
      clusters.start({ redis: { 'no-such-setting': '1' } }),
      /redis ended while starting:[^]*no-such-setting/,
    );
  });

  it('end at once when told so during their start', async () => {
    const abort = new AbortController();
    const starting = clusters.start({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(starting);
  });
});

async function firstRouteTo(cluster: Cluster, wanted: (name: string) => boolean): Promise<string> {
  for (let i = 0; i < 60; i++) {
    if (wanted(await countAnsweringNodes(cluster, { route: `try-${i}` }))) return `try-${i}`;
  }
  throw new Error('no route of 60 leads there');
}
