import { RejoinError } from '../../shared/errors.ts';
import type { TermStarts } from '../../shared/position.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import type { NodeMessage } from '../runtime/ports.ts';

/**
 * Where rooms live. Two stores keep this contract, and one suite proves it for both (test/contract).
 *
 * A room is: a *fence* (token, term, owner), a *journal* (entries, numbered by seq without gaps), a *snapshot* at some
 * seq, and a few facts for finding it (code, summary, due time). All of one room is written by single atomic steps.
 *
 * What a caller may rely on:
 *  1. `append` writes only if the token is the room's and `seq` is exactly one more than its last: so a node that lost
 *  a
 *     room can add nothing, and a command that is sent twice writes once.
 *  2. A term is never given twice, not even after the store forgot a claim: a term is at least the store's clock.
 *  3. When a call throws StoreError, `applied` says whether it may have been carried out.
 *  4. Reads after an `ok` see it.
 */
export interface Store {
  /**
   * Makes a room, owned by nobody yet. 'exists', and a quota that is used up, change nothing; 'exists' is checked
   * first.
   * @throws StoreError
   */
  create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota>;
  /**
   * Quick join, in one atomic step: finds an open room for a player, or makes the prepared one, and reserves a seat in
   * it. See `FindOrCreate` for the order in which rooms are tried.
   * @throws StoreError
   */
  findOrCreate(request: FindOrCreate): Promise<Found>;
  /**
   * Gives a player's reservation back. `out` > 0: the room is not offered to quick joins for so many ms. Unknown rooms
   * are ignored.
   */
  withdraw(id: string, player: string, pauseMs: number): Promise<void>;
  /**
   * Gives a player's reservation back, and removes the room if it has no entry and no other reservation is live.
   * @returns whether it is gone
   */
  discard(id: string, player: string): Promise<boolean>;
  /**
   * Becomes the owner, if the room's token is still `expected` (null: nobody's): whoever judged an owner dead says
   * which. `floor`: a term that the caller has seen; the new one is higher.
   */
  claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal>;
  /**
   * Reads a room as a claim does, and claims nothing: whoever is to own it next can have it ready. Null where there is
   * no such room.
   * @throws StoreError
   */
  peek(id: string): Promise<PeekedRoom | null>;
  /**
   * Makes another node the owner by the will of the one that is: if the token is its own, `seq` the last, and that node
   * runs the room's game. The new term is as a claim's. @throws StoreError
   */
  pass(id: string, pass: PassRequest): Promise<PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' }>;
  append(id: string, append: AppendRequest): Promise<'ok' | 'fenced' | 'seq'>;
  /** Renews the life of a room in which nothing happens, if the token is its own. */
  renew(id: string, token: string, life: Life): Promise<'ok' | 'fenced'>;
  /** Whether an `append` of now may have something to `tell`. */
  readonly canPublishOnAppend: boolean;
  /**
   * Writes a snapshot as of `seq` and drops the entries more than `keep` behind it. `parts`: go to the recordings of
   * matches in the same step, and live as long as the room.
   */
  snapshot(
    id: string,
    token: string,
    seq: number,
    text: string,
    keep: number,
    parts?: readonly ReplayPart[],
  ): Promise<'ok' | 'fenced' | 'old'>;
  /** The pieces of a match's recording so far, oldest first. */
  replayParts(id: string, match: number): Promise<string[]>;
  /**
   * Keeps a recording for `life` ms (null: not at all), and lets go of its pieces and of the recording `most` matches
   * before it. It outlives its room.
   */
  keepReplay(id: string, match: number, text: string | null, life: number, most: number): Promise<void>;
  replay(id: string, match: number): Promise<string | null>;
  /**
   * Gives the room up, so that the next claim needs no proof of death. `aside`: it cannot be run; it is listed among
   * the quarantined until the next entry of it, and what is due in it is not looked for before `due`.
   */
  release(
    id: string,
    token: string,
    quarantine?: { why: string; since: number; due: number },
  ): Promise<'ok' | 'fenced'>;
  /**
   * Writes down that a run of a rule hangs, if `seq` still is the room's last entry: so the next claim is told of it,
   * until an entry is written. The same run (by its id) is written once. No token is asked for: a node that hangs may
   * be held for dead, and its room taken, before it says so; and whatever the room's owner of now does makes it void.
   */
  reportHang(id: string, seq: number, blame: HangReport): Promise<'ok' | 'seq'>;
  /** Takes that back: the run has ended after all. */
  withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'>;
  /** Rooms that were taken out of play, oldest first. */
  quarantined(most: number): Promise<QuarantinedRoom[]>;
  /** Who owns it, or null where there is no such room. */
  owner(id: string): Promise<Owner | null>;
  byCode(code: string): Promise<string | null>;
  /** A room's code, or null where there is no such room. */
  codeOf(id: string): Promise<string | null>;
  /** Public rooms, newest first. */
  list(game: string | null, most: number): Promise<RoomSummary[]>;
  /**
   * Rooms with something due at or before `at` (wall time, ms), longest overdue first, from the one after the first
   * `skip` on. Fewer than `most`: there are no more.
   */
  due(at: number, most: number, skip?: number): Promise<{ id: string; at: number }[]>;
  /**
   * Rooms whose last entry shows a connected player, in the order of their ids, with their owners; `after` is the last
   * id of the page before, '' for the first page. `next`: where the next page begins; null: there is none.
   */
  occupied(after: string, most: number): Promise<OccupiedPage>;
  /** Removes a room and all that is known of it, if the token is its own. */
  remove(id: string, token: string): Promise<'ok' | 'fenced'>;
  /** Removes what is left of rooms whose life is over, of about `most` of them. @returns how many rooms that was */
  removeExpired(most: number): Promise<number>;
  /** Which share of its memory is in use, from 0 to 1; null where it has no bound, or that is not known. */
  memoryUsage(): Promise<number | null>;
  /** True when the store takes writes. */
  probe(): Promise<boolean>;
  /**
   * Calls back when the store may be another one than before (restarted, failed over): every owner has to claim again.
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
  /** Who makes it: the room counts as one of each of them for as long as it lives. */
  makers?: readonly Maker[];
}

