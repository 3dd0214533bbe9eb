import { after, before, describe, it } from 'mocha';
import { createClient } from 'redis';
import { PubSub, RedisBus, RedisRegister } from '../../server/cluster/redis-bus.ts';
import type { NodeRecord } from '../../server/ports.ts';
import { realClock } from '../../server/real-ports.ts';
import { noLog } from '../../server/ops/log.ts';
import { until } from '../../server/launcher/until.ts';
import { TestRedis } from './redis-server.ts';

describe('the bus over Redis', () => {
  let redis: TestRedis;
  let wire: PubSub;
  before(async () => {
    redis = await TestRedis.start();
    wire = new PubSub({ url: redis.url, clock: realClock, log: noLog });
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
    await bus.listen('n', text => heard.push(text), () => { broke += 1; });
    const admin = createClient({ url: redis.url });
    await admin.connect();
    await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    await until('the break is told', async () => broke > 0 || undefined, { within: 10_000 });
    await until('somebody listens again', async () => (await bus.publish('n', 'again')) > 0 || undefined, { within: 10_000 });
    await until('it is heard', async () => heard.includes('again') || undefined, { within: 10_000 });
    admin.destroy();
  });

  it('[O6] shows of a node which of its connections stand: both kinds, one that broke again, none of one that is gone', async () => {
    const options = { url: redis.url, clock: realClock, log: noLog };
    const theirs = new PubSub(options);
    const [own, other] = [new RedisRegister({ ...options, prefix: 'bus:' }), new RedisRegister({ ...options, prefix: 'bus:' })];
    await Promise.all([theirs.connect(), own.connect(), other.connect()]);
    const seen = (what: string, inbox: number, register: number) => until(what, async () => {
      const now = await own.listeners('m').catch(() => null);
      return (now?.inbox === inbox && now.register === register) || undefined;
    }, { within: 10_000 });
    await seen('nothing of it', 0, 0);
    await new RedisBus(theirs, 'bus:').listen('m', () => {});
    await other.beat({ id: 'm', name: 'm', beat: 1, at: 0, games: [], reads: [] } as unknown as NodeRecord);
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
