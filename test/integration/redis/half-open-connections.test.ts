import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { RedisPubSub, RedisBus, RedisNodeRegister } from '../../../server/messaging/redis-bus.ts';
import { noLog } from '../../../server/ops/log.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { RedisStore } from '../../../server/store/redis-store.ts';
import { until } from '../../../tools/until.ts';
import { BlackHoleProxy } from './black-hole-proxy.ts';
import { TestRedis } from './redis-server.ts';

describe('packets to Redis vanish', () => {
  let redis: TestRedis;
  let hole: BlackHoleProxy;
  before(async () => {
    redis = await TestRedis.start();
    hole = await BlackHoleProxy.to(redis.port);
  });
  after(async () => {
    await hole?.close();
    await redis?.stop();
  });

  it('[O18] every connection is noticed to be dead, though nothing closes it, and another one is opened', async () => {
    const options = { url: `redis://127.0.0.1:${hole.port}`, prefix: 'h:', clock: realClock, log: noLog };
    const store = new RedisStore(options);
    const wire = new RedisPubSub(options);
    const register = new RedisNodeRegister(options);
    try {
      await Promise.all([store.connect(), wire.connect(), register.connect()]);
      const bus = new RedisBus(wire, 'h:');
      const heard: string[] = [];
      await bus.listen('me', text => heard.push(text));
      let downs = 0;
      for (const line of [wire.pub, wire.sub])
        line.onDown(() => {
          downs += 1;
        });
      assert.equal(hole.open(), 5);
      // A TCP stack would tell after two hours, or, with keep-alive, after ten seconds at best.
      await until('the lines for messages are dropped', () => downs === 2 || undefined, { timeoutMs: 20_000 });
      await until(
        'the store is known to be away',
        () =>
          store
            .probe()
            .catch(() => false)
            .then(ok => !ok || undefined),
        { timeoutMs: 20_000 },
      );
      hole.shut(); // Redis goes on counting those who are gone: it has not been told either
      await until(
        'the store is back',
        () =>
          store
            .probe()
            .catch(() => false)
            .then(ok => ok || undefined),
        { timeoutMs: 10_000 },
      );
      await until(
        'the register is back',
        async () => (await register.listeners('me').catch(() => null))?.inbox || undefined,
        { timeoutMs: 10_000 },
      );
      await until(
        'the bus is back',
        async () =>
          ((await bus.publish([{ node: 'me', text: 'x' }]).catch(() => [0]))[0]! > 0 && heard.length > 0) || undefined,
        { timeoutMs: 10_000 },
      );
    } finally {
      await Promise.all([store.close(), register.close()]);
      wire.close();
    }
  });

  it('[O18] a Redis that stands still for a second is not left', async () => {
    const store = new RedisStore({ url: redis.url, prefix: 'h:', clock: realClock, log: noLog });
    const wire = new RedisPubSub({ url: redis.url, clock: realClock, log: noLog });
    try {
      await Promise.all([store.connect(), wire.connect()]);
      let downs = 0;
      wire.sub.onDown(() => {
        downs += 1;
      });
      redis.freeze();
      await new Promise(done => setTimeout(done, 700));
      redis.resume();
      assert.equal(await until('it answers', () => store.probe().catch(() => undefined), { timeoutMs: 10_000 }), true);
      assert.equal(downs, 0);
    } finally {
      await store.close();
      wire.close();
    }
  });
});
