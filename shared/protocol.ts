import type { Change, Changes } from './delta.ts';
import type { Json, JsonObject } from './json.ts';
import type { Position } from './position.ts';
import type { Refused } from './refusals.ts';

/** Version of the words below. A server refuses a client of another one. */
export const protocolVersion = 2;

// ---------------------------------------------------------------------------------------------
// What a member of a room sees
// ---------------------------------------------------------------------------------------------

/** Where a room is in its life. `quarantined`: it failed too often and was taken out of play. */
export type Phase = 'waiting' | 'playing' | 'ended' | 'quarantined';

/**
 * Why a player has lost a seat. `left`: the player gave it up. `kicked`: the host or the server took it. `expired`: the
 * player was away for longer than the seat is held. `forfeited`: it was forfeited, and the next match began without the
 * player. `closed`: the server closed the room.
 */
export type SeatLoss = 'left' | 'kicked' | 'expired' | 'forfeited' | 'closed';

/** A seat that is taken, or was left during this match, as all members see it. */
export interface PublicSeat<P = unknown> {
  /** The public id of the player who holds the seat; null: the seat was left during this match, and nobody holds it. */
  player: string | null;
  /** Number of the hold, unique within the room. The seat whose `hold` is the one of your join's answer is yours. */
  hold: number;
  name: string;
  /** What its player has brought along, as the contract's `profile` reads it; null: a bot, or nothing. */
  profile: P;
  here: boolean;
  /** While away: when the seat is given up, on the room's clock (ms since 1970). */
  until: number | null;
  ready: boolean;
  rematch: boolean;
  /** Left or forfeited during this match. */
  out: boolean;
  /** Why the seat is out of play; null while it is in play. */
  why: SeatLoss | null;
  /** Played by the bot: always, or until its player is back. */
  bot: boolean;
  /** Index among the contract's teams; null where it has none. */
  team: number | null;
}

/** Everything about a room that all its members may know, besides the game's own state. */
export interface PublicRoom<P = unknown> {
  id: string;
  code: string;
  game: string;
  version: number;
  private: boolean;
  options: JsonObject;
  phase: Phase;
  match: number;
  /** Seat of the host: the longest-seated player. */
  host: number | null;
  seats: (PublicSeat<P> | null)[];
  result: { ranking: number[][] } | null;
  /** Deadlines of the timers that the game shows, on the room's clock. */
  clocks: Record<string, number>;
  /** Games with inputs: the number of the last message of inputs that counted, by seat. */
  inputs: number[];
}

/** What a member holds, and what changes are applied to. `state` is the game's, through the member's own view. */
export interface RoomView {
  room: PublicRoom;
  state: Json;
}

/** Something that happened, committed with the entry that carries it: `[name, data]`. */
export type WireEvent = [name: string, data: Json];

// ---------------------------------------------------------------------------------------------
// Client → server. All with an acknowledgement callback.
// ---------------------------------------------------------------------------------------------

/** `auth` of the Socket.IO handshake. */
export interface Handshake {
  /** A token of an earlier welcome; without one the server makes a guest. */
  token?: string;
  /** The name a guest goes by. */
  name?: string;
  wire?: number;
}

export interface CreateRequest {
  game: string;
  options?: JsonObject;
  private?: boolean;
  /** So many bots sit down with the first player. */
  bots?: number;
  /** Random, made by the client: a retry with the same key finds the room of the first try. */
  key?: string;
}
export type CreateReply = { ok: true; room: string; code: string } | Refused;

export interface JoinRequest {
  /** Exactly one of the three says which room. */
  room?: string;
  code?: string;
  /**
   * Quick join: an open public room of this game with these options (any, where none are named), or a new one.
   * `call`: random, made by the client, the same on every retry of one quick join: it finds the room of the first try.
   */
  quick?: { game: string; options?: JsonObject; call?: string };
  /** The game the client can play; another one is refused. */
  game?: string;
  /**
   * Version of the contract that the client has. One that cannot play the room's is refused; without it, any is let in.
   */
  version?: number;
  /** Spectate: no seat. */
  watch?: boolean;
  /**
   * What the player brings along to the seat; said again with each join, so that a change shows. Left out: as it was.
   */
  profile?: Json;
  /** Random, minted by the client, one per hold on a seat; the same again on every retry and reconnect. */
  session?: string;
  /**
   * An earlier join with this session was answered: if the session has no seat any more, refuse with `seat-lost` and
   * give no new seat.
   */
  resume?: boolean;
  /** Where the client is in the room's history: it is caught up from there where possible. */
  place?: Position;
  /** Changes may come in their short form (`c`), and inputs may go in theirs (`i`). */
  short?: boolean;
  /** By a snapshot in any case: the client holds motion that may never have been journaled. */
  whole?: boolean;
}
export interface JoinSuccess {
  ok: true;
  room: string;
  seat: number | null;
  /** Number of the hold on the seat (`PublicSeat.hold`); null for a spectator. */
  hold: number | null;
  session: string;
  /** Term of the owner: numbered actions are stamped with it. */
  term: number;
  /** The room's head: the entry that the client knows when it has taken this reply in. */
  place: Position;
  /** Last number of this session that has a verdict, and the verdicts still kept. */
  base: number;
  verdicts: NumberedVerdict[];
  /** Time on the room's clock. */
  now: number;
  /** True when the client's place is not on the room's history: something it saw was lost. */
  lost: boolean;
  /** What this connection calls the room in short forms; where it asked for them. */
  number?: number | undefined;
  /** The node reads inputs in their short form, too. */
  shortInputs?: true;
  /** How the client catches up: by what it missed, or by everything. */
  with: 'changes' | 'snapshot';
  changes?: WireChange[];
  view?: RoomView;
}
export type JoinReply = JoinSuccess | Refused;

