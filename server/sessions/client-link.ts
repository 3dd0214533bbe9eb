import type { Notice, ServerToClient } from '../../shared/protocol.ts';
import type { Channel } from '../runtime/ports.ts';
import type { EncodedEvent } from './encoded-event.ts';

/** A client's line, as the gateway gives it. */
export interface ClientLink {
  readonly id: string;
  send<E extends keyof ServerToClient>(event: E, ...args: Parameters<ServerToClient[E]>): void;
  /** Sends what is encoded already, in order with everything else. */
  sendEncoded(event: EncodedEvent): void;
  /** Takes effect before it returns: what is sent to the channel from now on arrives. */
  subscribe(channel: Channel): void;
  unsubscribe(channel: Channel): void;
  close(): void;
}

/** A connection's hold on a room. */
export interface RoomSubscription {
  session: string;
  watch: boolean;
  channels: readonly Channel[];
  game: string;
}
export interface TrackedRoomSubscription extends RoomSubscription {
  /** The room's number on this node. */
  number: number;
  /** The owner's term that the client goes by, and that it knows the number; null: it knows neither. */
  knownTerm: number | null;
}

/** A connection as the subscriptions of a node see it. */
export interface Subscriber {
  readonly link: Pick<ClientLink, 'sendEncoded'>;
  readonly rooms: ReadonlyMap<string, TrackedRoomSubscription>;
  deliverNotice(notice: Notice): void;
}
