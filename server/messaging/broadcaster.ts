import type { Json } from '../../shared/json.ts';
import type { Channel, Fanout, NodeMessage } from '../runtime/ports.ts';
import type { Broadcaster, FanoutEvent } from '../rooms/actor/broadcaster.ts';
import type { RoomChange } from '../rooms/actor/messages.ts';
import type { NodeMessageOf, NodeMessages } from './node-calls.ts';
import type { EntryMessages, NodeRpc } from './node-rpc.ts';

/** Sends a change to the clients of this node that subscribe to the channel. */
type SendLocally = (channel: Channel, change: RoomChange) => void;

/**
 * Sends the news of a room to its members. The owner knows their nodes: local members are sent to directly, others by
 * node messages, which are batched over rooms. While it may not know all members, it sends through the Socket.IO
 * adapter to all nodes.
 */
export class ClusterBroadcaster implements Broadcaster {
  constructor(
    private readonly self: string,
    private readonly fanout: Fanout,
    private readonly rpc: NodeRpc,
    private readonly sendLocally: SendLocally,
  ) {
    rpc.onMessage('broadcast', (_from, [channel, event, args]) => fanout.emitLocal(channel, event, ...args));
    rpc.onMessage('change', (_from, [channel, room, term, seq, prevTerm, changes, events, stateOnly]) =>
      sendLocally(channel, { room, term, seq, prevTerm, changes, events, stateOnly }),
    );
  }

  /** @param nodes the nodes with members; null: unknown, so all */
  send(nodes: ReadonlySet<string> | null, channel: Channel, event: FanoutEvent, ...args: unknown[]): void {
    if (nodes === null) return this.fanout.emit(channel, event, ...args);
    if (nodes.has(this.self)) this.fanout.emitLocal(channel, event, ...args);
    for (const node of nodes) if (node !== this.self) this.rpc.send(node, 'broadcast', [channel, event, args]);
  }

  /** As `send`, for a change. */
  sendChange(nodes: ReadonlySet<string> | null, channel: Channel, change: RoomChange): void {
    const { room, term, seq, prevTerm, changes, events } = change;
    if (nodes === null)
      return this.fanout.emit(
        channel,
        'change',
        room,
        term,
        seq,
        prevTerm,
        JSON.parse(changes),
        ...(events === null ? [] : [JSON.parse(events) as unknown]),
      );
    for (const node of nodes) {
      if (node === this.self) this.sendLocally(channel, change);
      else this.rpc.send(node, 'change', packChange(channel, change));
    }
  }

  /** Sends only to clients connected to this node. */
  sendChangeLocally(channel: Channel, change: RoomChange): void {
    this.sendLocally(channel, change);
  }

  /**
   * The messages to other nodes for an entry, to be published by the store when it writes the entry. The caller then
   * uses `sendChangeLocally` for its own clients. Null if the store cannot publish them.
   */
  remoteMessages(
    nodes: ReadonlySet<string> | null,
    changes: readonly (readonly [Channel, RoomChange])[],
    replies: readonly (readonly [node: string, callId: number, reply: Json])[],
  ): NodeMessage[] | null {
    if (nodes === null) return null;
    const messages = new Map<string, EntryMessages>();
    const messagesFor = (node: string) => {
      let own = messages.get(node);
      if (!own) messages.set(node, (own = { answer: [], news: [] }));
      return own;
    };
    for (const node of nodes)
      if (node !== this.self)
        messagesFor(node).news.push(
          ...changes.map(([channel, change]): NodeMessageOf<'change'> => ['change', packChange(channel, change)]),
        );
    for (const [node, callId, reply] of replies) messagesFor(node).answer.push([callId, reply]);
    return messages.size === 0 ? null : this.rpc.encodeMessages(messages);
  }
}

const packChange = (
  channel: Channel,
  { room, term, seq, prevTerm, changes, events, stateOnly }: RoomChange,
): NodeMessages['change'] => [channel, room, term, seq, prevTerm, changes, events, stateOnly];
