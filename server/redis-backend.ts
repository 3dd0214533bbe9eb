import type { Backend } from './backend.ts';
import { RedisAdapter } from './gateway/redis-adapter.ts';
import type { Clock, Log, Meter, Timer } from './runtime/ports.ts';
import type { RedisLocator } from './store/redis-connection.ts';
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
  /** Ms after which an unreachable Redis is an error; null: waits, and logs that. Default: 15,000. */
  patience?: number | null;
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
  const waiting = watchConnecting({ ...options, locator, store });
  try {
    await Promise.race([Promise.all([store.connect(), pubSub.connect(), register.connect()]), waiting.gaveUp]);
    const problems = await checkRedis(store, options.log, waitReplicas);
    if (problems.length > 0)
      throw new RedisUnusableError(
        `${locator.name} cannot be used as it is:\n${problems.map(w => `  ${w}`).join('\n')}`,
        'unfit',
      );
  } catch (error) {
    await close();
    throw error;
  } finally {
    waiting.stop();
  }
  return { store, bus, register, close, attach: (gateway, resync) => adapter.attach(gateway, resync) };
}

/** Interval (ms) of the log line about a Redis that is awaited. */
const WAITING_LOG_INTERVAL_MS = 5_000;

/** What Redis, or TLS, answers to a wrong configuration: another attempt gives the same answer. */
const isPermanent = (problem: string): boolean =>
  /WRONGPASS|NOAUTH|NOPERM|without any password configured|this Redis is a replica|certificate|self-signed/i.test(
    problem,
  );

/** Rejects `gaveUp` when the connections are not open in time. Without a limit, it logs what is awaited, and why. */
function watchConnecting({
  patience = 15_000,
  clock,
  log,
  locator,
  store,
}: {
  patience?: number | null;
  clock: Clock;
  log: Log;
  locator: RedisLocator;
  store: RedisStore;
}): { gaveUp: Promise<never>; stop(): void } {
  let timer: Timer | undefined;
  const gaveUp = new Promise<never>((_resolve, reject) => {
    const check = (waitedMs: number) => {
      const { problem } = store;
      if (patience !== null || (problem !== null && isPermanent(problem)))
        return reject(
          new RedisUnusableError(
            `${locator.name} was not reached within ${waitedMs / 1000} s${problem === null ? '' : `: ${problem}`}`,
            problem !== null && isPermanent(problem) ? 'unfit' : 'unreachable',
          ),
        );
      log.warn({ redis: locator.name, reason: problem, waitedMs }, 'waiting for redis');
      timer = clock.after(WAITING_LOG_INTERVAL_MS, () => check(waitedMs + WAITING_LOG_INTERVAL_MS));
    };
    const first = patience ?? WAITING_LOG_INTERVAL_MS;
    timer = clock.after(first, () => check(first));
  });
  gaveUp.catch(() => {}); // usually nobody awaits it
  return { gaveUp, stop: () => timer?.cancel() };
}
