import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../config.ts';
import { parseCommand, helpOf, type CommandSpec } from './command-line.ts';
import { loadGamesFile, type Effects, type GamesFile } from './games-file.ts';
import { loggingEffects } from './logging-effects.ts';
import { runServer } from './run-server.ts';

export const spec: CommandSpec = {
  name: 'start',
  summary: 'Runs one node in production. Its settings come from the environment: PORT, REDIS_URL, REJOIN_SECRET, …',
  file: './games.js',
  options: {
    page: { value: 'FOLDER', help: 'serve the files of this folder at /' },
    'local-cluster': { value: 'LABEL', help: '', hidden: true }, // by `rejoin cluster`
  },
  notes: [
    'The file exports games, and if they need them `effects` and `authenticate`.',
    'Settings and exit codes: docs/operations.md.',
  ],
};

/** `rejoin start` */
export async function run(args: readonly string[]): Promise<void> {
  const line = parseCommand(spec, args);
  if (line === 'help') return void process.stdout.write(helpOf(spec));
  const pageFolder = pageFolderOf(line.text('page'));
  const file = await loadGamesFile(line.file);
  const { games, authenticate } = file;
  const effects = line.text('local-cluster') === undefined ? () => file.effects : withLoggedEffects(file);
  await runServer({ games, effects, authenticate, pageFolder, terminal: false, env: process.env });
}

/** @throws ConfigError when there is no page in it */
export function pageFolderOf(folder: string | undefined): string | null {
  if (folder === undefined) return null;
  const path = resolve(folder);
  if (!existsSync(path)) throw new ConfigError(`--page: there is no folder ${folder}`);
  return path;
}

/** The file's handlers, and for effects without one, a handler that only logs the request. */
export const withLoggedEffects =
  ({ games, effects }: GamesFile) =>
  (log: Parameters<typeof loggingEffects>[1]): Effects =>
    Object.fromEntries(
      Object.entries(loggingEffects(games, log)).map(([game, logged]) => [game, { ...logged, ...effects[game] }]),
    );
