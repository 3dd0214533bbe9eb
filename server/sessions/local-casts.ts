import type { Channel } from '../ports.ts';
import type { RoomChange } from '../rooms/messages.ts';
import type { Connection } from './connection.ts';
import { Encoded } from './encoded.ts';

/** Where the state's own change begins in `{"state":…}`. */
const stateFrom = '{"state":'.length;

/**
 * Tells the changes of rooms to those who are connected here. Each is encoded once, and short: a connection that has been
 * given the room's number and its owner's term is not told them again with each change. See SPEC W9.
 */
export class LocalCasts {
  private readonly channels = new Map<Channel, Connection[]>();
  /** The rooms that connections of this node are in, each with a number that is never given out twice. */
  private readonly rooms = new Map<string, { number: number; connections: Connection[] }>();
  private lastNumber = 0;

  subscribe(channel: Channel, connection: Connection): void {
    const there = this.channels.get(channel);
    if (!there) this.channels.set(channel, [connection]);
    else if (!there.includes(connection)) there.push(connection);
  }

  unsubscribe(channel: Channel, connection: Connection): void {
    const left = this.channels.get(channel)?.filter(c => c !== connection);
    if (!left) return;
    if (left.length > 0) this.channels.set(channel, left);
    else this.channels.delete(channel);
  }

  /** Adds a connection to a room. @returns the room's number */
  enter(room: string, connection: Connection): number {
    let own = this.rooms.get(room);
    if (!own) this.rooms.set(room, own = { number: ++this.lastNumber, connections: [] });
    own.connections.push(connection);
    return own.number;
  }

  leave(room: string, connection: Connection): void {
    const own = this.rooms.get(room);
    if (!own) return;
    own.connections = own.connections.filter(c => c !== connection);
    if (own.connections.length === 0) this.rooms.delete(room);
  }

  /** The connections that are in a room. Found by the room: asked for each room at once when a node dies or the store restarts. */
  in(room: string): readonly Connection[] { return this.rooms.get(room)?.connections ?? []; }

  tell(channel: Channel, { room, term, seq, prevTerm, changes, events, stateOnly }: RoomChange): void {
    const to = this.channels.get(channel);
    if (!to) return;
    let short: Encoded | null = null;
    let longer: Encoded | null = null;
    let whole: Encoded | null = null;
    for (const { link, rooms } of to) {
      const own = rooms.get(room);
      if (own === undefined || own.known === null) link.pass(whole ??= new Encoded(`["change",${JSON.stringify(room)},${term},${seq},${prevTerm},${changes}${events === null ? '' : `,${events}`}]`));
      else if (own.known === term && prevTerm === term) link.pass(short ??= new Encoded(`${stateOnly ? '["s"' : '["c"'},${own.number},${seq},${stateOnly ? changes.slice(stateFrom, -1) : changes}${events === null ? '' : `,${events}`}]`));
      else {
        own.known = term; // from here on
        link.pass(longer ??= new Encoded(`["c",${own.number},${seq},${changes},${events ?? '0'},${term},${prevTerm}]`));
      }
    }
  }
}
