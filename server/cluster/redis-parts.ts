import type { Backing } from '../backing.ts';
import { RedisAdapter } from '../gateway/redis-adapter.ts';
import type { Clock, Log, Meter } from '../ports.ts';
import { checkRedis } from '../store/redis-check.ts';
import { RedisStore } from '../store/redis-store.ts';
import { PubSub, RedisBus, RedisRegister } from './redis-bus.ts';

/** Redis cannot be used as it is, or not be reached; the message says what to change. */
export class RedisUnfit extends Error { override readonly name = 'RedisUnfit'; }

/** Everything of a node that stands on Redis, connected and checked. @throws RedisUnfit */
export async function connectRedis(options: { url: string; prefix: string; clock: Clock; log: Log; meter: Meter; patience?: number }): Promise<Backing> {
  const store = new RedisStore(options);
  const wire = new PubSub(options);
  const bus = new RedisBus(wire, options.prefix);
  const register = new RedisRegister(options);
  const adapter = new RedisAdapter(wire, options);
  const close = async () => {
    wire.close();
    await Promise.all([store.close(), register.close()]);
  };
  const patience = options.patience ?? 15_000;
  let late: { cancel(): void } | null = null;
  try {
    await Promise.race([
      Promise.all([store.connect(), wire.connect(), register.connect()]),
      new Promise<never>((_resolve, reject) => {
        late = options.clock.after(patience, () => reject(new RedisUnfit(`Redis at ${hostOf(options.url)} was not reached within ${patience / 1000} s`)));
      }),
    ]);
    const wrong = await checkRedis(store, options.log);
    if (wrong.length > 0) throw new RedisUnfit(`Redis at ${hostOf(options.url)} cannot be used as it is:\n${wrong.map(w => `  ${w}`).join('\n')}`);
  } catch (error) {
    await close();
    throw error;
  } finally {
    (late as { cancel(): void } | null)?.cancel();
  }
  return { store, bus, register, close, attach: (gateway, resync) => adapter.attach(gateway, resync) };
}

/** The address without what is secret in it. */
const hostOf = (url: string): string => new URL(url).host;
