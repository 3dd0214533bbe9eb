import type { Json } from '../../../shared/json.ts';
import type { Channel, Fanout, NodeMessage } from '../../runtime/ports.ts';
import type { RoomChange } from './messages.ts';

export type FanoutEvent = Parameters<Fanout['emit']>[1];

/**
 * Sends what happens in a room to its members, on whichever node. `nodes`: those that have members; null: any node may.
 */
export interface Broadcaster {
  send(nodes: ReadonlySet<string> | null, channel: Channel, event: FanoutEvent, ...args: unknown[]): void;
  sendChange(nodes: ReadonlySet<string> | null, channel: Channel, change: RoomChange): void;
  /** To those who are connected to this node alone. */
  sendChangeLocally(channel: Channel, change: RoomChange): void;
  /**
   * What other nodes are sent of an entry, as messages that the store publishes in the step in which it writes it;
   * null: it cannot.
   */
  remoteMessages(
    nodes: ReadonlySet<string> | null,
    changes: readonly (readonly [Channel, RoomChange])[],
    replies: readonly (readonly [node: string, callId: number, reply: Json])[],
  ): NodeMessage[] | null;
}
