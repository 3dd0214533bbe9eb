import type { Backend } from './backend.ts';
import { RedisAdapter } from './gateway/redis-adapter.ts';
import type { Clock, Log, Meter } from './runtime/ports.ts';
import { createLocator, type RedisOptions } from './store/redis-locator.ts';
import { checkRedis } from './store/redis-check.ts';
import { RedisStore } from './store/redis-store.ts';
import { RedisPubSub, RedisBus, RedisNodeRegister } from './messaging/redis-bus.ts';
import { RedisUnusableError } from './store/redis-unusable-error.ts';

/**
 * Connects and checks all parts of a node that use Redis.
 * @throws RedisUnusableError; TypeError when the options contradict each other
 */
export async function connectRedis({
  redis,
  ...parts
}: {
  redis: RedisOptions;
  prefix: string;
  clock: Clock;
  log: Log;
  meter: Meter;
  patience?: number;
}): Promise<Backend> {
  const { waitReplicas = 0 } = redis;
  const locator = createLocator(redis, parts);
  const options = { ...parts, locator, waitReplicas };
  const pubSub = new RedisPubSub(options);
  const store = new RedisStore({ ...options, publishConnection: pubSub.pub });
  const bus = new RedisBus(pubSub, options.prefix);
  const register = new RedisNodeRegister(options);
  const adapter = new RedisAdapter(pubSub, options);
  const close = async () => {
    pubSub.close();
    locator.close();
    await Promise.all([store.close(), register.close()]);
  };
  const timeout = options.patience ?? 15_000;
  let deadline: { cancel(): void } | null = null;
  try {
    await Promise.race([
      Promise.all([store.connect(), pubSub.connect(), register.connect()]),
      new Promise<never>((_resolve, reject) => {
        deadline = options.clock.after(timeout, () =>
          reject(
            new RedisUnusableError(
              `${locator.name} was not reached within ${timeout / 1000} s${store.problem === null ? '' : `: ${store.problem}`}`,
            ),
          ),
        );
      }),
    ]);
    const problems = await checkRedis(store, options.log, waitReplicas);
    if (problems.length > 0)
      throw new RedisUnusableError(
        `${locator.name} cannot be used as it is:\n${problems.map(w => `  ${w}`).join('\n')}`,
      );
  } catch (error) {
    await close();
    throw error;
  } finally {
    (deadline as { cancel(): void } | null)?.cancel();
  }
  return { store, bus, register, close, attach: (gateway, resync) => adapter.attach(gateway, resync) };
}
