import type { DevRoomReply } from '../../../shared/dev-protocol.ts';
import type { Json } from '../../../shared/json.ts';
import type { Position, TermStarts } from '../../../shared/position.ts';
import type { ActReply, InspectReply, JoinSuccess, RoomHead, RoomView } from '../../../shared/protocol.ts';
import type { Refused } from '../../../shared/refusals.ts';
import type { InputUpdate } from '../core/input-buffer.ts';

/** One connection of a member, wherever it is: the node that holds it, and its id there. */
export interface ConnectionRef {
  node: string;
  conn: string;
}

/**
 * Another node that waits for an answer, by the number of its question. `answered`: it has been told with the entry
 * itself.
 */
export interface RemoteCaller {
  node: string;
  callId: number;
  hasReply: boolean;
}

/** What the node of a client asks the owner of a room; JSON, since it may travel. */
export type RoomMessage =
  | {
      k: 'join';
      player: string;
      name: string;
      session: string;
      /** An earlier join with this session was answered. */
      resume?: boolean;
      /** Only to be admitted: the state is asked for when its node has subscribed. */
      admit?: boolean;
      watch: boolean;
      place: Position | null;
      whole?: boolean;
      at: ConnectionRef;
      game: string | null;
      version?: number;
      /** Only back to a seat of one's own: another may be taken after so many ms. */
      noNewSeat?: number;
      /** As the client said it: the owner reads it. */
      profile?: Json;
    }
  | { k: 'act'; player: string; session: string; name: string; data: Json; number: { n: number; term: number } | null }
  /** The player gives up the hold of this session, from whichever connection. */
  | { k: 'leave'; player: string; session: string }
  /** A connection is gone, or has let go of the room. */
  | { k: 'disconnected'; player: string; session: string; at: ConnectionRef }
  /** Something may be due. */
  | { k: 'ensure-owner' }
  /** The server itself, as a host would; `$close` ends the room. */
  | { k: 'serve'; name: string; data: Json }
  /** What a spectator sees, for the server itself. */
  | { k: 'view' }
  /**
   * Everything, also what no client may see, with the journal after `since`: for authors. Refused outside of dev mode.
   */
  | { k: 'dump'; since: number }
  /** Also by whom: spectators are named to the host alone. */
  | { k: 'inspect'; player: string; session: string };

/** What is told to the owner of a room without waiting for an answer; it may be lost. */
export interface RoomInputMessage extends InputUpdate {
  k: 'input';
  player: string;
  session: string;
}

/** A change as its audience hears it, encoded by the owner; `changes` and `events` are JSON. See WireChange. */
export interface RoomChange {
  room: string;
  term: number;
  seq: number;
  prevTerm: number;
  changes: string;
  events: string | null;
  /** It is `{"state":…}` and nothing else. */
  stateOnly: boolean;
}

/**
 * Also says on which channels the member hears what happens, what is played, and whether the seat was taken anew: for
 * its node, not for the client.
 */
export type OwnerJoinReply =
  | (JoinSuccess & { channels: string[]; game: string; fresh?: true })
  | (Refused & { /** `setup` threw: it would for anybody. For the node, not for the client. */ failed?: true });
export type ViewReply = { ok: true; view: RoomView; players: (string | null)[] } | Refused;
export type RoomDumpReply = DevRoomReply | Refused;
export type RoomReply = OwnerJoinReply | ActReply | InspectReply | ViewReply | RoomDumpReply | { ok: true };

/** Whether a message may be given to a second owner when the first one's answer is lost. */
export function isRepeatable(message: RoomMessage): boolean {
  switch (message.k) {
    case 'act':
      return message.number !== null || message.name === '$leave';
    case 'serve':
      // they say what shall be; the others, what shall happen
      return ['$kick', '$host', '$close', '$release'].includes(message.name);
    default:
      return true;
  }
}

/** Why a room is handed over. */
export type HandoverReason = 'drain' | 'balance' | 'members' | 'asked';
/** The owner of a room asks another node to have it ready. @see ownership/handover.ts */
export interface PrepareRequest {
  id: string;
  why: HandoverReason;
}
/** It has read the room up to `seq`, and will own it under `token`. */
export interface PrepareReply {
  token: string;
  seq: number;
  games: readonly string[];
}
/** The room is yours: as of which term, what was appended since you read it, and who is connected. */
export interface ActivateRequest {
  id: string;
  token: string;
  term: number;
  terms: TermStarts;
  seq: number;
  snapshotSeq: number;
  entries: string[];
  members: (ConnectionRef & MemberReport)[];
  /** The room's time when it was let go of. */
  time: number;
}

/** One node asks another to take a room; `expected` is the token of whoever has it now and is known to be gone. */
export interface AdoptRequest {
  id: string;
  expected: string | null;
  floor: number;
}

/** A member as its node reports it. */
export interface MemberReport {
  conn: string;
  player: string;
  session: string;
  watch: boolean;
  /** Of a spectator, where a room is handed over: nodes do not report names. */
  name?: string;
}
/** Once a second each node tells the owner of its members' rooms who is there, and hears the rooms' heads. */
export type HeadExchangeRequest = Record<string, MemberReport[]>;
export type HeadExchangeReply = Record<string, RoomHead | null>;
