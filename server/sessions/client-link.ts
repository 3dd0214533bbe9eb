import type { Notice, ServerToClient } from '../../shared/protocol.ts';
import type { Channel } from '../runtime/ports.ts';
import type { EncodedEvent } from './encoded-event.ts';

/** The transport of one client connection, provided by the gateway. */
export interface ClientLink {
  readonly id: string;
  send<E extends keyof ServerToClient>(event: E, ...args: Parameters<ServerToClient[E]>): void;
  /** Sends an encoded event, in order with everything else. */
  sendEncoded(event: EncodedEvent): void;
  /** Takes effect before it returns: everything sent to the channel from then on arrives. */
  subscribe(channel: Channel): void;
  unsubscribe(channel: Channel): void;
  close(): void;
}

/** A connection's membership in a room. */
export interface RoomSubscription {
  session: string;
  watch: boolean;
  channels: readonly Channel[];
  game: string;
}
export interface TrackedRoomSubscription extends RoomSubscription {
  /** The room's number on this node, used in short forms. */
  number: number;
  /** The owner's term last sent to the client, which then also knows the room's number; null: it has neither. */
  knownTerm: number | null;
}

/** A connection as LocalSubscriptions uses it. */
export interface Subscriber {
  readonly link: Pick<ClientLink, 'sendEncoded'>;
  readonly rooms: ReadonlyMap<string, TrackedRoomSubscription>;
  deliverNotice(notice: Notice): void;
}
