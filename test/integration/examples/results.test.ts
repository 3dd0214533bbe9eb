import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { connect, type Client } from '../../../client/index.ts';
import { nim } from '../../../examples/results/contract.ts';
import { Results } from '../../../examples/results/results.ts';
import { until } from '../../../tools/until.ts';
import { TestRedis } from '../redis/redis-server.ts';

/** examples/results: real processes, a real Redis, a real file, a real kill. */
describe('the example that saves results', () => {
  let redis: TestRedis;
  let folder: string;
  let results: Results;
  const nodes: ChildProcess[] = [];

  before(async () => {
    redis = await TestRedis.start();
    folder = await mkdtemp(join(tmpdir(), 'rejoin-results-'));
    results = new Results(join(folder, 'results.db'));
  });
  after(async () => {
    for (const node of nodes) node.kill('SIGKILL');
    results?.close();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const calls = (): string[] =>
    existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];
  const start = async (env: Record<string, string> = {}): Promise<{ node: ChildProcess; url: string }> => {
    const node = fork(new URL('nim-node.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
      env: {
        ...process.env,
        REDIS_URL: redis.url,
        RESULTS: join(folder, 'results.db'),
        CALLS: join(folder, 'calls'),
        ...env,
      },
    });
    nodes.push(node);
    const [port] = (await once(node, 'message')) as [number];
    return { node, url: `http://127.0.0.1:${port}` };
  };
  /** A match to its last-but-one move; `last` makes that one. */
  const match = async (
    url: string,
  ): Promise<{ last(): Promise<unknown>; room: string; players: (string | null)[]; close(): void }> => {
    const clients: Client[] = ['Ann', 'Bob'].map(name => connect(url, { storage: null, name }));
    const ann = await clients[0]!.create(nim, { private: true });
    const bob = await clients[1]!.join(nim, { id: ann.id });
    for (const [seat, count] of [
      [ann, 3],
      [bob, 3],
      [ann, 3],
    ] as const)
      assert.equal((await seat.act.take({ count })).ok, true);
    return {
      room: ann.id,
      players: clients.map(client => client.player),
      last: () => bob.act.take({ count: 3 }),
      close: () => {
        for (const client of clients) client.close();
      },
    };
  };

  it('saves a result once, though its node is killed between saving it and saying so', async () => {
    const first = await start({ DIES: 'yes' });
    const played = await match(first.url);
    const died = once(first.node, 'exit');
    played.last().catch(() => {}); // its verdict may not arrive any more
    assert.deepEqual(await died, [null, 'SIGKILL']);
    played.close();
    const [key] = calls();
    const row = { key: key!, room: played.room, match: 1, winner: played.players[1], loser: played.players[0] };
    assert.deepEqual(results.all(), [row], 'it was saved before the kill');

    const second = await start();
    await until('the effect comes again', () => (calls().length > 1 ? true : undefined), { timeoutMs: 30_000 });
    assert.deepEqual(calls(), [key, key], 'with the same key');
    assert.deepEqual(results.all(), [row]);

    const next = await match(second.url);
    await next.last();
    await until('another match has another key', () => (results.all().length === 2 ? true : undefined), {
      timeoutMs: 10_000,
    });
    next.close();
    assert.deepEqual(results.all()[0], row);
    assert.equal(new Set(calls()).size, 2);
    const gone = once(second.node, 'exit');
    second.node.kill('SIGTERM');
    assert.deepEqual(await gone, [0, null]);
  });
});
