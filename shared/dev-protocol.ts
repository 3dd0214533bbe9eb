import type { ContractDef } from './contract.ts';
import type { Changes } from './delta.ts';
import type { Json, JsonObject } from './json.ts';
import type { Position } from './position.ts';

/**
 * What a server in dev mode tells the page for authors (GET dev/games.json, dev/rooms/<id>.json). Nothing of it exists
 * otherwise.
 */

/**
 * A JSON Schema; null where the schema library has no converter, or JSON Schema cannot say it: then data are written as
 * text.
 */
export type FormSchema = JsonObject | null;

/** A game, as far as a page can act in it without its contract. */
export interface GameDescription {
  name: string;
  version: number;
  seats: { min: number; max: number };
  start: NonNullable<ContractDef['start']>;
  late: boolean;
  /** Its rules have a bot. */
  bots: boolean;
  /** Its rules have a view: not everybody sees the same. */
  views: boolean;
  teams: string[];
  tick: number | null;
  clocks: string[];
  refusals: string[];
  options: FormSchema;
  actions: Record<string, FormSchema>;
  signals: Record<string, FormSchema>;
  events: Record<string, FormSchema>;
  inputs: Record<string, { kind: 'held'; schema: FormSchema } | { kind: 'pressed' }>;
}

export interface GamesReply {
  games: GameDescription[];
  /** Where clients connect to, on this origin. */
  sockets: { namespace: string; path: string };
  /** Anybody may come as a guest; false: the server has its own accounts, and clients need a token. */
  guests: boolean;
}

/** One entry of the journal, whole: also what no client may see. */
export interface JournalEntry {
  seq: number;
  term: number;
  /** Size as it is stored. */
  bytes: number;
  /** Of the room's document: { room, state, hidden }. */
  changes: Changes;
  events: { name: string; data: Json; to?: readonly number[] }[];
}

/** A room as its owner holds it. */
export interface DevRoomReply {
  ok: true;
  /** The room's document, unviewed. */
  doc: JsonObject;
  place: Position;
  term: number;
  /** The room's clock. */
  now: number;
  /** The node that runs it. */
  owner: string;
  /** Entries after `since`, of those that are still at hand. */
  entries: JournalEntry[];
}
