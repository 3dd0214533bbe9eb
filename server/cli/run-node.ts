import { randomBytes } from 'node:crypto';
import { RedisUnusableError } from '../store/redis-unusable-error.ts';
import { ConfigError, readConfig, redisOptionsOf, type Config } from './config.ts';
import { loggingEffects } from './logging-effects.ts';
import type { AnyGame } from '../../shared/contract.ts';
import { lanUrl } from './lan-url.ts';
import { createLog } from '../ops/log.ts';
import { buildDevPage, buildPage, pageFolder } from './build-page.ts';
import { buildSdk } from './build-sdk.ts';
import { startServer, type RunningServer } from '../server.ts';

/**
 * Runs one node as a process. The only code that reads the environment and handles signals.
 * `--embedded`: for use at a terminal; builds the page and prints its address. `--dev`: as DEV=1.
 * @param effects effect handlers of the games; by default requests are only logged
 */
export async function runNode(
  games: readonly AnyGame[],
  effects: typeof loggingEffects = loggingEffects,
): Promise<void> {
  try {
    await runServer(games, effects);
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    process.exit(78);
  }
}

async function runServer(games: readonly AnyGame[], effects: typeof loggingEffects): Promise<void> {
  readFlags(process.argv.slice(2));
  const embedded = process.argv.includes('--embedded');
  const config = readConfig({ ...process.env, ...(process.argv.includes('--dev') ? { DEV: '1' } : {}) });
  const log = createLog(config.NODE_NAME, embedded && process.env.LOG_LEVEL === undefined ? 'warn' : config.LOG_LEVEL);
  // After an uncaught error the state is undefined. Other nodes claim the rooms.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ error, event }, 'uncaught error, exiting');
      process.exit(70);
    });
  }
  if (embedded) await Promise.all([buildPage(), buildSdk()]);
  if (embedded && config.DEV) await buildDevPage();
  const server = await startServer(
    {
      games,
      dev: config.DEV ?? false,
      effects: effects(games, log),
      log,
      name: config.NODE_NAME,
      secret: config.REJOIN_SECRET ?? randomBytes(32).toString('base64url'),
      redis: redisOptionsOf(config),
      keyPrefix: config.KEY_PREFIX,
      origins: config.ORIGINS,
      path: config.BASE_PATH,
      pageFolder,
      controlPort: config.CONTROL_PORT ?? null,
      publicUrl: config.PUBLIC_URL ?? (embedded ? lanUrl(config.PORT) : null),
      trustProxy: config.TRUST_PROXY,
      metricsToken: config.METRICS_TOKEN,
      hangAfter: config.HANG_AFTER_MS,
      operatorToken: config.OPERATOR_TOKEN,
    },
    { port: config.PORT, host: config.HOST },
  );
  log.info({ port: server.port, store: redisOptionsOf(config) ? 'redis' : 'memory' }, 'listening');
  if (embedded) await printWelcome(server.port, config.DEV ?? false);
  stopOnSignals(server, config, log);
}

/**
 * Parses the flags; exits after `--help`.
 * @throws ConfigError on an unknown flag, which would otherwise be ignored silently
 */
function readFlags(args: readonly string[]): void {
  const flags = args.filter(arg => arg.startsWith('-'));
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(
      'A node of Rejoin. Its settings come from the environment, such as PORT=3001: README.md, "Settings", has all of them.\n\n  --embedded  for use at a terminal: builds the page and prints its address (used by npm start)\n  --dev       as DEV=1: the page for authors, at /dev/\n  --help\n',
    );
    process.exit(0);
  }
  const unknown = flags.find(flag => !['--embedded', '--dev'].includes(flag));
  if (unknown !== undefined)
    throw new ConfigError(`There is no option ${unknown}. Settings come from the environment; see --help.`);
}

function stopOnSignals(server: RunningServer, config: Config, log: ReturnType<typeof createLog>): void {
  let stopping = false;
  const stop = (cause: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ reason: cause }, 'stopping');
    // A node without Redis has no other node to hand rooms to.
    const stopped = redisOptionsOf(config) ? server.drain() : server.close();
    setTimeout(() => process.exit(1), 15_000).unref();
    stopped.then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // The parent process that started this node has exited.
  process.on('disconnect', () => stop('parent process exited'));
}

/** Prints the page's address, also for a phone in the same network. */
async function printWelcome(port: number, dev: boolean): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr');
  const lan = lanUrl(port);
  const lines = ['', `  Rejoin is ready:  http://localhost:${port}`];
  if (lan !== null)
    lines.push(
      `  On your phone:    ${lan}`,
      '',
      ...renderUnicodeCompact(lan, { border: 1 })
        .split('\n')
        .map(l => `  ${l}`),
    );
  if (dev)
    lines.push(
      '',
      `  For authors:      http://localhost:${port}/dev/  (shows what games hide to everybody who reaches this port)`,
    );
  lines.push(
    '',
    '  Ctrl-C stops it. Rooms live in this process: they end with it. For rooms that outlive a node: npm run cluster',
    '',
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The message of an error that the user can fix; the stack of any other. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isUserError =
    error instanceof ConfigError ||
    error instanceof RedisUnusableError ||
    (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  return isUserError ? error.message : (error.stack ?? error.message);
}
