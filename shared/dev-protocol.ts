import type { ContractDef } from './contract.ts';
import type { Changes } from './delta.ts';
import type { Json, JsonObject } from './json.ts';
import type { Position } from './position.ts';

/**
 * A JSON Schema. Null if the schema library has no converter or the schema cannot be expressed; the page then edits the
 * data as text.
 */
export type FormSchema = JsonObject | null;

/** A game as the dev page sees it: enough to play without the contract. */
export interface GameDescription {
  name: string;
  version: number;
  seats: { min: number; max: number };
  start: NonNullable<ContractDef['start']>;
  late: boolean;
  /** The rules have a bot. */
  bots: boolean;
  /** The rules have a view: members may see different things. */
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

/** Sent by servers in dev mode only (GET dev/games.json). */
export interface GamesReply {
  games: GameDescription[];
  /** Where clients connect, on this origin. */
  sockets: { namespace: string; path: string };
  /** Whether guests may connect. False: the server has its own accounts, and clients need a token. */
  guests: boolean;
}

/** One complete journal entry, including hidden state. */
export interface JournalEntry {
  seq: number;
  term: number;
  /** Stored size. */
  bytes: number;
  /** Change of the room's document: { room, state, hidden }. */
  changes: Changes;
  events: { name: string; data: Json; to?: readonly number[] }[];
}

/** A room as its owner holds it. Sent by servers in dev mode only (GET dev/rooms/<id>.json). */
export interface DevRoomReply {
  ok: true;
  /** The room's document, without any view applied. */
  doc: JsonObject;
  place: Position;
  term: number;
  /** The room's clock. */
  now: number;
  /** The node that runs it. */
  owner: string;
  /** Entries after `since` that the owner still has. */
  entries: JournalEntry[];
}
