import type { Clock, Log } from '../runtime/ports.ts';
import type { RedisLocator } from './redis-connection.ts';
import { SentinelLocator } from './redis-sentinel.ts';
import { parseRedisUrl, type RedisTarget, type RedisTls } from './redis-target.ts';

/** Where Redis is, and how much of it has to have an entry before anybody is told. Either `url`, or `sentinels`. */
export interface RedisOptions {
  /** One Redis: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  url?: string | undefined;
  /** A Redis with replicas: its sentinels, who know which one is the master. Give them all. */
  sentinels?: readonly { host: string; port: number }[] | undefined;
  /** What the sentinels call it. Default: `mymaster`. */
  master?: string | undefined;
  /** As whom, with sentinels; with `url` that is part of it. */
  user?: string | undefined;
  password?: string | undefined;
  database?: number | undefined;
  /** As whom at the sentinels themselves. */
  sentinelUser?: string | undefined;
  sentinelPassword?: string | undefined;
  /** TLS, to Redis and to the sentinels; with `rediss://` only what it needs beyond what the machine trusts. */
  tls?: RedisTls | boolean | undefined;
  /**
   * How many replicas must have confirmed an entry before anybody is told of it (Redis's WAIT). Default 0: none, and a
   * failover can lose what was told.
   */
  waitReplicas?: number | undefined;
}

/** Who keeps a connection to Redis says where it is by an address, or by a door that others use, too. */
export type RedisAddress = { url: string } | { locator: RedisLocator };

/** @throws TypeError, which says what is wrong, when the options contradict each other */
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

/** The door that was given, or one to the address that was. */
export const locatorOf = (address: RedisAddress): RedisLocator =>
  'locator' in address ? address.locator : new FixedLocator(parseRedisUrl(address.url));

/** One Redis, always at the same place. */
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
