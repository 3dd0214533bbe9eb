import type { GameDescription } from '../../shared/dev-protocol.ts';
import type { JsonObject } from '../../shared/json.ts';

/** What an author looks at. It is kept in the URL, so that a reload starts with the same. */
export interface Setup {
  game: string;
  seats: number;
  bots: number;
  /** Whether to add a client without a seat. */
  spectator: boolean;
  options: JsonObject;
  /** One token per client, if the server has accounts of its own. */
  tokens: string[];
  /** Whether to start at once. */
  go: boolean;
}

export const setupFor = (game: GameDescription): Setup => ({
  game: game.name,
  seats: game.start === 'full' ? game.seats.max : Math.min(Math.max(2, game.seats.min), game.seats.max),
  bots: 0,
  spectator: false,
  options: {},
  tokens: [],
  go: false,
});

/** @returns null if the URL names none of these games */
export function readSetup(hash: string, games: readonly GameDescription[]): Setup | null {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const game = games.find(g => g.name === said.get('game'));
  if (!game) return null;
  const otherwise = setupFor(game);
  const count = (key: string, fallback: number) =>
    Math.min(Math.max(0, Math.floor(Number(said.get(key) ?? fallback)) || 0), game.seats.max);
  return {
    ...otherwise,
    seats: Math.max(1, count('seats', otherwise.seats)),
    bots: count('bots', 0),
    spectator: said.get('spectator') === '1',
    options: readOptions(said.get('options')),
    go: said.get('go') === '1',
  };
}

function readOptions(text: string | null): JsonObject {
  try {
    const value = JSON.parse(text ?? '{}') as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {}; // the URL was edited by hand
  }
}

/** Tokens are left out: URLs are shared. */
export function hashOf({ game, seats, bots, spectator, options, go }: Setup): string {
  const said = new URLSearchParams({ game, seats: String(seats), bots: String(bots) });
  if (spectator) said.set('spectator', '1');
  if (Object.keys(options).length > 0) said.set('options', JSON.stringify(options));
  if (go) said.set('go', '1');
  return `#${said.toString()}`;
}
