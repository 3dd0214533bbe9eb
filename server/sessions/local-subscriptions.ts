import type { Channel } from '../runtime/ports.ts';
import type { RoomChange } from '../rooms/actor/messages.ts';
import type { Subscriber } from './client-link.ts';
import { EncodedEvent } from './encoded-event.ts';

/** Offset of the state's change in `{"state":…}`. */
const statePrefixLength = '{"state":'.length;

/**
 * Sends the changes of rooms to the clients connected to this node. Each change is encoded once per form. A connection
 * that knows the room's number and its owner's term gets the short form, which omits them. See SPEC W9.
 */
export class LocalSubscriptions {
  private readonly channels = new Map<Channel, Subscriber[]>();
  /** The rooms that connections of this node are in. Numbers are never reused. */
  private readonly rooms = new Map<string, { number: number; connections: Subscriber[] }>();
  private lastNumber = 0;

  subscribe(channel: Channel, connection: Subscriber): void {
    const connections = this.channels.get(channel);
    if (!connections) this.channels.set(channel, [connection]);
    else if (!connections.includes(connection)) connections.push(connection);
  }

  unsubscribe(channel: Channel, connection: Subscriber): void {
    const remaining = this.channels.get(channel)?.filter(c => c !== connection);
    if (!remaining) return;
    if (remaining.length > 0) this.channels.set(channel, remaining);
    else this.channels.delete(channel);
  }

  /** Adds a connection to a room. @returns the room's number */
  addMember(room: string, connection: Subscriber): number {
    let own = this.rooms.get(room);
    if (!own) this.rooms.set(room, (own = { number: ++this.lastNumber, connections: [] }));
    own.connections.push(connection);
    return own.number;
  }

  removeMember(room: string, connection: Subscriber): void {
    const own = this.rooms.get(room);
    if (!own) return;
    own.connections = own.connections.filter(c => c !== connection);
    if (own.connections.length === 0) this.rooms.delete(room);
  }

  /**
   * The connections in a room. Indexed by room, because it is called for each room when a node dies or the store
   * restarts.
   */
  membersOf(room: string): readonly Subscriber[] {
    return this.rooms.get(room)?.connections ?? [];
  }

  publish(channel: Channel, { room, term, seq, prevTerm, changes, events, stateOnly }: RoomChange): void {
    const connections = this.channels.get(channel);
    if (!connections) return;
    let shortForm: EncodedEvent | null = null;
    let shortFormWithTerm: EncodedEvent | null = null;
    let fullForm: EncodedEvent | null = null;
    for (const { link, rooms } of connections) {
      const subscription = rooms.get(room);
      if (subscription === undefined || subscription.knownTerm === null)
        link.sendEncoded(
          (fullForm ??= new EncodedEvent(
            `["change",${JSON.stringify(room)},${term},${seq},${prevTerm},${changes}${events === null ? '' : `,${events}`}]`,
          )),
        );
      else if (subscription.knownTerm === term && prevTerm === term)
        link.sendEncoded(
          (shortForm ??= new EncodedEvent(
            `${stateOnly ? '["s"' : '["c"'},${subscription.number},${seq},${stateOnly ? changes.slice(statePrefixLength, -1) : changes}${events === null ? '' : `,${events}`}]`,
          )),
        );
      else {
        subscription.knownTerm = term; // sent now, so the short form applies from the next change on
        link.sendEncoded(
          (shortFormWithTerm ??= new EncodedEvent(
            `["c",${subscription.number},${seq},${changes},${events ?? '0'},${term},${prevTerm}]`,
          )),
        );
      }
    }
  }
}
