import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { Phase } from '../../shared/protocol.ts';
import { strictJson } from '../../shared/strict-json.ts';
import { canonicalJson } from '../rooms/core/canonical-json.ts';
import { termOf, type FoundRoom, type RoomTerm } from '../rooms/actor/room-index.ts';
import type { Store } from '../store/store.ts';

/** Which rooms `server.rooms.list` finds: those that satisfy all conditions. */
export interface RoomFilter {
  /** A game, by its contract or its name. */
  game?: { readonly name: string } | string;
  /** Default: rooms in all phases. */
  phase?: Phase;
  /** Options that are equal by value; further options of a room do not matter. */
  options?: JsonObject;
  /** Id of a player who holds a seat, also while the player is away. */
  player?: string;
  /** Metadata that are equal; further metadata of a room do not matter. */
  metadata?: Readonly<Record<string, string | number | boolean>>;
  /** Continues after the page that returned it. */
  cursor?: string | null;
  /** Maximum number of rooms of the page, up to 500. Default: 100. */
  limit?: number;
}

/** A page of rooms. */
export interface RoomPage {
  /** May be empty although `cursor` is not null: the search has read 2,000 rooms. */
  rooms: FoundRoom[];
  /** For the next page; null: this is the last one. */
  cursor: string | null;
}

const phases: readonly unknown[] = ['waiting', 'playing', 'ended', 'quarantined'] satisfies Phase[];
const fields = ['game', 'phase', 'options', 'player', 'metadata', 'cursor', 'limit'] satisfies (keyof RoomFilter)[];
/** What a cursor may be: an id. */
const idPattern = /^[\w-]{1,128}$/;

interface Query {
  /** The condition that is expected to hold for the fewest rooms. */
  term: RoomTerm;
  matches(room: FoundRoom): boolean;
  after: string;
  limit: number;
}

/** Reads a page of rooms from the index of the store (SPEC X8). @throws TypeError if the filter is invalid; StoreError */
export async function searchRooms(store: Store, filter: RoomFilter): Promise<RoomPage> {
  const { term, matches, after, limit } = readFilter(filter);
  const key = termOf(term);
  const rooms: FoundRoom[] = [];
  let cursor: string | null = after;
  for (let lines = 0; cursor !== null && rooms.length < limit && lines < limits.roomsFound.lines;) {
    const most = Math.min(Math.max(limit - rooms.length, 50), limits.roomsFound.lines - lines);
    const page = await store.indexed(key, cursor, most);
    lines += most;
    for (const { id, text } of page.rooms) {
      if (rooms.length >= limit) break;
      cursor = id;
      const room = JSON.parse(text) as FoundRoom;
      if (matches(room)) rooms.push(room);
    }
    if (rooms.length < limit || page.rooms.at(-1)?.id === cursor) cursor = page.next;
  }
  return { rooms, cursor };
}

function readFilter(filter: RoomFilter): Query {
  const unknown = Object.keys(filter).find(key => !(fields as string[]).includes(key));
  if (unknown !== undefined) throw new TypeError(`there is no filter '${unknown}': ${fields.join(', ')}`);
  const { phase, player, cursor, limit = 100 } = filter;
  const game = typeof filter.game === 'object' ? filter.game.name : filter.game;
  if (game !== undefined && typeof game !== 'string') throw new TypeError('game: a contract, or the name of a game');
  if (phase !== undefined && !phases.includes(phase)) throw new TypeError(`phase: one of ${phases.join(', ')}`);
  if (player !== undefined && (typeof player !== 'string' || player === ''))
    throw new TypeError("player: a player's id");
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > limits.roomsFound.page)
    throw new TypeError(`limit: a whole number from 1 to ${limits.roomsFound.page}`);
  if (cursor !== undefined && cursor !== null && !(typeof cursor === 'string' && idPattern.test(cursor)))
    throw new TypeError('cursor: must come from an earlier page');
  const options = conditions('options', filter.options);
  const metadata = conditions('metadata', filter.metadata);
  const terms: (RoomTerm | false)[] = [
    player !== undefined && ['player', player],
    ...metadata.map(([name, value]) => ['metadata', name, value] as const),
    ...options.map(([name, value]) => ['option', name, value] as const),
    game !== undefined && (phase === undefined ? ['game', game] : ['game', game, phase]),
    phase !== undefined && ['phase', phase],
  ];
  return {
    term: terms.find(term => term !== false) ?? ['all'],
    matches: room =>
      (game === undefined || room.game === game) &&
      (phase === undefined || room.phase === phase) &&
      (player === undefined || room.players.includes(player)) &&
      options.every(([name, value]) => hasValue(room.options, name, value)) &&
      metadata.every(([name, value]) => hasValue(room.metadata ?? {}, name, value)),
    after: cursor ?? '',
    limit,
  };
}

/** Names and values, as canonical JSON. */
function conditions(field: string, given: unknown): [name: string, value: string][] {
  if (given === undefined) return [];
  const values = strictJson(given, field);
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new TypeError(`${field}: must be an object`);
  return Object.entries(values).map(([name, value]) => [name, canonicalJson(value)]);
}

const hasValue = (values: Readonly<Record<string, Json>>, name: string, value: string): boolean =>
  Object.hasOwn(values, name) && canonicalJson(values[name]!) === value;