export interface ActRequest {
  room: string;
  /**
   * A contract's action, or one of the engine's: $ready $start $rematch $leave $team $profile, and the host's $bot
   * $kick $host.
   */
  name: string;
  data?: Json;
  /** Number within the session, from 1, without gaps. Without one the action is at most once. */
  n?: number;
  /** Term the client knows; goes with `n`. */
  term?: number;
  /**
   * Only as this session. Said while another join of the same client is on its way: without it, the session is that of
   * the last join.
   */
  session?: string;
}
/** What a player does in a game with a tick. Unanswered; the changes of the room say which number has counted. */
export interface InputRequest {
  room: string;
  /** Number within the session, from 1, growing. */
  n: number;
  /** Number of the message with presses before this one, if it is not known to have counted: a gap is noticed by it. */
  after?: number;
  hold?: Record<string, Json>;
  /** How often was pressed since the message before. */
  press?: Record<string, number>;
  /** As in `act`. */
  session?: string;
}
/** The same by the room's number on this connection. 0: nothing of that kind; what is missing at the end is 0. */
export type ShortInput = [
  number: number,
  n: number,
  hold?: Record<string, Json> | 0,
  press?: Record<string, number> | 0,
  after?: number,
];
/** What a member tells the others. Unanswered, not kept. */
export interface SignalRequest {
  room: string;
  name: string;
  data: Json;
}
/** A verdict as it is kept: the place at which it was given, and for refusals why. */
export type Verdict = { seq: number; term?: number; code?: string; detail?: string };
export type NumberedVerdict = [n: number, verdict: Verdict];
export type ActReply =
  | { ok: true; n?: number; place: Position }
  | (Refused & { n?: number; place?: Position })
  /** Another owner (or a first message): what it knows of the session. Nothing was applied. */
  | (Refused<'stale-term'> & { term: number; base: number; verdicts: NumberedVerdict[] })
  | (Refused<'gap'> & { term: number; base: number });

/** The keep-alive: once a second, two when idle, unless heads come of themselves. See SPEC C4. */
export interface HeartbeatRequest {
  rooms: Record<string, Position>;
}
/** What a node last heard of a room: its head, the owner's term, and how many watch. */
export interface RoomHead {
  head: Position;
  term: number;
  watchers: number;
}
/**
 * The same where changes come in their short form, and head and owner are of the term that holds for them: the head's
 * seq, and how many watch.
 */
export type ShortRoomHead = [seq: number, watchers: number];
export interface HeartbeatReply {
  ok: true;
  /**
   * This node's clock, which is never set while it runs: wall time at its start, and from there on a monotonic clock.
   */
  now: number;
  /**
   * Heads of the rooms, from their owners; null where the owner has not been heard lately. A room this connection is
   * not in is left out.
   */
  rooms: Record<string, RoomHead | null | ShortRoomHead>;
  /**
   * Over how long (ms) this node's clients are to spread their first tries to come back, should it die now: the more
   * there are, the longer.
   */
  spread: number;
}

export interface LeaveRequest {
  room: string;
  /** Only the hold of this session. Without it, that of this connection. */
  session?: string;
  /** Gives the seat up, also if this connection has not joined the room. */
  seat?: boolean;
}
export interface ListRequest {
  game?: string;
}
/** A room's line in the list of rooms. */
export interface RoomSummary {
  id: string;
  code: string;
  game: string;
  phase: Phase;
  /** Whether a seat is free for anybody. */
  open: boolean;
  seated: number;
  seats: number;
  options: JsonObject;
  names: string[];
  since: number;
}
export type ListReply = { ok: true; rooms: RoomSummary[] } | Refused;
/** Somebody who watches a room. `name` is empty for some seconds after the room's node has died. */
export interface Spectator {
  player: string;
  name: string;
}
/** What a page may show of the machinery. */
export interface InspectRequest {
  room: string;
}
/** What a page may show of the machinery behind a room. */
export type InspectReply =
  | {
      ok: true;
      node: string;
      owner: string | null;
      term: number;
      head: Position;
      nodes: { name: string; rooms: number; sockets: number; alive: boolean; draining: boolean }[];
      members: { player: string; node: string }[];
      /** Who watches; sent to the host alone. */
      spectators?: Spectator[];
    }
  | Refused;

