import { z } from 'zod';
import type { FileStoreOptions } from './file-backend.ts';
import { createAddressReader } from './identity/address.ts';
import { weaknessOf } from './identity/secret-strength.ts';
import { readTls } from './store/redis-target.ts';
import type { RedisOptions } from './store/redis-locator.ts';
import { RejoinError } from '../shared/errors.ts';

const number = (min: number, max: number, otherwise: number) =>
  z.coerce.number().int().min(min).max(max).default(otherwise);
const list = z
  .string()
  .default('')
  .transform(text =>
    text
      .split(',')
      .map(s => s.trim())
      .filter(s => s !== ''),
  );

/** A secret of at least so many bytes that is not easy to guess. */
const secretOf = (least: number) =>
  z
    .string()
    .superRefine((text, context) => {
      const weakness = weaknessOf(text, least);
      if (weakness !== null) context.addIssue(weakness);
    })
    .optional();

const schema = z
  .object({
    /** Port of the page and the sockets; 0: a free one. */
    PORT: number(0, 65_535, 3000),
    HOST: z.string().min(1).default('0.0.0.0'),
    /** Where a node without Redis keeps its rooms. Default: file. */
    STORE: z.enum(['file', 'memory']).optional(),
    /** Folder of that file and of the secret for guest tokens. Default: ./data. */
    DATA_DIR: z.string().min(1).optional(),
    /** How soon that file reaches the disk. Default: everysec. */
    DATA_SYNC: z.enum(['everysec', 'always']).optional(),
    /** redis:// or rediss://. Without Redis, there is one node, with its rooms in STORE. */
    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
    /** host:port of each sentinel, comma-separated; instead of REDIS_URL. */
    REDIS_SENTINELS: list.transform((all, context) =>
      all.flatMap(text => {
        const [, host, port] = /^\[?([^\s[\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
        if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return [{ host, port: Number(port) }];
        context.addIssue('host:port of each sentinel, separated by commas');
        return [];
      }),
    ),
    /** The master's name in the sentinels' configuration. */
    REDIS_MASTER: z.string().min(1).optional(),
    /** Credentials, only with sentinels; REDIS_URL includes them. */
    REDIS_USER: z.string().min(1).optional(),
    REDIS_PASSWORD: z.string().min(1).optional(),
    REDIS_SENTINEL_USER: z.string().min(1).optional(),
    REDIS_SENTINEL_PASSWORD: z.string().min(1).optional(),
    /** Number of replicas that confirm an entry before it is acknowledged. */
    REDIS_WAIT_REPLICAS: number(0, 16, 0),
    /** 1: TLS with sentinels. With REDIS_URL, use rediss:// instead. */
    REDIS_TLS: z
      .enum(['0', '1'])
      .transform(text => text === '1')
      .optional(),
    /** Files (PEM): certificate authorities, and the client's certificate and key. */
    REDIS_TLS_CA: z.string().min(1).optional(),
    REDIS_TLS_CERT: z.string().min(1).optional(),
    REDIS_TLS_KEY: z.string().min(1).optional(),
    NODE_NAME: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,32}$/, 'letters, digits and -, at most 32')
      .default('node'),
    /** Signs guest tokens; must be the same on all nodes. */
    REJOIN_SECRET: secretOf(32),
    /** Prefix of every key and channel in Redis. */
    KEY_PREFIX: z
      .string()
      .regex(/^[A-Za-z0-9:_-]{1,32}$/, 'letters, digits, : _ and -, at most 32')
      .default('rejoin:'),
    /** Path under which everything is hosted, as in https://play.example/game/; clients need the same. */
    BASE_PATH: z
      .string()
      .regex(/^(\/[\w.~-]+)+\/?$/, 'a path such as /game')
      .optional(),
    /** Origins of other pages that may connect, comma-separated; * for all. The node's own page is always allowed. */
    ORIGINS: list,
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
    /** Express's "trust proxy": proxies whose X-Forwarded-For and X-Forwarded-Host are trusted. */
    TRUST_PROXY: z
      .string()
      .superRefine((text, context) => {
        try {
          createAddressReader(text);
        } catch (error) {
          context.addIssue(error instanceof Error ? error.message : String(error));
        }
      })
      .optional(),
    /** Token that /metrics requires. */
    METRICS_TOKEN: secretOf(16),
    /** URL of the page for other machines, for links and QR codes. */
    PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** 1: dev mode; serves the dev page at /dev, which shows hidden state. */
    DEV: z
      .enum(['0', '1'])
      .transform(text => text === '1')
      .optional(),
    /** Ms after which a rule is treated as hung and the process exits; `never` disables the check. */
    HANG_AFTER_MS: z
      .union(
        [z.literal('never').transform(() => null), z.coerce.number().int().min(200).max(600_000)],
        'a number of ms from 200 to 600000, or never',
      )
      .default(1_000),
    /** Token for /operator, where quarantined rooms are listed and released. */
    OPERATOR_TOKEN: secretOf(32),
    NODE_ENV: z.string().optional(),
    /** Set by tools/local-cluster: port of the cluster control on this machine. */
    CONTROL_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  })
  .superRefine(
    (s, context) => {
      const wrong = (path: keyof typeof s, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message });
      const sentinels = (s.REDIS_SENTINELS ?? []).length > 0;
      const redis = s.REDIS_URL !== undefined || sentinels;
      if (redis && s.REJOIN_SECRET === undefined)
        wrong('REJOIN_SECRET', 'is needed with Redis: all nodes must sign with the same secret');
      for (const name of ['STORE', 'DATA_DIR', 'DATA_SYNC'] as const)
        if (s[name] !== undefined && redis) wrong(name, 'goes without Redis, in which rooms are otherwise');
      for (const name of ['DATA_DIR', 'DATA_SYNC'] as const)
        if (s[name] !== undefined && s.STORE === 'memory') wrong(name, 'goes with STORE=file');
      if (s.REDIS_URL !== undefined && sentinels) wrong('REDIS_SENTINELS', 'either this or REDIS_URL, not both');
      for (const name of [
        'REDIS_MASTER',
        'REDIS_USER',
        'REDIS_PASSWORD',
        'REDIS_SENTINEL_USER',
        'REDIS_SENTINEL_PASSWORD',
      ] as const) {
        if (s[name] !== undefined && !sentinels)
          wrong(
            name,
            `goes with REDIS_SENTINELS${/^REDIS_(USER|PASSWORD)$/.test(name) ? '; without, it is part of REDIS_URL' : ''}`,
          );
      }
      if (s.REDIS_WAIT_REPLICAS > 0 && !redis) wrong('REDIS_WAIT_REPLICAS', 'needs REDIS_URL or REDIS_SENTINELS');
      const tls = s.REDIS_URL?.startsWith('rediss:') === true || (sentinels && s.REDIS_TLS === true);
      if (s.REDIS_TLS && !tls)
        wrong('REDIS_TLS', redis ? 'use a rediss:// address in REDIS_URL instead' : 'there is no Redis');
      for (const name of ['REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY'] as const)
        if (s[name] !== undefined && !tls) wrong(name, 'needs TLS: REDIS_TLS=1, or a rediss:// address');
      if ((s.REDIS_TLS_CERT === undefined) !== (s.REDIS_TLS_KEY === undefined))
        wrong('REDIS_TLS_KEY', 'a certificate and its key go together');
    },
    {
      when: () => true, // also after other issues, so that all are reported at once
    },
  )
  .refine(s => !s.DEV || s.NODE_ENV !== 'production', {
    path: ['DEV'],
    message: 'is not allowed when NODE_ENV is production: it shows hidden state to everyone',
    when: () => true,
  });

export type Config = z.output<typeof schema>;

/** Invalid settings. The message lists every problem, but no values. */
export class ConfigError extends RejoinError {
  override readonly name = 'ConfigError';
  override readonly code = 'bad-config';
}

/** Reads the settings from an environment. @throws ConfigError with all problems */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, v]) => v !== undefined && v !== ''));
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new ConfigError(
    `The settings are wrong:\n${read.error.issues.map(i => `  ${i.path.join('.')}: ${i.message}`).join('\n')}`,
  );
}

