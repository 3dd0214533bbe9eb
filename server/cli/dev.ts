import { spawn } from 'node:child_process';
import { helpOf, parseCommand, type CommandSpec } from './command-line.ts';
import { loadGamesFile } from './games-file.ts';
import { runServer } from './run-server.ts';
import { pageFolderOf, withLoggedEffects } from './start.ts';

export const spec: CommandSpec = {
  name: 'dev',
  summary: 'Runs one node for the author of a game: the page for authors at /dev/, and a restart when a file changes.',
  file: './game.ts',
  options: {
    page: { value: 'FOLDER', help: 'serve the files of this folder at /' },
    'no-watch': { help: 'do not restart when a file changes' },
  },
  notes: [
    'The file exports games. Effects without a handler are only logged. Settings: docs/operations.md.',
    'TypeScript is imported with tsx if it is installed, otherwise by Node itself (22.18 or newer).',
  ],
};

/** Set for the process that serves; the one that was started by the author watches it. */
const SERVING = 'REJOIN_DEV_SERVING';

/** `rejoin dev` */
export async function run(args: readonly string[]): Promise<void> {
  const line = parseCommand(spec, args);
  if (line === 'help') return void process.stdout.write(helpOf(spec));
  const pageFolder = pageFolderOf(line.text('page'));
  if (!line.isSet('no-watch') && process.env[SERVING] === undefined) return await watch(args);
  const file = await loadGamesFile(line.file);
  await runServer({
    games: file.games,
    effects: withLoggedEffects(file),
    authenticate: file.authenticate,
    pageFolder,
    terminal: true,
    env: { ...process.env, DEV: '1' },
  });
}

/** Runs the same command in a process that Node restarts when a file changes that it has imported. */
function watch(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...process.execArgv, '--watch', '--watch-preserve-output', process.argv[1]!, 'dev', ...args],
      { stdio: 'inherit', env: { ...process.env, [SERVING]: '1' } },
    );
    // From a terminal, a signal reaches the child as well; from elsewhere only this process.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('exit', code => {
      process.exitCode = code ?? 0;
      resolve();
    });
  });
}
