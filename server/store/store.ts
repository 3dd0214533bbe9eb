import { RejoinError } from '../../shared/errors.ts';
import type { TermStarts } from '../../shared/position.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import type { NodeMessage } from '../runtime/ports.ts';

/**
 * Storage of rooms. There are two implementations; one contract suite (test/unit/store) runs on both.
 * A room consists of a *fence* (token, term, owner), a *journal* (entries, numbered by seq without gaps), a *snapshot*
 * at some seq, and indexed facts (code, summary, due time). Each write to a room is one atomic step.
 * Guarantees:
 *  1. `append` writes only if the token matches and `seq` is exactly one more than the last. So a node that lost the
 *     room cannot write, and a command that is sent twice writes once.
 *  2. A term is never assigned twice, even if the store lost a claim: a term is at least the store's clock.
 *  3. When a call throws StoreError, `applied` tells whether it may have been executed.
 *  4. Reads after an `ok` see the write.
 */
export interface Store {
  /**
   * Creates a room without an owner. On 'exists' or an exceeded quota nothing changes; 'exists' is checked first.
   * @throws StoreError
   */
  create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota>;
  /**
   * Quick join in one atomic step: finds an open room for a player or creates the prepared one, and reserves a seat in
   * it. See `FindOrCreate` for the order in which rooms are tried.
   * @throws StoreError
   */
  findOrCreate(request: FindOrCreate): Promise<Found>;
  /**
   * Cancels a player's reservation. `pauseMs` > 0: the room is not offered to quick joins for that long. Unknown rooms
   * are ignored.
   */
  withdraw(id: string, player: string, pauseMs: number): Promise<void>;
  /**
   * Cancels a player's reservation, and removes the room if it has no entry and no other live reservation.
   * @returns whether the room is gone
   */
  discard(id: string, player: string): Promise<boolean>;
  /**
   * Makes `node` the owner if the room's token is still `expected` (null: none). The caller names the owner that it has
   * declared dead. `floor`: a term that the caller has seen; the new term is higher.
   */
  claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal>;
  /**
   * Reads a room like a claim, without claiming it, so that a handover target can load it in advance. Null if there is
   * no such room.
   * @throws StoreError
   */
  peek(id: string): Promise<PeekedRoom | null>;
  /**
   * Passes the room to another node, if the token matches, `seq` is the last one, and that node runs the room's game.
   * The new term is computed as for a claim.
   * @throws StoreError
   */
  pass(id: string, pass: PassRequest): Promise<PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' }>;
  append(id: string, append: AppendRequest): Promise<'ok' | 'fenced' | 'seq'>;
  /** Extends the life of an idle room, if the token matches. */
  renew(id: string, token: string, life: Life): Promise<'ok' | 'fenced'>;
  /** Whether an `append` may carry messages in `publish` now. */
  readonly canPublishOnAppend: boolean;
  /**
   * Writes a snapshot and drops entries in the same step.
   */
  snapshot(id: string, snapshot: SnapshotRequest): Promise<'ok' | 'fenced' | 'old'>;
  /** The parts of a match's recording so far, oldest first. */
  replayParts(id: string, match: number): Promise<string[]>;
  /**
   * Stores a recording, and removes its parts and the recording `most` matches before it. A recording outlives its room.
   */
  keepReplay(id: string, match: number, replay: KeptReplay): Promise<void>;
  replay(id: string, match: number): Promise<string | null>;
  /**
   * Releases the room, so that the next claim needs no proof of the owner's death. `quarantine`: the room cannot be
   * run; it is listed as quarantined until its next entry, and is not due before `quarantine.due`.
   */
  release(
    id: string,
    token: string,
    quarantine?: { why: string; since: number; due: number },
  ): Promise<'ok' | 'fenced'>;
  /**
   * Reports that a run of a rule hangs, if `seq` is still the room's last entry. The next claim returns the report,
   * until an entry is appended. The same run (by id) is stored once.
   * No token is required: a node that hangs may have been declared dead and lost the room before it reports. Any entry
   * of the new owner invalidates the report.
   */
  reportHang(id: string, seq: number, blame: HangReport): Promise<'ok' | 'seq'>;
  /** Withdraws a report: the run has ended after all. */
  withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'>;
  /** Quarantined rooms, oldest first. */
  quarantined(most: number): Promise<QuarantinedRoom[]>;
  /** The room's owner; null if there is no such room. */
  owner(id: string): Promise<Owner | null>;
  byCode(code: string): Promise<string | null>;
  /** A room's code; null if there is no such room. */
  codeOf(id: string): Promise<string | null>;
  /** Public rooms, newest first. */
  list(game: string | null, most: number): Promise<RoomSummary[]>;
  /**
   * Rooms due at or before `at` (wall time, ms), longest overdue first, without the first `skip`. Fewer than `most`
   * results mean that there are no more.
   */
  due(at: number, most: number, skip?: number): Promise<{ id: string; at: number }[]>;
  /**
   * Rooms whose last entry shows a connected player, ordered by id, with their owners. `after`: the last id of the
   * previous page, '' for the first page. `next`: the `after` of the next page; null: there is none.
   */
  occupied(after: string, most: number): Promise<OccupiedPage>;
  /**
   * Rooms that are indexed under a term, ordered by id, with the texts of their index records. `after`: the last id of
   * the previous page, '' for the first page. `next`: the `after` of the next page; null: there is none.
   */
  indexed(term: string, after: string, most: number): Promise<IndexedPage>;
  /** Removes a room and its index entries, if the token matches. */
  remove(id: string, token: string): Promise<'ok' | 'fenced'>;
  /** Removes the remains of up to about `most` expired rooms. @returns the number of rooms removed */
  removeExpired(most: number): Promise<number>;
  /** Share of memory in use, from 0 to 1; null if there is no limit or it is unknown. */
  memoryUsage(): Promise<number | null>;
  /** Whether the store accepts writes. */
  probe(): Promise<boolean>;
  /**
   * Calls back when the store may have lost data (restarted, failed over): every owner has to claim its rooms again.
   */
  onIncarnation(changed: () => void): void;
  close(): Promise<void>;
}

