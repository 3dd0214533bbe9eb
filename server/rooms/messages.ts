import type { Json } from '../../shared/json.ts';
import type { Place } from '../../shared/place.ts';
import type { ActReply, InspectReply, Joined } from '../../shared/protocol.ts';
import type { Refused } from '../../shared/refusals.ts';

/** One connection of a member, wherever it is: the node that holds it, and its id there. */
export interface Conn { node: string; conn: string }

/** What the node of a client asks the owner of a room; JSON, since it may travel. */
export type RoomMessage =
  | { k: 'join'; player: string; name: string; session: string; watch: boolean; place: Place | null; at: Conn; game: string | null }
  | { k: 'act'; player: string; session: string; name: string; data: Json; number: { n: number; term: number } | null }
  /** A connection is gone, or has let go of the room. */
  | { k: 'gone'; player: string; session: string; at: Conn }
  /** Something may be due. */
  | { k: 'poke' }
  | { k: 'inspect' };

/** Also says on which channel the member hears changes: for its node, not for the client. */
export type OwnerJoinReply = (Joined & { channel: string }) | Refused;
export type RoomReply = OwnerJoinReply | ActReply | InspectReply | { ok: true };

/** Whether a message may be given to a second owner when the first one's answer is lost. */
export const repeatable = (message: RoomMessage): boolean => message.k !== 'act' || message.number !== null || message.name === '$leave';

/** One node asks another to take a room; `expected` is the token of whoever has it now and is known to be gone. */
export interface Adopt { id: string; expected: string | null; floor: number }

/** A member as its node reports it. */
export interface MemberReport { conn: string; player: string; session: string; watch: boolean }
/** Once a second each node tells the owner of its members' rooms who is there, and hears the rooms' heads. */
export type HeadsRequest = Record<string, MemberReport[]>;
export interface Head { head: Place; term: number; watchers: number }
export type HeadsReply = Record<string, Head | null>;
