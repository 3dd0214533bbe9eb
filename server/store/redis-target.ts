import { readFileSync } from 'node:fs';

/** TLS settings beyond the system defaults. PEM texts. */
export interface RedisTls {
  /** Certificate authorities that are trusted, besides those of the system. */
  ca?: string | undefined;
  /** The client's certificate and key, if Redis requires them (`tls-auth-clients yes`, its default). */
  cert?: string | undefined;
  key?: string | undefined;
  /** The name in the server's certificate, if it differs from the host. */
  servername?: string | undefined;
}

/** One Redis server and the credentials for it. */
export interface RedisTarget {
  host: string;
  port: number;
  user?: string | undefined;
  password?: string | undefined;
  database?: number | undefined;
  tls?: RedisTls | boolean | undefined;
}

/** Parses a redis:// or rediss:// URL. @throws TypeError if it is invalid */
export function parseRedisUrl(url: string, tls?: RedisTls): RedisTarget {
  const { hostname, port, protocol, username, password, pathname } = new URL(url);
  const database = pathname.length > 1 ? Number(pathname.slice(1)) : 0;
  if (!/^rediss?:$/.test(protocol) || hostname === '' || !Number.isInteger(database))
    throw new TypeError(
      'invalid Redis URL: expected redis://[user:password@]host[:port][/database], or rediss:// for TLS',
    );
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    database,
    user: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    tls: protocol === 'rediss:' && (tls ?? true),
  };
}

/**
 * Reads certificate files into `RedisTls`.
 * when a file cannot be read
 * @example
 * ```ts
 * const server = await createServer({
 *   games: [raceGame], secret: process.env.SECRET,
 *   redis: { url: 'rediss://redis.example:6380', tls: readTls({ ca: '/etc/rejoin/ca.pem' }) },
 * })
 * ```
 */
export function readTls(files: {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  servername?: string | undefined;
}): RedisTls {
  const text = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8'));
  return { ca: text(files.ca), cert: text(files.cert), key: text(files.key), servername: files.servername };
}
