import { relative } from 'node:path';
import type { AnyGame } from '../../shared/contract.ts';
import { readConfig, type Config } from '../config.ts';
import type { Authenticate } from '../gateway/handshake.ts';
import { createLog } from '../ops/log.ts';
import { createPlainLog } from '../ops/plain-log.ts';
import { optionsFromConfig } from '../options-from-env.ts';
import type { Log } from '../runtime/ports.ts';
import { startServer, type RunningServer } from '../server.ts';
import { exitCodes } from './exit-codes.ts';
import type { Effects } from './games-file.ts';
import { lanUrl } from './lan-url.ts';

/** One node as a process. */
export interface ServerRun {
  readonly games: readonly AnyGame[];
  readonly effects: (log: Log) => Effects;
  readonly authenticate?: Authenticate | undefined;
  /** The folder of a page to serve at the root; null: none. */
  readonly pageFolder: string | null;
  /** For use at a terminal: prints the address, and logs only warnings unless LOG_LEVEL is set. */
  readonly terminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs after the settings were read, before the server is created. */
  readonly prepare?: (config: Config) => Promise<void>;
  readonly onStarted?: (server: RunningServer, log: Log) => void;
}

/** Runs one node until a signal. @throws errors for `exitOnError` */
export async function runServer(run: ServerRun): Promise<void> {
  const { terminal } = run;
  const config = readConfig(run.env);
  const log = createCommandLog(config, terminal && (run.env['LOG_LEVEL'] ?? '') === '');
  // After an uncaught error the state is undefined. Other nodes claim the rooms.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ error, event }, 'uncaught error, exiting');
      process.exit(exitCodes.uncaught);
    });
  }
  const { port, host, ...options } = optionsFromConfig(config, log);
  const clustered = options.redis !== undefined;
  let server: RunningServer | null = null;
  stopOnSignals(() => server, clustered, log);
  await run.prepare?.(config);
  server = await startServer(
    {
      ...options,
      games: run.games,
      effects: run.effects(log),
      ...(run.authenticate === undefined ? {} : { authenticate: run.authenticate }),
      pageFolder: run.pageFolder,
      controlPort: config.CONTROL_PORT ?? null,
      publicUrl: config.PUBLIC_URL ?? (terminal ? lanUrl(port) : null),
    },
    { port, host, redisPatience: null },
  );
  log.info({ port: server.port, store: clustered ? 'redis' : (server.file ?? 'memory') }, 'listening');
  run.onStarted?.(server, log);
  if (terminal) await printWelcome(server, { dev: options.dev, hasPage: run.pageFolder !== null, clustered });
}

function createCommandLog(config: Config, quiet: boolean): Log {
  if (quiet && config.DEV) return createPlainLog();
  return createLog(config.NODE_NAME, quiet ? 'warn' : config.LOG_LEVEL);
}

/** @param running null while the server starts, for example while it waits for Redis */
function stopOnSignals(running: () => RunningServer | null, clustered: boolean, log: Log): void {
  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'stopping');
    const server = running();
    if (server === null) process.exit(0);
    // A node without Redis has no other node to hand rooms to.
    const stopped = clustered ? server.drain() : server.close();
    setTimeout(() => process.exit(exitCodes.failed), 15_000).unref();
    stopped.then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error }, 'shutdown failed');
        process.exit(exitCodes.failed);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // The parent process that started this node has exited.
  process.on('disconnect', () => stop('parent process exited'));
}

/** Prints the page's address, also for a phone in the same network. */
async function printWelcome(
  { port, file }: RunningServer,
  { dev, hasPage, clustered }: { dev: boolean; hasPage: boolean; clustered: boolean },
): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr');
  const lan = lanUrl(port);
  const lines = ['', `  Rejoin is ready:  http://localhost:${port}`];
  if (lan !== null) lines.push(`  On your phone:    ${lan}`);
  if (lan !== null && hasPage)
    lines.push(
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
  const rooms = clustered
    ? 'Rooms are kept in Redis.'
    : file === null
      ? 'Rooms are kept in memory: they end with this process.'
      : `Rooms are kept in ${relative('.', file)}: start it again, and matches continue.`;
  lines.push('', `  Ctrl-C stops it. ${rooms}`, '');
  process.stdout.write(`${lines.join('\n')}\n`);
}