export interface NewRoom {
  id: string;
  code: string;
  /** `name@version` of the game: only nodes that run it can claim the room. */
  game: string;
  /** The document as of seq 0. */
  snapshot: string;
  /** Life of the room after its last renewal, ms. */
  life: number;
  /** The room counts towards the quota of each of its makers as long as it lives. */
  makers?: readonly Maker[];
  index?: RoomIndexRecord;
}

/** How the server's own code finds a room: under each of the terms (different; letters, digits, - and _), with a text. */
export interface RoomIndexRecord {
  terms: readonly string[];
  text: string;
}
export interface IndexedPage {
  rooms: { id: string; text: string }[];
  next: string | null;
}

/** A player or a network that creates rooms. `key`: letters, digits, - and _. `most`: maximum number of live rooms. */
export interface Maker {
  key: string;
  most: number;
}
/** The maker whose quota is used up; no room was created. */
export interface OverQuota {
  over: Maker;
}

/**
 * A quick join. The store tries, in this order:
 *  1. the room of an earlier request with the same `call`;
 *  2. a room of the same game and pool in which the player has a seat or a reservation, or which the player was given
 *     less than `repeatWithinMs` ago;
 *  3. the oldest open room of the pool;
 *  4. the prepared room.
 * Rooms in `skip` are never returned, and the player's reservations in them are cancelled.
 * A room is open while it has more free seats than live reservations, and a player is connected or a reservation is
 * live.
 */
export interface FindOrCreate {
  game: string;
  /** The pool to search: `anyPool`, or a room's own pool (rooms/actor/offer.ts). */
  pool: string;
  player: string;
  /** The same for every retry of one quick join; null if the client sent none. */
  call: string | null;
  skip: readonly string[];
  /** False: skips step 3. */
  search: boolean;
  /** Created if nothing was found; null: no room may be created. */
  prepared: (NewRoom & { offer: Offer }) | null;
  /**
   * In ms: lifetime of the reservation; how long the call is remembered; how long it is remembered as the player's last
   * call of the game; and see step 2.
   */
  reserveMs: number;
  rememberMs: number;
  rememberLastMs: number;
  repeatWithinMs: number;
}
/**
 * `quota`: nothing was found, and a maker's quota is used up. `taken`: the prepared room's id or code exists; nothing
 * was changed. `none`: nothing was found, and no room may be created.
 */
export type Found =
  | { how: 'found' | 'made'; room: string }
  | { how: 'taken' }
  | { how: 'none' }
  | ({ how: 'quota' } & OverQuota);

/** The pool that contains every room of a game. */
export const anyPool = '*';

/** How a room is offered to quick joins. */
export interface Offer {
  game: string;
  pool: string;
  /** Creation, ms since 1970: the oldest room is filled first. */
  since: number;
  /** Seats that any player may take. */
  free: number;
  /** Whether a player of the room is connected. */
  present: boolean;
  /** Players with a seat. Their reservations are dropped. */
  players: string[];
}

export interface Owner {
  node: string | null;
  token: string | null;
  term: number;
  seq: number;
}

