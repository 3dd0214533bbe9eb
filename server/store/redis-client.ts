import { readFileSync } from 'node:fs';
import { createClient, type RedisClientType } from 'redis';

export type RedisClient = RedisClientType;

/** What a TLS connection needs beyond what the machine trusts anyway. PEM texts. */
export interface RedisTls {
  /** Whose signature on the server's certificate is believed. */
  ca?: string | undefined;
  /** The client's own certificate and its key, where Redis asks for them (`tls-auth-clients yes`, its default). */
  cert?: string | undefined;
  key?: string | undefined;
  /** The name in the server's certificate, where it is not the host that is connected to. */
  servername?: string | undefined;
}

/** One Redis to connect to, and as whom. */
export interface RedisTarget {
  host: string;
  port: number;
  user?: string | undefined;
  password?: string | undefined;
  database?: number | undefined;
  tls?: RedisTls | boolean | undefined;
}

/** What a redis:// or rediss:// address says. @throws TypeError when it is no such address */
export function targetOf(url: string, tls?: RedisTls): RedisTarget {
  const { hostname, port, protocol, username, password, pathname } = new URL(url);
  const database = pathname.length > 1 ? Number(pathname.slice(1)) : 0;
  if (!/^rediss?:$/.test(protocol) || hostname === '' || !Number.isInteger(database)) throw new TypeError('not an address of Redis: redis://[user:password@]host[:port][/database], or rediss:// for TLS');
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 6379 : Number(port), database,
    user: username === '' ? undefined : decodeURIComponent(username), password: password === '' ? undefined : decodeURIComponent(password),
    tls: protocol === 'rediss:' && (tls ?? true),
  };
}

/** Reads the files that name what a TLS connection needs. @throws when one cannot be read */
export function readTls(files: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined; servername?: string | undefined }): RedisTls {
  const text = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8'));
  return { ca: text(files.ca), cert: text(files.cert), key: text(files.key), servername: files.servername };
}

/**
 * One connection to one Redis, not open yet. Nothing waits in a queue while it is away: an append that is sent later than
 * it was decided, or a broadcast that nobody needs any more, does harm. It does not reconnect: after a break the place to
 * be may be another; redis-line.ts sees to that.
 */
export function newClient(target: RedisTarget, name: string): RedisClient {
  const { host, port, user, password, database = 0, tls = false } = target;
  // An empty servername would be an error; a property that is undefined, for TypeScript, another one.
  const secure = tls === false ? {} : { tls: true as const, ...(typeof tls === 'object' ? Object.fromEntries(Object.entries(tls).filter(([, v]) => v !== undefined)) : {}) };
  return createClient({
    name, database, disableOfflineQueue: true, disableClientInfo: true, maintNotifications: 'disabled',
    ...(user === undefined ? {} : { username: user }), ...(password === undefined ? {} : { password }),
    // The store has deadlines of its own; a signal and a timer for each command would cost more than the command.
    commandOptions: { timeout: 0 },
    socket: { host, port, ...secure, connectTimeout: 1_500, keepAlive: true, keepAliveInitialDelay: 2_000, noDelay: true, reconnectStrategy: false },
  });
}

/** Closes a client whatever state it is in. */
export function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // it was closed already
  }
}
