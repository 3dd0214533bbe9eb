import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createClient } from 'redis';
import { RedisPubSub, RedisBus } from '../../../server/messaging/redis-bus.ts';
import { connectRedis } from '../../../server/redis-backend.ts';
import { RedisUnusableError } from '../../../server/store/redis-unusable-error.ts';
import { noLog } from '../../../server/ops/log.ts';
import { noMeter } from '../../../server/ops/metrics.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { StoreError } from '../../../server/store/store.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { loadScripts } from '../../../server/store/scripts.ts';
import { until } from '../../../tools/until.ts';
import { offersSuite } from '../../unit/store/offers-suite.ts';
import { storeSuite } from '../../unit/store/store-suite.ts';
import { TestRedis } from './redis-server.ts';

let suiteRedis: TestRedis;
let suiteStore: RedisStore;
storeSuite({
  name: 'Redis',
  async open() {
    suiteRedis = await TestRedis.start();
    suiteStore = new RedisStore({ url: suiteRedis.url, prefix: 'suite:', clock: realClock, log: noLog });
    await suiteStore.connect();
    return { store: suiteStore };
  },
  async close() {
    await suiteStore.close();
    await suiteRedis.stop();
  },
});

offersSuite({
  name: 'Redis',
  moment: 1_000,
  async open() {
    suiteRedis = await TestRedis.start();
    suiteStore = new RedisStore({ url: suiteRedis.url, prefix: 'offers:', clock: realClock, log: noLog });
    await suiteStore.connect();
    const admin = createClient({ url: suiteRedis.url });
    await admin.connect();
    return {
      store: suiteStore,
      pass: ms =>
        new Promise(resolve => {
          setTimeout(resolve, ms);
        }), // Redis has its own clock
      left: async () =>
        (
          await Promise.all(
            (await admin.keys('*')).map(async key => {
              const type = await admin.type(key);
              const lines =
                type === 'hash' ? await admin.hKeys(key) : type === 'zset' ? await admin.zRange(key, 0, -1) : null;
              return type === 'zset' || !key.includes('{r:') ? (lines ?? ['']).map(line => `${key} ${line}`) : [key];
            }),
          )
        ).flat(),
      closed: () => admin.destroy(),
    };
  },
  async close() {
    await suiteStore.close();
    await suiteRedis.stop();
  },
});

