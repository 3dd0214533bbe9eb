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
  /** The rules of the node that answers this request. */
  rules: RulesStatus;
}

/** How the rules of a node in dev mode were last reloaded. */
export interface RulesStatus {
  /** Number of reloads since the start. */
  loads: number;
  /** Time of the last one, ms since 1970; null: none yet. */
  at: number | null;
  /** How long it took once the rules were loaded, and the number of rooms that run under them. */
  ms: number;
  rooms: number;
  /** Why a later reload failed, so that the rules before it still run; null: it did not. */
  problem: string | null;
}

/**
 * What a second run of a room's commands under the current rules gave (GET dev/rooms/<id>/rerun.json). Compared are the
 * document and the events after each entry, up to the first that differs.
 */
export interface RerunReport {
  ok: true;
  /** First entry that was run again; null: none could be. */
  from: number | null;
  /** Last entry that was run again. */
  to: number;
  differs: {
    seq: number;
    /** What led to the entry: names of actions, or kinds of commands such as `timers`. */
    commands: string[];
    /** How the document differs: a change from the journaled one to that of the second run. */
    changes: Changes;
    /** The events of the second run, if they differ. */
    events: Json[] | null;
    /** Rules that failed in the second run. */
    failures: string[];
  } | null;
}
