import type { AnyGame } from '../../shared/contract.ts';
import type { Log } from '../runtime/ports.ts';
import { buildDevPage, buildPage, pageFolder } from './build-page.ts';
import { buildSdk } from './build-sdk.ts';
import { exitOnError } from './exit-on-error.ts';
import { helpOf, parseCommand, type CommandSpec } from './command-line.ts';
import type { Effects } from './games-file.ts';
import { loggingEffects } from './logging-effects.ts';
import { runServer } from './run-server.ts';

const spec: CommandSpec = {
  name: 'node',
  summary:
    'A node of Rejoin with given games, in the repository. Its settings come from the environment, such as PORT=3001.',
  file: '',
  options: {
    embedded: { help: 'for use at a terminal: builds the page and prints its address (used by npm start)' },
    dev: { help: 'as DEV=1: the page for authors, at /dev/' },
  },
};

/**
 * Runs one node of this repository as a process, with its demo page. A package user's process is `rejoin start`.
 * @param effects effect handlers of the games; by default requests are only logged
 */
export async function runNode(
  games: readonly AnyGame[],
  effects: (games: readonly AnyGame[], log: Log) => Effects = loggingEffects,
): Promise<void> {
  try {
    // The local cluster adds an argument that makes the process recognizable.
    const line = parseCommand(spec, ['-', ...process.argv.slice(2).filter(arg => arg.startsWith('-'))]);
    if (line === 'help') return void process.stdout.write(helpOf(spec));
    const terminal = line.isSet('embedded');
    await runServer({
      games,
      effects: log => effects(games, log),
      pageFolder,
      terminal,
      env: { ...process.env, ...(line.isSet('dev') ? { DEV: '1' } : {}) },
      prepare: async ({ DEV }) => {
        if (!terminal) return;
        await Promise.all([buildPage(), buildSdk()]);
        if (DEV) await buildDevPage();
      },
    });
  } catch (error) {
    exitOnError(error);
  }
}
