import type { DevRoomReply, RerunReport } from '../../../shared/dev-protocol.ts';
import type { Json } from '../../../shared/json.ts';
import type { Position, TermStarts } from '../../../shared/position.ts';
import type { ActReply, InspectReply, JoinSuccess, RoomHead, RoomView } from '../../../shared/protocol.ts';
import type { Refused } from '../../../shared/refusals.ts';
import { isServerCall } from '../core/server-calls.ts';
import type { InputUpdate } from '../core/input-buffer.ts';

/** A member's connection: its node, and its id there. */
export interface ConnectionRef {
  node: string;
  conn: string;
}

/** Another node that waits for a reply. */
export interface RemoteCaller {
  node: string;
  callId: number;
}

/** A request from a client's node to the owner of a room. JSON, since it may be sent to another node. */
export type RoomMessage =
  | {
      k: 'join';
      player: string;
      name: string;
      session: string;
      /** An earlier join with this session was answered. */
      resume?: boolean;
      /** Only admits the member: its node requests the state after it has subscribed. */
      admit?: boolean;
      watch: boolean;
      place: Position | null;
      whole?: boolean;
      at: ConnectionRef;
      game: string | null;
      version?: number;
      /** Set: only an existing seat may be resumed; a new one may be taken after this many ms. */
      noNewSeat?: number;
      /** As sent by the client; validated by the owner. */
      profile?: Json;
    }
  | { k: 'act'; player: string; session: string; name: string; data: Json; number: { n: number; term: number } | null }
  /** Ends the player's hold of this session, from any connection. */
  | { k: 'leave'; player: string; session: string }
  /** A connection has closed or left the room. */
  | { k: 'disconnected'; player: string; session: string; at: ConnectionRef }
  /** Makes sure that some node runs the room; timers may be due. */
  | { k: 'ensure-owner' }
  /** An action by the server itself, with a host's rights; `$close` ends the room. */
  | { k: 'serve'; name: string; data: Json }
  /** Returns the spectators' view, for the server itself. */
  | { k: 'view' }
  /**
   * Returns the whole document, including hidden parts, now or after entry `at`, and the journal after `since`. Refused
   * outside dev mode.
   */
  | { k: 'dump'; since: number; at: number | null }
  /** Runs the room's commands again under the current rules. Refused outside dev mode. */
  | { k: 'rerun' }
  /** Includes the requester, because only the host is sent the spectators' names. */
  | { k: 'inspect'; player: string; session: string };

/** A one-way message to the owner of a room; it may be lost. */
export interface RoomInputMessage extends InputUpdate {
  k: 'input';
  player: string;
  session: string;
}

/** A change for one audience, encoded by the owner; `changes` and `events` are JSON text. See WireChange. */
export interface RoomChange {
  room: string;
  term: number;
  seq: number;
  prevTerm: number;
  changes: string;
  events: string | null;
  /** Whether the changes contain only the key `state`. */
  stateOnly: boolean;
}

/**
 * Besides the client's reply: the member's channels, the room's game, and whether the seat is new. The member's node
 * uses these and does not pass them on.
 */
export type OwnerJoinReply =
  | (JoinSuccess & { channels: string[]; game: string; fresh?: true })
  | (Refused & { /** `setup` threw, as it would for any player. Not passed on to the client. */ failed?: true });
export type ViewReply = { ok: true; view: RoomView; players: (string | null)[] } | Refused;
export type RoomDumpReply = Omit<DevRoomReply, 'rules'> | Refused;
export type RoomRerunReply = RerunReport | Refused;
export type RoomReply =
  | OwnerJoinReply
  | ActReply
  | InspectReply
  | ViewReply
  | RoomDumpReply
  | RoomRerunReply
  | ServeReply;

/** `repeated`: a call with this key was executed earlier. */
export type ServeReply = { ok: true; repeated?: true } | Refused;

/** Whether a message may be sent to a second owner when the first one's reply is lost. */
export function isRepeatable(message: RoomMessage): boolean {
  switch (message.k) {
    case 'act':
      return message.number !== null || message.name === '$leave';
    case 'serve':
      // these are idempotent: they set a state; the others trigger something
      // server calls are recorded by their keys
      return ['$kick', '$host', '$close', '$release'].includes(message.name) || isServerCall(message);
    default:
      return true;
  }
}

/**
 * Why a room is handed over. `members`: to the node that has most of its players; `asked`: by `RejoinNode.handOver`.
 */
export type HandoverReason = 'drain' | 'balance' | 'members' | 'asked';
/** The owner of a room asks another node to load it. @see ownership/handover.ts */
export interface PrepareRequest {
  id: string;
  why: HandoverReason;
}
/** The target has loaded the room up to `seq`, and will own it under `token`. */
export interface PrepareReply {
  token: string;
  seq: number;
  games: readonly string[];
}
/** Tells the target that it owns the room: the term, the entries since it loaded the room, and the members. */
export interface ActivateRequest {
  id: string;
  token: string;
  term: number;
  terms: TermStarts;
  seq: number;
  snapshotSeq: number;
  entries: string[];
  members: (ConnectionRef & MemberReport)[];
  /** The room's clock when it was handed over. */
  time: number;
}

/** Asks another node to claim a room; `expected` is the token of its owner, which is known to be gone. */
export interface AdoptRequest {
  id: string;
  expected: string | null;
  floor: number;
}

/** A member as reported by its node. */
export interface MemberReport {
  conn: string;
  player: string;
  session: string;
  watch: boolean;
  /** A spectator's name; only set in handovers. */
  name?: string;
}
/**
 * Sent by each node once a second to the owners of its members' rooms: the members. The reply has the rooms' latest
 * positions.
 */
export type HeadExchangeRequest = Record<string, MemberReport[]>;
export type HeadExchangeReply = Record<string, RoomHead | null>;
