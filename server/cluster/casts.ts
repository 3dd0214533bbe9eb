import type { Json } from '../../shared/json.ts';
import type { Channel, Fanout, Message } from '../ports.ts';
import type { RoomChange } from '../rooms/messages.ts';
import type { Enclosed, Peers } from './peers.ts';

type Event = Parameters<Fanout['emit']>[1];
/** Tells a change to the members of a channel who are connected to this node. */
type Local = (channel: Channel, change: RoomChange) => void;

/**
 * Tells the members of a room what is new in it. The owner knows on which nodes they are: those here are told at once, those
 * elsewhere in the messages that go to their nodes anyway, many rooms and the answers of the same entry in one. Where it may
 * not know all of them yet, everybody is told by the adapter.
 */
export class Casts {
  constructor(private readonly self: string, private readonly fanout: Fanout, private readonly peers: Peers, private readonly local: Local) {
    peers.on('cast', (_from, body) => {
      const [channel, event, args] = body as unknown as [Channel, Event, unknown[]];
      fanout.local(channel, event, ...args);
      return null;
    });
    peers.on('change', (_from, body) => {
      const [channel, room, term, seq, prevTerm, changes, events, stateOnly] = body as unknown as [Channel, string, number, number, number, string, string | null, boolean];
      local(channel, { room, term, seq, prevTerm, changes, events, stateOnly });
      return null;
    });
  }

  /** @param nodes those that have members; null: any node may */
  tell(nodes: ReadonlySet<string> | null, channel: Channel, event: Event, ...args: unknown[]): void {
    if (nodes === null) return this.fanout.emit(channel, event, ...args);
    if (nodes.has(this.self)) this.fanout.local(channel, event, ...args);
    for (const node of nodes) if (node !== this.self) this.peers.tell(node, 'cast', [channel, event, args]);
  }

  /** The same of a change. */
  change(nodes: ReadonlySet<string> | null, channel: Channel, change: RoomChange): void {
    const { room, term, seq, prevTerm, changes, events } = change;
    if (nodes === null) return this.fanout.emit(channel, 'change', room, term, seq, prevTerm, JSON.parse(changes), ...(events === null ? [] : [JSON.parse(events) as unknown]));
    for (const node of nodes) {
      if (node === this.self) this.local(channel, change);
      else this.peers.tell(node, 'change', packed(channel, change));
    }
  }

  /** The same to those who are connected to this node alone. */
  changeHere(channel: Channel, change: RoomChange): void { this.local(channel, change); }

  /**
   * What other nodes are to be told of an entry, as messages that the store sends off in the step in which it writes it.
   * Null where they cannot be sent by anybody but this class. The entry is told by `changeHere` alone then.
   */
  elsewhere(nodes: ReadonlySet<string> | null, changes: readonly (readonly [Channel, RoomChange])[], answers: readonly (readonly [node: string, question: number, reply: Json])[]): Message[] | null {
    if (nodes === null) return null;
    const enclosed = new Map<string, Enclosed>();
    const to = (node: string) => {
      let own = enclosed.get(node);
      if (!own) enclosed.set(node, own = { answer: [], news: [] });
      return own;
    };
    for (const node of nodes) if (node !== this.self) to(node).news.push(...changes.map(([channel, change]): [string, Json] => ['change', packed(channel, change)]));
    for (const [node, question, reply] of answers) to(node).answer.push([question, reply]);
    return enclosed.size === 0 ? null : this.peers.messages(enclosed);
  }
}

const packed = (channel: Channel, { room, term, seq, prevTerm, changes, events, stateOnly }: RoomChange): Json => [channel, room, term, seq, prevTerm, changes, events, stateOnly];
