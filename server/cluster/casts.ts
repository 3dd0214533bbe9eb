import type { Channel, Fanout } from '../ports.ts';
import type { RoomChange } from '../rooms/messages.ts';
import type { Peers } from './peers.ts';

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
    const { room, term, seq, prevTerm, changes, events, stateOnly } = change;
    if (nodes === null) return this.fanout.emit(channel, 'change', room, term, seq, prevTerm, JSON.parse(changes), ...(events === null ? [] : [JSON.parse(events) as unknown]));
    for (const node of nodes) {
      if (node === this.self) this.local(channel, change);
      else this.peers.tell(node, 'change', [channel, room, term, seq, prevTerm, changes, events, stateOnly]);
    }
  }
}