/**
 * A player, or a network, that makes rooms. `key`: letters, digits, - and _. `most`: so many rooms of it may live; the
 * next one is not made.
 */
export interface Maker {
  key: string;
  most: number;
}
/** Not made: this maker has as many live rooms as its quota allows. */
export interface OverQuota {
  over: Maker;
}

/**
 * A quick join. The store tries, in this order:
 *  1. the room of an earlier request with the same `call`;
 *  2. a room of the same game and pool in which the player has a seat or a reservation, or which the player was given
 *  less than `twice` ms ago;
 *  3. the oldest open room of the pool;
 *  4. the prepared room.
 * Rooms in `skip` are never returned, and the player's reservations in them are given back.
 *
 * A room is open while it has more free seats than live reservations, and a player is present or a reservation is live.
 */
export interface FindOrCreate {
  game: string;
  /** Which rooms match: `anyPool`, or a room's own pool (rooms/offer.ts). */
  pool: string;
  player: string;
  /** Same value on every repeat of one quick join; null where the client has none. */
  call: string | null;
  skip: readonly string[];
  /** False: open rooms are not searched (3). */
  search: boolean;
  /** Made if nothing was found; null: no room may be made. */
  prepared: (NewRoom & { offer: Offer }) | null;
  /**
   * Ms for which the seat is reserved, for which the call is remembered, for which it is as the player's last call of
   * the game, and see 2.
   */
  reserveMs: number;
  rememberMs: number;
  rememberLastMs: number;
  repeatWithinMs: number;
}
/**
 * `quota`: nothing was found, and no more rooms may be made. `taken`: the prepared room's id or code exists; nothing
 * was done. `none`: nothing was found, and no room may be made.
 */
export type Found =
  | { how: 'found' | 'made'; room: string }
  | { how: 'taken' }
  | { how: 'none' }
  | ({ how: 'quota' } & OverQuota);

/** The pool that every room of a game is in, besides its own. */
export const anyPool = '*';

