import { readConfig, redisOptionsOf, storeOptionsOf, type Config } from './config.ts';
import type { FileStoreOptions } from './file-backend.ts';
import { createLog } from './ops/log.ts';
import type { Log } from './runtime/ports.ts';
import type { RedisOptions } from './store/redis-locator.ts';

/** What the environment says: options of `createServer`, and where to listen. A setting that is not set is undefined. */
export interface EnvironmentOptions {
  /** PORT; 3000 if it is not set. For `listen`. */
  port: number;
  /** HOST; 0.0.0.0 if it is not set. For `listen`. */
  host: string;
  /** NODE_NAME; `node` if it is not set. */
  name: string;
  /** REJOIN_SECRET. */
  secret: string | undefined;
  /** REDIS_URL, or REDIS_SENTINELS and the other REDIS_ settings. */
  redis: RedisOptions | undefined;
  /** STORE, DATA_DIR and DATA_SYNC; undefined with Redis. */
  store: 'memory' | FileStoreOptions | undefined;
  /** KEY_PREFIX; `rejoin:` if it is not set. */
  keyPrefix: string;
  /** BASE_PATH. */
  path: string | undefined;
  /** ORIGINS. */
  origins: readonly string[];
  /** TRUST_PROXY. */
  trustProxy: string | undefined;
  /** METRICS_TOKEN. */
  metricsToken: string | undefined;
  /** OPERATOR_TOKEN. */
  operatorToken: string | undefined;
  /** HANG_AFTER_MS; null: never. */
  hangAfter: number | null;
  /** DEV. */
  dev: boolean;
  /** Logs JSON lines to stdout at LOG_LEVEL. */
  log: Log;
}

/**
 * Reads the settings that the command `rejoin start` reads, for a server in your own code.
 * @param env default: `process.env`
 * @throws ConfigError that lists everything that is wrong with the settings
 * @example
 * ```ts
 * const { port, host, ...options } = optionsFromEnv()
 * const server = await createServer({ games: [raceGame], ...options })
 * await server.listen(port, host)
 * ```
 */
export function optionsFromEnv(env: Readonly<Record<string, string | undefined>> = process.env): EnvironmentOptions {
  const config = readConfig(env);
  return optionsFromConfig(config, createLog(config.NODE_NAME, config.LOG_LEVEL));
}

/** @throws ConfigError when a file that a setting names cannot be read */
export function optionsFromConfig(config: Config, log: Log): EnvironmentOptions {
  return {
    port: config.PORT,
    host: config.HOST,
    name: config.NODE_NAME,
    secret: config.REJOIN_SECRET,
    redis: redisOptionsOf(config),
    store: storeOptionsOf(config),
    keyPrefix: config.KEY_PREFIX,
    path: config.BASE_PATH,
    origins: config.ORIGINS,
    trustProxy: config.TRUST_PROXY,
    metricsToken: config.METRICS_TOKEN,
    operatorToken: config.OPERATOR_TOKEN,
    hangAfter: config.HANG_AFTER_MS,
    dev: config.DEV ?? false,
    log,
  };
}

/** The options of a server that settings correspond to. */
type GivenOptions = { readonly [K in keyof EnvironmentOptions | 'redisUrl']?: unknown };

/** Names that belong to Rejoin beyond doubt. PORT, ORIGINS or DEV may be meant for the host's own code. */
const optionsBySetting: readonly (readonly [setting: RegExp, options: readonly (keyof GivenOptions)[]])[] = [
  [/^REDIS_(URL|SENTINELS)$/, ['redis', 'redisUrl']],
  [/^REJOIN_SECRET$/, ['secret']],
  [/^KEY_PREFIX$/, ['keyPrefix']],
  [/^TRUST_PROXY$/, ['trustProxy']],
  [/^METRICS_TOKEN$/, ['metricsToken']],
  [/^OPERATOR_TOKEN$/, ['operatorToken']],
  [/^HANG_AFTER_MS$/, ['hangAfter']],
];

/** Settings that are set although the corresponding option of `createServer` is not. */
export function ignoredSettings(
  env: Readonly<Record<string, string | undefined>>,
  options: GivenOptions,
): readonly string[] {
  return Object.keys(env)
    .filter(name => {
      if ((env[name] ?? '') === '') return false;
      const [, counterparts] = optionsBySetting.find(([setting]) => setting.test(name)) ?? [];
      return counterparts?.every(option => options[option] === undefined) ?? false;
    })
    .sort();
}
