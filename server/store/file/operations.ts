import type { LastHeartbeat } from '../store.ts';

/** One write to the database. Tuples, because each is copied to another thread. */
export type WriteOperation =
  | [kind: 'record', room: string, json: string]
  | [kind: 'snapshot', room: string, text: string]
  | [kind: 'entry', room: string, seq: number, text: string]
  /** Drops the entries before `first`. */
  | [kind: 'trim', room: string, first: number]
  | [kind: 'part', room: string, match: number, text: string, expires: number]
  | [kind: 'extend-parts', room: string, match: number, expires: number]
  | [kind: 'drop-parts', room: string, match: number]
  | [kind: 'replay', room: string, match: number, text: string, expires: number]
  | [kind: 'drop-replay', room: string, match: number]
  | [kind: 'call', key: string, json: string, until: number]
  | [kind: 'heartbeat', node: string, at: number, json: string]
  /** Removes a room, except its recordings, which have an expiry of their own. */
  | [kind: 'drop', room: string]
  /** Removes what has expired at `now`. */
  | [kind: 'clean', now: number];

/** One read. It sees the writes before it, and none after it. */
export type ReadOperation =
  | [kind: 'texts', room: string]
  | [kind: 'parts', room: string, match: number, now: number]
  | [kind: 'kept-replay', room: string, match: number, now: number];

export type Operation = WriteOperation | ReadOperation;

/** Reply to `texts`. */
export interface RoomTexts {
  snapshot: string;
  entries: string[];
}

/** What the database held when it was opened. */
export interface StoredFacts {
  /** `seq`: that of the last entry. `hangs`: reports of the hang detector about runs after that entry, as JSON. */
  rooms: { id: string; json: string; seq: number; hangs: string[] }[];
  calls: { key: string; json: string; until: number }[];
  heartbeats: { node: string; heartbeat: LastHeartbeat }[];
}

/** How soon a commit reaches the disk: within about a second, or before it is acknowledged. */
export type FileSync = 'everysec' | 'always';

/** Settings of the database thread. */
export interface DatabaseSettings {
  file: string;
  sync: FileSync;
  /** How long a locked file is tried again, ms. */
  lockPatience: number;
  /** Maximum number of pages, for tests of a full disk. */
  maxPages?: number | undefined;
}

export type DatabaseRequest =
  /** All operations in one transaction. */
  | { id: number; operations: readonly Operation[] }
  /** Checks that the database accepts writes, and reads it again. */
  | { id: number; reload: true }
  | { id: number; close: true };

/** `results`: those of the reads, in order. */
export type DatabaseReply =
  | { id: number; results: readonly unknown[] }
  | { id: number; facts: StoredFacts }
  | { id: number; closed: true }
  | { id: number; failed: DatabaseFailure };

/** Why a request failed. Nothing of it was written, unless `unclear`. */
export interface DatabaseFailure {
  /** SQLite's name of the error, such as SQLITE_FULL; '' if it has none. */
  code: string;
  message: string;
  unclear: boolean;
}

/** Sent by the hang detector's thread. `report`: JSON; null withdraws. The reply is 'ok' or 'seq', or an error's text. */
export interface HangReportRequest {
  id: number;
  room: string;
  seq: number;
  run: string;
  report: string | null;
}
