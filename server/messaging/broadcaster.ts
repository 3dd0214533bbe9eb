import type { Json } from '../../shared/json.ts';
import type { Channel, Fanout, NodeMessage } from '../runtime/ports.ts';
import type { Broadcaster, FanoutEvent } from '../rooms/actor/broadcaster.ts';
import type { RoomChange } from '../rooms/actor/messages.ts';
import type { EntryMessages, NodeRpc } from './node-rpc.ts';

/** Tells a change to the members of a channel who are connected to this node. */
type SendLocally = (channel: Channel, change: RoomChange) => void;

/**
 * Tells the members of a room what is new in it. The owner knows on which nodes they are: those here are told at once,
 * those elsewhere in the messages that go to their nodes anyway, many rooms and the answers of the same entry in one.
 * Where it may not know all of them yet, everybody is told by the adapter.
 */
export class ClusterBroadcaster implements Broadcaster {
  constructor(
    private readonly self: string,
    private readonly fanout: Fanout,
    private readonly rpc: NodeRpc,
    private readonly sendLocally: SendLocally,
  ) {
    rpc.on('broadcast', (_from, body) => {
      const [channel, event, args] = body as unknown as [Channel, FanoutEvent, unknown[]];
      fanout.emitLocal(channel, event, ...args);
      return null;
    });
    rpc.on('change', (_from, body) => {
      const [channel, room, term, seq, prevTerm, changes, events, stateOnly] = body as unknown as [
        Channel,
        string,
        number,
        number,
        number,
        string,
        string | null,
        boolean,
      ];
      sendLocally(channel, { room, term, seq, prevTerm, changes, events, stateOnly });
      return null;
    });
  }

  /** @param nodes those that have members; null: any node may */
  send(nodes: ReadonlySet<string> | null, channel: Channel, event: FanoutEvent, ...args: unknown[]): void {
    if (nodes === null) return this.fanout.emit(channel, event, ...args);
    if (nodes.has(this.self)) this.fanout.emitLocal(channel, event, ...args);
    for (const node of nodes) if (node !== this.self) this.rpc.send(node, 'broadcast', [channel, event, args]);
  }

  /** The same of a change. */
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

  /** The same to those who are connected to this node alone. */
  sendChangeLocally(channel: Channel, change: RoomChange): void {
    this.sendLocally(channel, change);
  }

  /**
   * What other nodes are to be told of an entry, as messages that the store sends off in the step in which it writes
   * it. Null where they cannot be sent by anybody but this class. The entry is told by `sendChangeLocally` alone then.
   */
  remoteMessages(
    nodes: ReadonlySet<string> | null,
    changes: readonly (readonly [Channel, RoomChange])[],
    replies: readonly (readonly [node: string, question: number, reply: Json])[],
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
          ...changes.map(([channel, change]): [string, Json] => ['change', packChange(channel, change)]),
        );
    for (const [node, callId, reply] of replies) messagesFor(node).answer.push([callId, reply]);
    return messages.size === 0 ? null : this.rpc.encodeMessages(messages);
  }
}

const packChange = (channel: Channel, { room, term, seq, prevTerm, changes, events, stateOnly }: RoomChange): Json => [
  channel,
  room,
  term,
  seq,
  prevTerm,
  changes,
  events,
  stateOnly,
];
