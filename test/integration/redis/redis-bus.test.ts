import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { createClient } from 'redis';
import { RedisPubSub, RedisBus, RedisNodeRegister } from '../../../server/messaging/redis-bus.ts';
import type { NodeRecord } from '../../../server/runtime/ports.ts';
import { realClock } from '../../../server/runtime/real-ports.ts';
import { noLog } from '../../../server/ops/log.ts';
import { until } from '../../../tools/until.ts';
import { TestRedis } from './redis-server.ts';

describe('the bus over Redis', () => {
  let redis: TestRedis;
  let wire: RedisPubSub;
  before(async () => {
    redis = await TestRedis.start();
    wire = new RedisPubSub({ url: redis.url, clock: realClock, log: noLog });
    await wire.connect();
  });
  after(async () => {
    wire.close();
    await redis.stop();
  });

  it('[O12] says at once that its inbox is not heard, and hears it again', async () => {
    const bus = new RedisBus(wire, 'bus:');
    let broke = 0;
    const heard: string[] = [];
    await bus.listen(
      'n',
      text => heard.push(text),
      () => {
        broke += 1;
      },
    );
    const admin = createClient({ url: redis.url });
    await admin.connect();
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until('the break is told', async () => broke > 0 || undefined, { timeoutMs: 10_000 });
    await until(
      'somebody listens again',
      async () => (await bus.publish([{ node: 'n', text: 'again' }]))[0]! > 0 || undefined,
      { timeoutMs: 10_000 },
    );
    await until('it is heard', async () => heard.includes('again') || undefined, { timeoutMs: 10_000 });
    admin.destroy();
  });

  it('[O21] says what goes to several nodes at once by one command, in order, and who heard it', async () => {
    const bus = new RedisBus(wire, 'turn:');
    const heard: string[] = [];
    await bus.listen('one', text => heard.push(`one ${text}`));
    await bus.listen('other', text => heard.push(`other ${text}`));
    const admin = createClient({ url: redis.url });
    await admin.connect();
    const commands = async () =>
      [...(await admin.info('commandstats')).matchAll(/^cmdstat_(eval|publish):calls=(\d+)/gm)].map(
        ([, name, calls]) => [name, Number(calls)] as const,
      );
    const called = async (name: string) => (await commands()).find(([own]) => own === name)?.[1] ?? 0;
    const before = await called('eval');
    assert.deepEqual(
      await bus.publish(
        [
          ['one', 'a'],
          ['other', 'b'],
          ['nobody', 'c'],
          ['one', 'd'],
        ].map(([node, text]) => ({ node: node!, text: text! })),
      ),
      [1, 1, 0, 1],
    );
    assert.equal((await called('eval')) - before, 1);
    await until('they are heard', async () => heard.length === 3 || undefined, { timeoutMs: 10_000 });
    assert.deepEqual(heard, ['one a', 'other b', 'one d']);
    const alone = await called('publish');
    assert.deepEqual(await bus.publish([{ node: 'one', text: 'e' }]), [1]);
    assert.deepEqual(
      [(await called('publish')) - alone, (await called('eval')) - before],
      [1, 1],
      'one message needs no script',
    );
    admin.destroy();
  });

  it('[O6] shows of a node which of its connections stand: both kinds, one that broke again, none of one that is gone', async () => {
    const options = { url: redis.url, clock: realClock, log: noLog };
    const theirs = new RedisPubSub(options);
    const [own, other] = [
      new RedisNodeRegister({ ...options, prefix: 'bus:' }),
      new RedisNodeRegister({ ...options, prefix: 'bus:' }),
    ];
    await Promise.all([theirs.connect(), own.connect(), other.connect()]);
    const seen = (what: string, inbox: number, register: number) =>
      until(
        what,
        async () => {
          const now = await own.listeners('m').catch(() => null);
          return (now?.inbox === inbox && now.register === register) || undefined;
        },
        { timeoutMs: 10_000 },
      );
    await seen('nothing of it', 0, 0);
    await new RedisBus(theirs, 'bus:').listen('m', () => {});
    await other.heartbeat({ id: 'm', name: 'm', beat: 1, at: 0, games: [], reads: [] } as unknown as NodeRecord);
    await seen('all of it', 1, 1);
    const admin = createClient({ url: redis.url });
    await admin.connect();
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await seen('it is back', 1, 1);
    theirs.close();
    await seen('one is gone', 0, 1);
    await other.close();
    await seen('it is gone', 0, 0);
    await own.close();
    admin.destroy();
  });
});