describe('the Redis store', () => {
  let redis: TestRedis;
  let store: RedisStore;
  let admin: ReturnType<typeof createClient>;
  let count = 0;

  before(async () => {
    redis = await TestRedis.start();
    store = new RedisStore({ url: redis.url, prefix: 'p:', clock: realClock, log: noLog, deadline: 500 });
    await store.connect();
    admin = createClient({ url: redis.url });
    admin.on('error', () => {});
    await admin.connect();
  });
  after(async () => {
    await store.close();
    admin.destroy();
    await redis.stop();
  });

  const room = async () => {
    const id = `room${++count}`;
    assert.equal(await store.create({ id, code: `C${count}`, game: 'g@1', snapshot: '{}', life: 60_000 }), 'ok');
    const claimed = await store.claim(id, { token: 'a', node: 'n', expected: null, floor: 0, games: ['g@1'] });
    assert.ok(claimed.ok);
    return { id, claimed };
  };
  const append = (id: string, seq: number, more = {}) =>
    store.append(id, { token: 'a', seq, entry: `e${seq}`, ...more });

  it('[J1] scripts that Redis has forgotten are sent again, and write once', async () => {
    const { id } = await room();
    await admin.sendCommand(['SCRIPT', 'FLUSH']);
    assert.equal(await append(id, 1), 'ok');
    assert.equal(await append(id, 1), 'seq');
    assert.equal((await store.owner(id))!.seq, 1);
  });

  it('[J2] terms are exact: no digit is lost on the way through Lua', async () => {
    const { id, claimed } = await room();
    const raw = await admin.hGet(`p:{r:${id}}:m`, 'term');
    assert.equal(String(claimed.term), raw);
    const again = await store.claim(id, {
      token: 'b',
      node: 'n',
      expected: 'a',
      floor: claimed.term + 12_345_677,
      games: ['g@1'],
    });
    assert.ok(again.ok && again.term === claimed.term + 12_345_678);
  });

  it('[O21] tells other nodes in the step in which an entry is written, behind what this node said before, and nobody of one that is not', async () => {
    const wire = new RedisPubSub({ url: redis.url, clock: realClock, log: noLog });
    const speaking = new RedisStore({
      url: redis.url,
      prefix: 'p:',
      clock: realClock,
      log: noLog,
      publishConnection: wire.pub,
    });
    const waiting = new RedisStore({
      url: redis.url,
      prefix: 'p:',
      clock: realClock,
      log: noLog,
      publishConnection: wire.pub,
      waitReplicas: 1,
    });
    await Promise.all([wire.connect(), speaking.connect()]);
    assert.deepEqual(
      [speaking.canPublishOnAppend, store.canPublishOnAppend, waiting.canPublishOnAppend],
      [true, false, false],
      'where there is a way, and no replica has to confirm',
    );
    const bus = new RedisBus(wire, 'p:');
    const heard: string[] = [];
    await bus.listen('z', text => heard.push(text));
    const { id } = await room();
    const tell = (seq: number, more = {}) =>
      speaking.append(id, {
        token: 'a',
        seq,
        entry: `e${seq}`,
        publish: [
          { node: 'z', text: `entry ${seq}` },
          { node: 'nobody', text: '' },
        ],
        ...more,
      });
    const calls = async () => Number(/cmdstat_publish:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
    const before = await calls();
    const said = bus.publish([{ node: 'z', text: 'said before' }]);
    assert.deepEqual(await Promise.all([tell(1), said]), ['ok', [1]]);
    assert.deepEqual([await tell(1), await tell(3), await tell(2, { token: 'b' })], ['seq', 'seq', 'fenced']);
    assert.equal(await tell(2, { due: 5, life: { ms: 60_000, code: 'C1', match: 0 } }), 'ok', 'also beside facts');
    await until('all are heard', async () => heard.length >= 3 || undefined, { timeoutMs: 10_000 });
    assert.deepEqual(heard, ['said before', 'entry 1', 'entry 2']);
    assert.equal((await calls()) - before, 5);
    assert.deepEqual((await store.peek(id))!.entries, ['e1', 'e2']);
    // Many at a time are told together, elsewhere.
    const under = await Promise.all(Array.from({ length: 6 }, () => room()));
    const appends = under.flatMap(({ id: own }) =>
      speaking.canPublishOnAppend ? [speaking.append(own, { token: 'a', seq: 1, entry: 'e1', publish: [] })] : [],
    );
    assert.deepEqual(await Promise.all(appends), ['ok', 'ok', 'ok', 'ok']);
    assert.equal(speaking.canPublishOnAppend, true);
    wire.pub.drop('a test');
    assert.equal(speaking.canPublishOnAppend, false);
    wire.close();
    await Promise.all([speaking.close(), waiting.close()]);
  });

  it('[J7] all keys of a room have an expiry, also after a snapshot and a renewal', async () => {
    const { id } = await room();
    await append(id, 1);
    for (const life of [60_000, 600_000]) {
      if (life > 60_000) await append(id, 2, { life: { ms: life, code: `C${count}`, match: 0 } });
      assert.equal(
        await store.snapshot(id, { token: 'a', seq: (await store.owner(id))!.seq, text: '{}', keep: 32 }),
        'ok',
      );
      for (const key of ['m', 'j', 's']) {
        const left = await admin.pTTL(`p:{r:${id}}:${key}`);
        assert.ok(left > life - 30_000 && left <= life, `${key} lives ${left} ms of ${life}`);
      }
    }
    assert.ok((await admin.pTTL(`p:code:C${count}`)) > 0);
  });

  it('[J7] [J18] all keys of a room end together, its code and the pieces of its recording too: with an entry, and with a renewal', async () => {
    const { id } = await room();
    const code = `C${count}`;
    const left = async () => [
      ...new Set(
        await Promise.all(
          [`{r:${id}}:m`, `{r:${id}}:j`, `{r:${id}}:s`, `code:${code}`, `{r:${id}}:p3`].map(async key =>
            Math.round((await admin.pTTL(`p:${key}`)) / 20_000),
          ),
        ),
      ),
    ];
    await append(id, 1);
    assert.equal(
      await store.snapshot(id, { token: 'a', seq: 1, text: 's', keep: 32, parts: [{ match: 3, text: 'piece' }] }),
      'ok',
    );
    assert.deepEqual(await left(), [3]);
    await append(id, 2, { life: { ms: 8.2 * 60_000, code, match: 3 } });
    assert.deepEqual(await left(), [25]);
    assert.equal(await store.renew(id, 'a', { ms: 30 * 24 * 3_600_000, code, match: 3 }), 'ok');
    assert.deepEqual(await left(), [129_600]);
  });

  it('[W27] a maker with thousands of rooms that is over its quota costs Redis no more than one with 64', async () => {
    const makers = [{ key: 'net', most: 300 }];
    for (let i = 0; i < 300; i++)
      assert.equal(
        await store.create({
          id: `over-${i}`,
          code: `over-${i}`,
          game: 'game@1',
          snapshot: '{}',
          life: 60_000,
          makers,
        }),
        'ok',
      );
    const calls = async () => Number(/cmdstat_zscore:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
    const before = await calls();
    assert.deepEqual(
      await store.create({ id: 'one-more', code: 'one-more', game: 'game@1', snapshot: '{}', life: 60_000, makers }),
      { over: makers[0] },
    );
    assert.equal((await calls()) - before, 64);
  });

  it('[X8c] index lines of a room that a node of an older build has removed are removed when they are read', async () => {
    const index = { terms: ['left', 'over'], text: 'gone' };
    const made = { id: 'older', code: 'older', game: 'game@1', snapshot: '{}', life: 60_000, index };
    assert.equal(await store.create(made), 'ok');
    await admin.del(['p:{r:older}:m', 'p:{r:older}:s', 'p:code:older']);
    await admin.zRem('p:lives', 'older');
    assert.deepEqual(await store.indexed('left', '', 5), { rooms: [], next: null });
    assert.equal(await admin.hExists('p:indexed', 'older'), 0);
    assert.deepEqual(await admin.zRange('p:terms', '[over|', '(over}', { BY: 'LEX' }), []);
  });

  it('[T8] a script that is given what Redis refuses has done nothing', async () => {
    const scripts = loadScripts();
    const { id } = await room();
    const [journal, due, life] = [`p:{r:${id}}:j`, 'p:due', 'p:lives'];
    const keys = [
      `p:{r:${id}}:m`,
      journal,
      `p:{r:${id}}:s`,
      due,
      'p:summaries',
      'p:listed',
      'p:offers',
      'p:open',
      'p:reviews',
      'p:quarantined',
      life,
      'p:code:x',
      `p:{r:${id}}:p1`,
      'p:occupied',
      'p:terms',
      'p:indexed',
    ];
    assert.equal(keys.length, scripts.append.keys);
    for (const [at, ms] of [
      ['soon', ''],
      ['', '0.5'],
      ['', '-1'],
      ['', '1e30'],
    ] as const)
      await assert.rejects(
        admin.eval(scripts.append.text, { keys, arguments: ['a', '1', 'e1', id, at, '', '', ms, '', '0', '', '', ''] }),
      );
    assert.equal((await store.peek(id))!.seq, 0);
    assert.equal(await admin.lLen(journal), 0);
    await assert.rejects(
      admin.eval(scripts.create.text, {
        keys: ['p:{r:half}:m', 'p:{r:half}:s', 'p:code:half', life, 'p:makers', 'p:made', 'p:terms', 'p:indexed'],
        arguments: ['half', 'half', 'g@1', '{}', '491999.99999999994', '[]', ''],
      }),
    );
    assert.equal(await admin.exists(['p:{r:half}:m', 'p:{r:half}:s', 'p:code:half']), 0);
    await admin.rPush('p:{r:half}:p1', 'piece');
    await assert.rejects(
      admin.eval(scripts.keep.text, {
        keys: ['p:{r:half}:r1', 'p:{r:half}:p1', 'p:{r:half}:r0'],
        arguments: ['whole', '0.5'],
      }),
    );
    assert.equal(await admin.lLen('p:{r:half}:p1'), 1, 'the pieces are still there');
    await assert.rejects(
      admin.eval(scripts.release.text, {
        keys: [keys[0]!, 'p:quarantined', due, 'p:offers', 'p:open', 'p:reviews'],
        arguments: ['a', id, '{}', 'later'],
      }),
    );
    assert.equal((await store.owner(id))!.token, 'a');
  });

  it('[W26] says how full the memory of Redis is, where that has a bound', async () => {
    assert.equal(await store.memoryUsage(), null);
    await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '1gb']);
    try {
      const fill = (await store.memoryUsage())!;
      assert.ok(fill > 0 && fill < 0.1, String(fill));
    } finally {
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']);
    }
  });

  it('[J6] a room whose snapshot is gone is not taken for a new one', async () => {
    const { id } = await room();
    await admin.del(`p:{r:${id}}:s`);
    const claimed = await store.claim(id, { token: 'b', node: 'n', expected: 'a', floor: 0, games: ['g@1'] });
    assert.ok(claimed.ok);
    assert.equal(claimed.snapshot, '');
    assert.equal(await store.create({ id, code: 'other', game: 'g@1', snapshot: '{}', life: 1_000 }), 'exists');
  });

  it('[J8] an answer that does not come is neither yes nor no, and says so', async () => {
    const { id } = await room();
    await admin.sendCommand(['CLIENT', 'PAUSE', '1200', 'ALL']);
    await assert.rejects(
      append(id, 1),
      (error: unknown) => error instanceof StoreError && error.applied === 'maybe' && error.unavailable,
    );
    await admin.ping(); // answered when the pause is over
    // The reading connection may have been declared lost in the pause, and be opened again.
    const { seq } = (await until('reads are answered again', () => store.owner(id).catch(() => undefined), {
      timeoutMs: 10_000,
    }))!;
    // The connection may have been held for lost meanwhile, and be opened anew: then it is certain that nothing was
    // written.
    const again = await until(
      'writes are taken again',
      () =>
        append(id, 1).catch((error: unknown) => {
          if (error instanceof StoreError && error.applied === 'no') return undefined;
          throw error;
        }),
      { timeoutMs: 10_000 },
    );
    assert.equal(again, seq === 1 ? 'seq' : 'ok');
  });

  it('[J8] a Redis that refuses writes is certain: not applied, and unavailable as a whole', async () => {
    const { id } = await room();
    await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '1']);
    try {
      await assert.rejects(
        append(id, 1),
        (error: unknown) => error instanceof StoreError && error.applied === 'no' && error.unavailable,
      );
    } finally {
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']);
    }
    assert.equal(await append(id, 1), 'ok');
  });

  it('[O4] a restarted Redis is noticed before anything is written to it', async () => {
    const { id } = await room();
    await append(id, 1);
    const changed = new Promise<void>(resolve => store.onIncarnation(resolve));
    await redis.kill();
    await assert.rejects(append(id, 2), StoreError);
    await redis.run();
    await changed;
    assert.equal(await store.probe(), true);
    const owner = await until('reads are answered again', () => store.owner(id).catch(() => undefined), {
      timeoutMs: 10_000,
    });
    assert.equal(owner!.seq, 1, 'the append-only file kept the entry');
    assert.equal(await append(id, 2), 'ok');
  });

  it('boot says what is wrong with a Redis, without its password', async () => {
    const evicting = await TestRedis.start(['--maxmemory-policy', 'allkeys-lru'], 'hush-hush');
    try {
      await assert.rejects(
        connectRedis({ redis: { url: evicting.url }, prefix: 'x:', clock: realClock, log: noLog, meter: noMeter }),
        (error: unknown) => {
          assert.ok(error instanceof RedisUnusableError, String(error));
          assert.match(error.message, /noeviction/);
          assert.doesNotMatch(error.message, /hush/);
          return true;
        },
      );
    } finally {
      await evicting.stop();
    }
    await assert.rejects(
      connectRedis({
        redis: { url: 'redis://127.0.0.1:1' },
        prefix: 'x:',
        clock: realClock,
        log: noLog,
        meter: noMeter,
        patience: 500,
      }),
      (error: unknown) => error instanceof RedisUnusableError && error.reason === 'unreachable',
    );
  });

  it('a start without patience waits for Redis and logs it, but not for a Redis that refuses the password', async () => {
    const lines: string[] = [];
    let isWaiting = () => {};
    const waiting = new Promise<void>(resolve => {
      isWaiting = resolve;
    });
    const log = {
      ...noLog,
      warn: ({ redis }: { redis?: unknown }, text: string) => {
        lines.push(`${text}: ${String(redis)}`);
        if (text === 'waiting for redis') isWaiting();
      },
    };
    const parts = { prefix: 'x:', log, meter: noMeter, patience: null };
    // The interval of the log line is 5 s.
    const clock = { ...realClock, after: (ms: number, run: () => void) => realClock.after(ms / 20, run) };
    const late = await TestRedis.start();
    await late.kill();
    const connecting = connectRedis({ ...parts, clock, redis: { url: late.url } });
    await waiting;
    await late.run();
    await (await connecting).close();
    assert.ok(lines.includes(`waiting for redis: Redis at 127.0.0.1:${late.port}`), lines.join('\n'));
    await late.stop();

    const locked = await TestRedis.start([], 'hush-hush');
    try {
      await assert.rejects(
        connectRedis({ ...parts, clock, redis: { url: locked.url.replace('hush-hush', 'wrong') } }),
        (error: unknown) => error instanceof RedisUnusableError && error.reason === 'unfit',
      );
    } finally {
      await locked.stop();
    }
  });
});
