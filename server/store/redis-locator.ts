import type { Clock, Log } from '../runtime/ports.ts';
import type { RedisLocator } from './redis-connection.ts';
import { SentinelLocator } from './redis-sentinel.ts';
import { parseRedisUrl, type RedisTarget, type RedisTls } from './redis-target.ts';

/** How to reach Redis, and how many replicas must confirm an entry. Give either `url` or `sentinels`. */
export interface RedisOptions {
  /** One Redis: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  url?: string | undefined;
  /** A Redis with replicas: the addresses of all its sentinels, which know the current master. */
  sentinels?: readonly { host: string; port: number }[] | undefined;
  /** The name of the master in the sentinels' configuration. Default: `mymaster`. */
  master?: string | undefined;
  /** Credentials for Redis, only with `sentinels`; a `url` includes them. */
  user?: string | undefined;
  password?: string | undefined;
  database?: number | undefined;
  /** Credentials for the sentinels. */
  sentinelUser?: string | undefined;
  sentinelPassword?: string | undefined;
  /**
   * TLS to Redis and to the sentinels. With `rediss://` needed only for settings beyond the system's certificate
   * authorities.
   */
  tls?: RedisTls | boolean | undefined;
  /**
   * Number of replicas that must confirm an entry (Redis WAIT) before it is acknowledged. Default 0: a failover can
   * lose acknowledged entries.
   */
  waitReplicas?: number | undefined;
}

/** The address of a Redis, or a locator that several connections share. */
export type RedisAddress = { url: string } | { locator: RedisLocator };

/** when the options are incomplete or contradict each other */
export function createLocator(redis: RedisOptions, parts: { clock: Clock; log: Log }): RedisLocator {
  const { url, sentinels = [], master = 'mymaster', waitReplicas = 0 } = redis;
  if ((url === undefined) === (sentinels.length === 0))
    throw new TypeError('redis: either url or sentinels is needed, and not both');
  if (!Number.isInteger(waitReplicas) || waitReplicas < 0)
    throw new TypeError('redis.waitReplicas: a whole number, 0 or more');
  if (url === undefined) {
    const { user, password, database, tls, sentinelUser, sentinelPassword } = redis;
    return new SentinelLocator(
      {
        master,
        sentinels: sentinels.map(at => ({ ...at, user: sentinelUser, password: sentinelPassword, tls })),
        credentials: { user, password, database, tls },
      },
      parts,
    );
  }
  for (const name of ['master', 'user', 'password', 'database', 'sentinelUser', 'sentinelPassword'] as const) {
    if (redis[name] !== undefined)
      throw new TypeError(
        `redis.${name}: goes with sentinels; with a url it is ${name === 'user' || name === 'password' || name === 'database' ? 'part of that' : 'not used'}`,
      );
  }
  const target = parseRedisUrl(url, typeof redis.tls === 'object' ? redis.tls : undefined);
  if (redis.tls !== undefined && redis.tls !== false && target.tls === false)
    throw new TypeError('redis.tls: the url must begin with rediss://');
  return new FixedLocator(target);
}

export const locatorOf = (address: RedisAddress): RedisLocator =>
  'locator' in address ? address.locator : new FixedLocator(parseRedisUrl(address.url));

/** A Redis at a fixed address. */
class FixedLocator implements RedisLocator {
  readonly name: string;
  private readonly moveListeners: ((why: string) => void)[] = [];

  constructor(private readonly target: RedisTarget) {
    this.name = `Redis at ${target.host}:${target.port}`;
  }

  locate(): Promise<RedisTarget> {
    return Promise.resolve(this.target);
  }
  onMoved(moved: (why: string) => void): void {
    this.moveListeners.push(moved);
  }
  invalidate(reason: string): void {
    for (const listener of this.moveListeners) listener(reason);
  }
  close(): void {}
}