/** A finished match (1, 2, …) of a room, to be watched again. Served over HTTP: GET /replays/<room>/<match>. */
export interface ReplayReply {
  ok: true;
  game: string;
  version: number;
  room: string;
  match: number;
  /** When it began, ms since 1970, and what everybody could see then. */
  began: number;
  view: RoomView;
  /** What happened so many ms after the beginning; changes as in WireChange. */
  frames: [at: number, changes: Changes, events?: WireEvent[]][];
  /**
   * SHA-256 of the state that the match ended with, as the server's rules saw it, keys sorted. The frames were proved
   * to lead there.
   */
  hash: string;
}

type Ack<R> = (reply: R) => void;
export interface ClientToServer {
  create(request: CreateRequest, ack: Ack<CreateReply>): void;
  join(request: JoinRequest, ack: Ack<JoinReply>): void;
  act(request: ActRequest, ack?: Ack<ActReply>): void;
  place(request: HeartbeatRequest, ack: Ack<HeartbeatReply | Refused>): void;
  /** Stops watching, or ends the connection's membership; the seat is kept unless the request says `seat`. */
  leave(request: LeaveRequest, ack?: Ack<{ ok: true } | Refused>): void;
  list(request: ListRequest, ack: Ack<ListReply>): void;
  inspect(request: InspectRequest, ack: Ack<InspectReply>): void;
  input(request: InputRequest): void;
  i(request: ShortInput): void;
  signal(request: SignalRequest): void;
}
export type RequestName = keyof Requests;
/** What is said without an answer. */
export interface OneWayMessages {
  input: InputRequest;
  i: ShortInput;
  signal: SignalRequest;
}
export type OneWayMessageName = keyof OneWayMessages;
export interface Requests {
  create: [CreateRequest, CreateReply];
  join: [JoinRequest, JoinReply];
  act: [ActRequest, ActReply];
  place: [HeartbeatRequest, HeartbeatReply | Refused];
  leave: [LeaveRequest, { ok: true } | Refused];
  list: [ListRequest, ListReply];
  inspect: [InspectRequest, InspectReply];
}

// ---------------------------------------------------------------------------------------------
// Server → client
// ---------------------------------------------------------------------------------------------

export interface Welcome {
  player: string;
  name: string;
  token: string;
  node: string;
  now: number;
  wire: number;
}

/**
 * One entry of a room: `[term, seq, previous term, changes, events]`. It follows the place `[previous term, seq − 1]`;
 * a client that is not exactly there has missed something and asks to be caught up. Changes are 0 when nothing visible
 * changed.
 */
export type WireChange = [term: number, seq: number, prevTerm: number, changes: Changes | 0, events?: WireEvent[]];

/** Something about a room that is not part of its history. */
export type Notice =
  /** Another owner runs the room now. */
  | { room: string; code: 'owner'; term: number; head: Position }
  /** Stop trying: a newer connection of this player has the seat. */
  | { room: string; code: 'session-replaced'; session: string }
  /** The session has no seat any more. Nothing of the room is sent to this connection until it joins again. */
  | { room: string; code: 'seat-lost'; session: string }
  /** The server has ended the room, or the host this player's stay. */
  | { room: string; code: 'closed' | 'kicked' }
  /** Changes were not sent on because this connection read too slowly: ask to be caught up. */
  | { room: string; code: 'resync' };

export interface ServerToClient {
  welcome(welcome: Welcome): void;
  change(room: string, ...change: WireChange): void;
  /**
   * The usual form of a change: the room by the number of the last join's answer on this connection. With a term, it
   * says under which term it stands, and all that follow; without, it and the one before it stand under the term last
   * said, by the answer to a join or by a change of this form. `events` is 0 where there are none and a term follows.
   */
  c(
    number: number,
    seq: number,
    changes: Changes | 0,
    events?: WireEvent[] | 0,
    term?: number,
    prevTerm?: number,
  ): void;
  /** As `c` without a term, where nothing but the state has changed: `changes` are the state's. */
  s(number: number, seq: number, changes: Change, events?: WireEvent[]): void;
  /**
   * The heads of all rooms in which this connection is, where each of them goes by a number and stands under the term
   * that was said last: number, seq and how many watch, one room after the other. Comes along with Engine.IO's pings.
   */
  h(...heads: number[]): void;
  /** The same in full, by rooms: lines say it that have read the short form. */
  heads(rooms: Record<string, RoomHead>): void;
  /**
   * Motion that is not journaled yet, in games that say so: the k-th since the entry at [term, seq]. The next entry of
   * the same term contains it again; another owner's does not, so whoever took motion in asks that one for a snapshot.
   */
  motion(room: string, term: number, seq: number, k: number, changes: Changes): void;
  notice(notice: Notice): void;
  /** Said by a member: `player` is its public id. */
  signal(room: string, player: string, name: string, data: Json): void;
  token(token: string): void;
  /** This node is about to go: open another connection, then drop this one. */
  moving(): void;
  /** The connection is about to be closed, and why. */
  refused(refusal: Refused): void;
}
