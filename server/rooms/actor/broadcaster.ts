import type { Json } from '../../../shared/json.ts';
import type { Channel, Fanout, NodeMessage } from '../../runtime/ports.ts';
import type { RoomChange } from './messages.ts';

export type FanoutEvent = Parameters<Fanout['emit']>[1];

/**
 * Sends a room's changes and notices to its members on all nodes. `nodes`: the nodes that have members; null: unknown,
 * so all.
 */
export interface Broadcaster {
  send(nodes: ReadonlySet<string> | null, channel: Channel, event: FanoutEvent, ...args: unknown[]): void;
  sendChange(nodes: ReadonlySet<string> | null, channel: Channel, change: RoomChange): void;
  /** Sends only to clients connected to this node. */
  sendChangeLocally(channel: Channel, change: RoomChange): void;
  /**
   * The messages to other nodes for an entry, to be published by the store when it writes the entry; null if that is
   * not possible.
   */
  remoteMessages(
    nodes: ReadonlySet<string> | null,
    changes: readonly (readonly [Channel, RoomChange])[],
    replies: readonly (readonly [node: string, callId: number, reply: Json])[],
  ): NodeMessage[] | null;
}
