import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../config.ts';
import type { Log } from '../runtime/ports.ts';
import type { RunningServer } from '../server.ts';
import { helpOf, parseCommand, type CommandSpec } from './command-line.ts';
import { FileWatcher } from './file-watcher.ts';
import { FreshImporter } from './fresh-import.ts';
import { loadGamesFile, type Effects, type GamesFile } from './games-file.ts';
import { runServer } from './run-server.ts';
import { pageFolderOf, withLoggedEffects } from './start.ts';
import { enableTypeScript } from './typescript-loader.ts';

export const spec: CommandSpec = {
  name: 'dev',
  summary: 'Runs one node for the author of a game: the page for authors at /dev/, and new rules when a file changes.',
  file: './game.ts',
  options: {
    page: { value: 'FOLDER', help: 'serve the files of this folder at /' },
    'no-watch': { help: 'keep the rules as they are at the start' },
  },
  notes: [
    'The file exports games. Effects without a handler are only logged. Settings: docs/operations.md.',
    'When a file is saved, running matches continue under the new rules. Rules that fail to load change nothing.',
    'TypeScript is imported with tsx if it is installed, otherwise by Node itself (22.18 or newer).',
  ],
};

/** Set for the process that serves; the one that was started by the author starts it again after a crash. */
const SERVING = 'REJOIN_DEV_SERVING';

/** `rejoin dev` */
export async function run(args: readonly string[]): Promise<void> {
  const line = parseCommand(spec, args);
  if (line === 'help') return void process.stdout.write(helpOf(spec));
  const pageFolder = pageFolderOf(line.text('page'));
  if (line.isSet('no-watch')) return await serve(await loadGamesFile(line.file), pageFolder, null);
  if (process.env[SERVING] === undefined) return await supervise(args);
  const path = resolve(line.file);
  if (!existsSync(path)) throw new ConfigError(`${line.file}: there is no such file`);
  await enableTypeScript(path);
  const importer = new FreshImporter();
  const load = () => loadGamesFile(line.file, importer);
  await serve(await load(), pageFolder, { load, importer });
}

interface Reloading {
  load(): Promise<GamesFile>;
  importer: FreshImporter;
}

async function serve(first: GamesFile, pageFolder: string | null, reloading: Reloading | null): Promise<void> {
  let file = first;
  // Changed in place by a reload: the server looks handlers up when it calls them.
  const effects: Record<string, Effects[string]> = {};
  await runServer({
    games: file.games,
    effects: log => Object.assign(effects, withLoggedEffects(file)(log)),
    ...(file.authenticate ? { authenticate: seen => file.authenticate!(seen) } : {}),
    pageFolder,
    terminal: true,
    env: { ...process.env, DEV: '1' },
    onStarted: (server, log) => {
      if (reloading === null) return;
      reloadOnChange(server, log, reloading, loaded => {
        if ((loaded.authenticate === undefined) !== (first.authenticate === undefined))
          throw new ConfigError('authenticate was added or removed: start rejoin dev again');
        Object.assign(effects, withLoggedEffects(loaded)(log));
        file = loaded;
      });
    },
  });
}

/** Loads the games again whenever one of their files changes. `onLoaded` may refuse them by throwing. */
function reloadOnChange(
  server: RunningServer,
  log: Log,
  { load, importer }: Reloading,
  onLoaded: (file: GamesFile) => void,
): void {
  const watchFiles = () => {
    watcher.add(importer.files);
    process.send?.(importer.files);
  };
  const watcher = new FileWatcher(() => {
    server
      .reload(async () => {
        const file = await load();
        onLoaded(file);
        return file.games;
      })
      .then(
        ({ rooms, ms }) => print(`Rules reloaded in ${ms} ms: ${rooms} ${rooms === 1 ? 'room' : 'rooms'}.`),
        (error: unknown) => print(`Not reloaded; the rules before still run.\n${textOf(error)}`),
      )
      // An import that was added is watched, also one that failed.
      .finally(watchFiles);
  });
  watchFiles();
  log.debug({ files: importer.files }, 'files watched');
}

const print = (text: string): void => void process.stdout.write(`  ${text.replaceAll('\n', '\n  ')}\n`);
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Runs the same command in another process. If that ends by itself, for example because a rule hung, it is started again
 * when a file changes.
 */
async function supervise(args: readonly string[]): Promise<void> {
  for (;;) {
    const { code, signal, files } = await runChild(args);
    // It never served, or was asked to stop.
    if (files.length === 0 || code === 0) return void (process.exitCode = code ?? 1);
    print(`The server has stopped (${signal ?? `exit code ${code}`}). It starts again when a file changes.`);
    await new Promise<void>(changed => {
      const watcher = new FileWatcher(() => {
        watcher.close();
        changed();
      });
      watcher.add(files);
    });
  }
}

function runChild(
  args: readonly string[],
): Promise<{ code: number | null; signal: NodeJS.Signals | null; files: readonly string[] }> {
  return new Promise((resolve, reject) => {
    let files: readonly string[] = [];
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'dev', ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [SERVING]: '1' },
    });
    child.on('message', message => (files = message as readonly string[]));
    // From a terminal, a signal reaches the child as well; from elsewhere only this process.
    const stop = (signal: NodeJS.Signals) => void child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.on(signal, stop);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const handled of signals) process.off(handled, stop);
      resolve({ code, signal, files });
    });
  });
}