/** Where rooms are without Redis; undefined with Redis. */
export function storeOptionsOf(config: Config): 'memory' | FileStoreOptions | undefined {
  if (config.REDIS_URL !== undefined || config.REDIS_SENTINELS.length > 0) return undefined;
  return config.STORE === 'memory' ? 'memory' : { folder: config.DATA_DIR, sync: config.DATA_SYNC };
}

/**
 * The Redis options of these settings; undefined: no Redis.
 * @throws ConfigError when a file cannot be read
 */
export function redisOptionsOf(config: Config): RedisOptions | undefined {
  const { REDIS_URL: url, REDIS_SENTINELS: sentinels, REDIS_WAIT_REPLICAS: waitReplicas } = config;
  if (url === undefined && sentinels.length === 0) return undefined;
  const files = { ca: config.REDIS_TLS_CA, cert: config.REDIS_TLS_CERT, key: config.REDIS_TLS_KEY };
  let tls: RedisOptions['tls'] = config.REDIS_TLS;
  if (Object.values(files).some(file => file !== undefined)) {
    try {
      tls = readTls(files);
    } catch (error) {
      throw new ConfigError(
        `The settings are wrong:\n  REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  if (url !== undefined) return { url, tls, waitReplicas };
  return {
    sentinels,
    master: config.REDIS_MASTER,
    user: config.REDIS_USER,
    password: config.REDIS_PASSWORD,
    sentinelUser: config.REDIS_SENTINEL_USER,
    sentinelPassword: config.REDIS_SENTINEL_PASSWORD,
    tls,
    waitReplicas,
  };
}
