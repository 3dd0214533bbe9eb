import type { Json } from '../../shared/json.ts';
import type { Notice } from '../../shared/protocol.ts';
import type { Channel } from '../runtime/ports.ts';
import type { Owner } from '../store/store.ts';
import type { FanoutEvent } from '../rooms/actor/broadcaster.ts';
import type {
  ActivateRequest,
  AdoptRequest,
  HeadExchangeReply,
  HeadExchangeRequest,
  PrepareReply,
  PrepareRequest,
  RoomInputMessage,
  RoomMessage,
  RoomReply,
} from '../rooms/actor/messages.ts';

/** Reply of a node that does not run the room; after a handover, `MovedReply` names the new owner. */
export const notOwner = 'not-owner';
/** Reply of a node that has handed the room over. */
export interface MovedReply {
  moved: Owner;
}

/** The calls between nodes: by kind, the request and the reply. All of it is JSON. */
export interface NodeCalls {
  /** A request to the owner of a room. */
  room: { request: [id: string, message: RoomMessage]; reply: RoomReply | MovedReply | typeof notOwner };
  /** The members of rooms that the other node owns; the reply has the rooms' latest positions. */
  heads: { request: HeadExchangeRequest; reply: HeadExchangeReply };
  /** Asks a node to claim a room. The reply is whether it owns the room now. */
  adopt: { request: AdoptRequest; reply: boolean };
  /** Asks a handover target to load a room; null: it does not take the room. */
  prepare: { request: PrepareRequest; reply: PrepareReply | null };
  /** Makes the target run the room. The reply is whether it does. */
  activate: { request: ActivateRequest; reply: boolean };
}

/** The one-way messages between nodes, which may be lost: by kind, the body. All of it is JSON. */
export interface NodeMessages {
  /** A player's inputs, to the owner of the room. */
  'room-input': [id: string, input: RoomInputMessage];
  /** The sender does not own this room, to which the receiver sent inputs. */
  'not-owner': string;
  /** The sender has claimed this room from the receiver. */
  taken: string;
  /** The sender had declared the receiver dead. */
  'declared-dead': null;
  /** For one connection of the receiver. */
  notice: [conn: string, notice: Notice];
  /** An event for all clients of the receiver, or those in rooms of a game. */
  'client-broadcast': [name: string, data: Json, game: string | null];
  /** An event for the receiver's clients in a channel. */
  broadcast: [channel: Channel, event: FanoutEvent, args: unknown[]];
  /** A change for the receiver's clients in a channel; the fields of `RoomChange`, in order. */
  change: [
    channel: Channel,
    room: string,
    term: number,
    seq: number,
    prevTerm: number,
    changes: string,
    events: string | null,
    stateOnly: boolean,
  ];
}

/** A one-way message with its kind, as it is sent. */
export type NodeMessageOf<K extends keyof NodeMessages = keyof NodeMessages> = {
  [P in K]: [kind: P, body: NodeMessages[P]];
}[K];
/** A call with its number and kind, as it is sent. */
export type NodeCallOf<K extends keyof NodeCalls = keyof NodeCalls> = {
  [P in K]: [id: number, kind: P, body: NodeCalls[P]['request']];
}[K];