/** `node` is null for a room without an owner. */
export interface OccupiedPage {
  rooms: { id: string; node: string | null }[];
  next: string | null;
}

/** A part of the recording of a match. */
export interface ReplayPart {
  match: number;
  text: string;
}

/** A room as stored. */
export interface StoredRoom {
  seq: number;
  terms: TermStarts;
  snapshot: string;
  snapshotSeq: number;
  /** The journal from `firstSeq` on. It may also hold entries older than the snapshot. */
  entries: string[];
  firstSeq: number;
}

export interface PeekedRoom extends StoredRoom {
  /** `name@version`, which a claim compares with the claimer's games. */
  game: string;
  owner: Owner;
}

/** The current owner's token and last seq, and the new owner with the token that it issued. */
export interface PassRequest {
  token: string;
  seq: number;
  to: { token: string; node: string; games: readonly string[] };
}
export interface PassResult {
  ok: true;
  term: number;
  terms: TermStarts;
  snapshotSeq: number;
}

/** A node's last heartbeat (wall ms), and its last long outage. See NodeRecord. */
export interface LastHeartbeat {
  at: number;
  outage: { from: number; to: number } | null;
}

export interface ClaimedRoom extends StoredRoom {
  ok: true;
  term: number;
  /** The previous owner, its term, and its last heartbeat if known. */
  previous: { node: string; term: number; lastHeartbeat: LastHeartbeat | null } | null;
  /** The rule runs that hung since the last entry, oldest first. */
  hangReports: HangReport[];
}
export type ClaimRefusal =
  | { ok: false; why: 'missing' }
  | { ok: false; why: 'taken'; owner: Owner }
  | { ok: false; why: 'game'; game: string };

/** A snapshot by the room's owner. */
export interface SnapshotRequest {
  token: string;
  /** The entry that it includes. */
  seq: number;
  text: string;
  /** Entries that stay in the journal: all after `seq`, and this many up to it. */
  keep: number;
  /** Appended to the recordings of matches in the same step. They expire with the room. */
  parts?: readonly ReplayPart[];
}

/** The recording of a match that has ended. */
export interface KeptReplay {
  /** Null: none is stored. */
  text: string | null;
  /** Milliseconds. */
  life: number;
  /** Number of recordings of one room that are kept. */
  most: number;
}

export interface AppendRequest {
  token: string;
  seq: number;
  entry: string;
  /** New due time (wall ms), null for none, undefined for no change. */
  due?: number | null;
  /** New summary for the room list, null for none, undefined for no change. */
  summary?: RoomSummary | null;
  /** New offer to quick joins, null for none, undefined for no change. */
  offer?: Offer | null;
  /** Whether a player is connected, undefined for no change. */
  occupied?: boolean;
  /** New index record, null for none, undefined for no change. */
  index?: RoomIndexRecord | null;
  /** Extends the life of the room and everything that expires with it. */
  life?: Life;
  /** `name@version` that can read the room from this entry on. */
  game?: string;
  /** Releases the room in the same step. */
  release?: boolean;
  /**
   * Messages to other nodes, published in the same step if the entry is written, after all earlier messages of this
   * node.
   */
  publish?: readonly NodeMessage[];
  /** Reason and time (wall ms) of the quarantine, null for none, undefined for no change. */
  quarantined?: { why: string; since: number } | null;
}

/** How long the room lives from now on (ms), with its code and its parts of the recording of this match. */
export interface Life {
  ms: number;
  code: string;
  match: number;
}

/** A rule run that did not end. Names and ids are truncated to 128 UTF-16 units. */
export interface HangReport {
  /** Unique to the run. */
  id: string;
  /** Kind of the command that was processed, or another label where there was none. */
  input: string;
  /** The rule: `actions.drop`, `timers.turn`, `tick`, `view`, … */
  rule: string;
  /** Player, session and number of the action; '' and 0 if there are none. */
  player: string;
  session: string;
  n: number;
  /** The player or audience that the rule was evaluated for; '' if none. */
  who: string;
}

/** A quarantined room, as shown to operators. */
export interface QuarantinedRoom {
  id: string;
  code: string;
  /** The game's name. */
  game: string;
  why: string;
  /** Start of the quarantine, ms since 1970. */
  since: number;
}

/** The store failed to execute a call. */
export class StoreError extends RejoinError {
  override readonly name = 'StoreError';
  override readonly code = 'store-failed';

  constructor(
    /** 'no': certainly not executed. 'maybe': unknown outcome. */
    readonly applied: 'no' | 'maybe',
    /** Whether the store as a whole takes no writes now (down, loading, out of memory, read-only). */
    readonly unavailable: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
