import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyGame } from '../../shared/contract.ts';
import { ConfigError } from '../config.ts';
import type { Authenticate } from '../gateway/handshake.ts';
import type { EffectHandler } from '../rooms/actor/effect-table.ts';
import type { FreshImporter } from './fresh-import.ts';
import { enableTypeScript } from './typescript-loader.ts';

/** Effect handlers by game and effect. */
export type Effects = Readonly<Record<string, Readonly<Record<string, EffectHandler>>>>;

/** What a games file exports. */
export interface GamesFile {
  readonly games: readonly AnyGame[];
  readonly effects: Effects;
  readonly authenticate: Authenticate | undefined;
}

/**
 * Imports a file that exports games, and optionally `effects` and `authenticate`.
 * @param importer imports it as it is now, also if it was imported before
 * @throws ConfigError when the file cannot be imported or exports no game
 */
export async function loadGamesFile(file: string, importer?: FreshImporter): Promise<GamesFile> {
  const path = resolve(file);
  if (!existsSync(path)) throw new ConfigError(`${file}: there is no such file`);
  await enableTypeScript(path);
  let exported: Record<string, unknown>;
  try {
    exported = importer
      ? await importer.import(path)
      : ((await import(pathToFileURL(path).href)) as Record<string, unknown>);
  } catch (error) {
    throw new ConfigError(`${file} could not be loaded:\n${textOf(error)}`);
  }
  return readGamesFile(file, exported);
}

/** Stack lines of the author's own code; the message alone if it already says where. */
const textOf = (error: unknown): string =>
  error instanceof Error
    ? (error.stack ?? error.message).replace(/^\s+at .*(node:|node_modules).*\n?/gm, '')
    : String(error);

/**
 * Every exported game counts: by any name, as the default export, or in an array or a Map's values.
 * @throws ConfigError
 */
export function readGamesFile(file: string, exported: Readonly<Record<string, unknown>>): GamesFile {
  const { effects = {}, authenticate, ...rest } = exported;
  // CommonJS: `module.exports` is the default export, and its fields are exports, too.
  const inDefault = isRecord(rest['default']) && !isGame(rest['default']) ? Object.values(rest['default']) : [];
  const games = [...new Set([...Object.values(rest), ...inDefault].flatMap(gamesIn))];
  if (games.length === 0)
    throw new ConfigError(
      `${file}: it exports no game. Export what contract(…).rules(…) returns: export const game = race.rules({ … })`,
    );
  const names = games.map(game => game.contract.name);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw new ConfigError(`${file}: it exports two games with the name '${repeated}'`);
  if (!isRecord(effects))
    throw new ConfigError(`${file}: effects must be an object: { '${names[0]}': { name: async (data, about) => … } }`);
  const strange = Object.keys(effects).find(name => !names.includes(name));
  if (strange !== undefined)
    throw new ConfigError(`${file}: effects: there is no game '${strange}', only ${names.join(', ')}`);
  if (authenticate !== undefined && typeof authenticate !== 'function')
    throw new ConfigError(`${file}: authenticate must be a function`);
  return { games, effects: effects as Effects, authenticate: authenticate as Authenticate | undefined };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isGame = (value: unknown): value is AnyGame =>
  isRecord(value) && isRecord(value['rules']) && isRecord(value['contract']) && isRecord(value['contract']['def']);

function gamesIn(value: unknown): AnyGame[] {
  if (isGame(value)) return [value];
  if (Array.isArray(value)) return value.filter(isGame);
  return value instanceof Map ? [...(value as Map<unknown, unknown>).values()].filter(isGame) : [];
}
