import type { Backing } from '../backing.ts';
import { RedisAdapter } from '../gateway/redis-adapter.ts';
import type { Clock, Log, Meter } from '../ports.ts';
import { openDoor, type RedisOptions } from '../store/redis-door.ts';
import { checkRedis } from '../store/redis-check.ts';
import { RedisStore } from '../store/redis-store.ts';
import { PubSub, RedisBus, RedisRegister } from './redis-bus.ts';
import { RedisUnfit } from './redis-unfit.ts';

/** Everything of a node that stands on Redis, connected and checked. @throws RedisUnfit; TypeError when the options contradict each other */
export async function connectRedis({ redis, ...parts }: { redis: RedisOptions; prefix: string; clock: Clock; log: Log; meter: Meter; patience?: number }): Promise<Backing> {
  const { waitReplicas = 0 } = redis;
  const door = openDoor(redis, parts);
  const options = { ...parts, door, waitReplicas };
  const wire = new PubSub(options);
  const store = new RedisStore({ ...options, voice: wire.pub });
  const bus = new RedisBus(wire, options.prefix);
  const register = new RedisRegister(options);
  const adapter = new RedisAdapter(wire, options);
  const close = async () => {
    wire.close();
    door.close();
    await Promise.all([store.close(), register.close()]);
  };
  const patience = options.patience ?? 15_000;
  let late: { cancel(): void } | null = null;
  try {
    await Promise.race([
      Promise.all([store.connect(), wire.connect(), register.connect()]),
      new Promise<never>((_resolve, reject) => {
        late = options.clock.after(patience, () => reject(new RedisUnfit(`${door.name} was not reached within ${patience / 1000} s${store.problem === null ? '' : `: ${store.problem}`}`)));
      }),
    ]);
    const wrong = await checkRedis(store, options.log, waitReplicas);
    if (wrong.length > 0) throw new RedisUnfit(`${door.name} cannot be used as it is:\n${wrong.map(w => `  ${w}`).join('\n')}`);
  } catch (error) {
    await close();
    throw error;
  } finally {
    (late as { cancel(): void } | null)?.cancel();
  }
  return { store, bus, register, close, attach: (gateway, resync) => adapter.attach(gateway, resync) };
}
