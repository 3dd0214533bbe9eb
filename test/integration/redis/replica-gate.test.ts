import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createClient } from 'redis';
import { noLog } from '../../../server/ops/log.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { StoreError } from '../../../server/store/store.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { until } from '../../../tools/until.ts';
import { TestRedis } from './redis-server.ts';

describe('the gate of the replicas', () => {
  let master: TestRedis;
  let replica: TestRedis;
  let admin: ReturnType<typeof createClient>;
  const stores: RedisStore[] = [];

  before(async () => {
    master = await TestRedis.start(['--repl-diskless-sync-delay', '0']);
    replica = await TestRedis.start(['--replicaof', `127.0.0.1 ${master.port}`]);
    admin = createClient({ url: master.url });
    admin.on('error', () => {});
    await admin.connect();
    await inStep();
  });
  after(async () => {
    for (const store of stores) await store.close();
    admin?.destroy();
    await replica?.stop();
    await master?.stop();
  });

  const inStep = () =>
    until(
      'the replica is in step',
      async () => /slave0:.*state=online/.test(await admin.info('replication')) || undefined,
      { timeoutMs: 20_000 },
    );
  const open = async (waitReplicas: number, deadline?: number) => {
    const store = new RedisStore({
      url: master.url,
      prefix: 'g:',
      clock: realClock,
      log: noLog,
      waitReplicas,
      ...(deadline === undefined ? {} : { deadline }),
    });
    stores.push(store);
    await store.connect();
    return store;
  };
  const rooms = async (store: RedisStore, name: string, count: number) => {
    const ids = Array.from({ length: count }, (_x, i) => `${name}${i}`);
    await Promise.all(
      ids.map(async id => {
        await store.create({ id, code: id, game: 'g@1', snapshot: '{}', life: 60_000 });
        await store.claim(id, { token: 'a', node: 'n', expected: null, floor: 0, games: ['g@1'] });
      }),
    );
    return ids;
  };
  /** How often Redis was asked this, since the last reset. */
  const calls = async (command: string) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await admin.info('commandstats'))?.[1] ?? 0);

  it('[J9] costs nothing where no replica has to confirm', async () => {
    const store = await open(0);
    const ids = await rooms(store, 'free', 5);
    await admin.configResetStat();
    for (let seq = 1; seq <= 10; seq++)
      await Promise.all(ids.map(id => store.append(id, { token: 'a', seq, entry: 'e' })));
    assert.deepEqual([await calls('wait'), await calls('evalsha')], [0, 50]);
  });

  it('[J9] asks once for all rooms that write in one turn', async () => {
    const store = await open(1);
    const ids = await rooms(store, 'turn', 50);
    await admin.configResetStat();
    for (let seq = 1; seq <= 10; seq++)
      assert.deepEqual(
        new Set(await Promise.all(ids.map(id => store.append(id, { token: 'a', seq, entry: 'e' })))),
        new Set(['ok']),
      );
    assert.equal(await calls('evalsha'), 500);
    assert.ok((await calls('wait')) <= 20, `${await calls('wait')} questions for 10 turns`);
  });

  it('[J9] what was refused is answered without waiting for anybody', async () => {
    const store = await open(5, 400);
    await rooms(await open(1), 'refused', 1);
    assert.equal(await store.append('refused0', { token: 'b', seq: 1, entry: 'e' }), 'fenced');
    assert.equal(await store.append('refused0', { token: 'a', seq: 7, entry: 'e' }), 'seq');
  });

  it('[J9] [J8] too few confirm: nobody is told, and then that nobody knows; it is written all the same', async () => {
    const [id] = await rooms(await open(1), 'few', 1);
    const store = await open(2, 600);
    await assert.rejects(
      store.append(id!, { token: 'a', seq: 1, entry: 'e' }),
      (error: unknown) => error instanceof StoreError && error.applied === 'maybe' && error.unavailable,
    );
    assert.equal((await store.owner(id!))!.seq, 1);
    await assert.rejects(
      store.claim(id!, { token: 'b', node: 'n', expected: 'a', floor: 0, games: ['g@1'] }),
      StoreError,
      'neither is a claim believed',
    );
  });

  it('[J9] stays shut while the replica is away, and opens when it has caught up', async () => {
    const store = await open(1, 20_000);
    const [id] = await rooms(store, 'late', 1);
    await replica.kill();
    let told = false;
    const append = store.append(id!, { token: 'a', seq: 1, entry: 'e' }).then(said => {
      told = true;
      return said;
    });
    await until('it is written', async () => (await store.owner(id!))!.seq === 1 || undefined, { timeoutMs: 10_000 });
    assert.equal(told, false);
    await replica.run();
    assert.equal(await append, 'ok');
  });

  it('[J9] a connection that wrote nothing proves nothing: after a reconnect the claim is written, then confirmed', async () => {
    await inStep();
    // With all the time that a replica may need which has just come back; only the claim is to be given up soon.
    const [id] = await rooms(await open(1, 20_000), 'again', 1);
    const store = await open(1, 600);
    await replica.kill();
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    await until(
      'it is connected again',
      () =>
        store
          .probe()
          .catch(() => false)
          .then(ok => ok || undefined),
      { timeoutMs: 10_000 },
    );
    await assert.rejects(
      store.claim(id!, { token: 'b', node: 'n', expected: 'a', floor: 0, games: ['g@1'] }),
      StoreError,
    );
    await replica.run();
    await inStep();
  });
});
