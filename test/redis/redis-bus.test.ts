import { after, before, describe, it } from 'mocha';
import { createClient } from 'redis';
import { PubSub, RedisBus } from '../../server/cluster/redis-bus.ts';
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
});