/** How a room is offered to quick joins. */
export interface Offer {
  game: string;
  pool: string;
  /** Creation, ms since 1970: the oldest room is filled first. */
  since: number;
  /** Seats that anybody may take. */
  free: number;
  /** Whether a player of the room is connected. */
  present: boolean;
  /** Players with a seat. Their reservations end. */
  players: string[];
}

export interface Owner {
  node: string | null;
  token: string | null;
  term: number;
  seq: number;
}

/** `node`: null for a room that nobody owns. */
export interface OccupiedPage {
  rooms: { id: string; node: string | null }[];
  next: string | null;
}

/** A piece of the recording of a match. */
export interface ReplayPart {
  match: number;
  text: string;
}

/** A room, as it is kept. */
export interface StoredRoom {
  seq: number;
  terms: TermStarts;
  snapshot: string;
  snapshotSeq: number;
  /** The journal from `firstSeq` on: also some entries behind the snapshot. */
  entries: string[];
  firstSeq: number;
}

export interface PeekedRoom extends StoredRoom {
  /** `name@version`: what a claim would compare. */
  game: string;
  owner: Owner;
}

/** Who gives a room, and to whom: a node that minted a token for it. */
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

/** A node's last heartbeat: when it was, and when the node last could not write for long. See NodeRecord. */
export interface LastHeartbeat {
  at: number;
  outage: { from: number; to: number } | null;
}

export interface ClaimedRoom extends StoredRoom {
  ok: true;
  term: number;
  /** The owner before, the term under which it owned the room, and its last heartbeat, where that is known. */
  previous: { node: string; term: number; lastHeartbeat: LastHeartbeat | null } | null;
  /** The runs of rules that hung since the last entry, oldest first. */
  hangReports: HangReport[];
}
export type ClaimRefusal =
  | { ok: false; why: 'missing' }
  | { ok: false; why: 'taken'; owner: Owner }
  | { ok: false; why: 'game'; game: string };

export interface AppendRequest {
  token: string;
  seq: number;
  entry: string;
  /** New due time (wall ms), null for none, undefined for no change. */
  due?: number | null;
  /** New line in the list of rooms, null for none, undefined for no change. */
  summary?: RoomSummary | null;
  /** How the room is offered to quick joins, null for not at all, undefined for no change. */
  offer?: Offer | null;
  /** Whether a player is connected, undefined for no change. */
  occupied?: boolean;
  /** Renews the life of all that is known of the room. */
  life?: Life;
  /** `name@version` that can read the room from this entry on. */
  game?: string;
  /** Gives the room up in the same step. */
  release?: boolean;
  /**
   * What other nodes hear in the same step, if the entry is written: after all that this node has said to them before.
   */
  publish?: readonly NodeMessage[];
  /** Why and since when (wall ms) the room is out of play, null where it is not, undefined for no change. */
  quarantined?: { why: string; since: number } | null;
}

/** For how long (ms) a room is kept from now on: with its code, and the pieces of the recording of this match. */
export interface Life {
  ms: number;
  code: string;
  match: number;
}

/** A run of a rule that did not end. Names and ids are cut at 128 UTF-16 units. */
export interface HangReport {
  /** Of this run alone. */
  id: string;
  /** What the room was asked: the kind of the input, or what else it was about. */
  input: string;
  /** What ran: `actions.drop`, `timers.turn`, `tick`, `view`, … */
  rule: string;
  /** Who asked; '' where nobody did, and 0 where the action had no number. */
  player: string;
  session: string;
  n: number;
  /** About whom the rule was asked, where that is known: a player, an audience. */
  who: string;
}

/** A room that was taken out of play, for an operator to look at. */
export interface QuarantinedRoom {
  id: string;
  code: string;
  /** The game's name. */
  game: string;
  why: string;
  /** Since when, ms since 1970. */
  since: number;
}

/** The store could not do as asked. */
export class StoreError extends RejoinError {
  override readonly name = 'StoreError';
  override readonly code = 'store-failed';

  constructor(
    /** 'no': certainly not carried out. 'maybe': nobody knows. */
    readonly applied: 'no' | 'maybe',
    /** True when the store as a whole takes no writes now (down, loading, out of memory, read-only). */
    readonly unavailable: boolean,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
