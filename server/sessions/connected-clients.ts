import { limits } from '../../shared/limits.ts';
import type { Notice } from '../../shared/protocol.ts';
import type { MemberReport } from '../rooms/actor/messages.ts';
import type { Clock, Entropy } from '../runtime/ports.ts';
import { Allowances } from './allowances.ts';
import type { ClientLink } from './client-link.ts';
import { Connection } from './connection.ts';
import type { PlayerRates } from './player-rates.ts';
import { LocalSubscriptions } from './local-subscriptions.ts';

/** The clients that are connected to this node, and what is sent to them. Their requests: client-requests.ts. */
export class ConnectedClients {
  private readonly connections = new Map<string, Connection>();
  /** Rate limits of players and addresses; also used by the gateway before a connection is accepted. */
  readonly allowances: Allowances;
  /** Sends changes to the members connected to this node. */
  readonly subscriptions = new LocalSubscriptions();

  constructor(
    private readonly clock: Clock,
    private readonly entropy: Entropy,
    rates?: PlayerRates,
  ) {
    this.allowances = new Allowances(rates);
  }

  /** @param address the client's address; null: this machine, or unknown */
  connect(link: ClientLink, identity: { player: string; name: string }, address: string | null = null): Connection {
    const now = this.clock.mono();
    const allowance = this.allowances.player(identity.player, now);
    allowance.connections += 1;
    const connection = new Connection(this.subscriptions, {
      link,
      ...identity,
      allowance,
      address: address === null ? null : this.allowances.address(address, now),
      from: address,
    });
    connection.address?.retain();
    this.connections.set(link.id, connection);
    return connection;
  }

  /** Whether the player has the maximum number of connections. */
  isAtConnectionLimit(player: string): boolean {
    return this.allowances.player(player, this.clock.mono()).connections >= limits.connectionsPerPlayer;
  }

  /** Called when the connection has closed. Its memberships are ended by ClientRequests. */
  remove(connection: Connection): void {
    connection.isOpen = false;
    this.connections.delete(connection.id);
    connection.allowance.connections -= 1;
    connection.address?.release();
  }

  get size(): number {
    return this.connections.size;
  }
  all(): Connection[] {
    return [...this.connections.values()];
  }

  /** This node's members by room, for the rooms' owners. */
  memberReports(): Map<string, MemberReport[]> {
    const rooms = new Map<string, MemberReport[]>();
    for (const c of this.connections.values()) {
      for (const [room, { session, watch }] of c.rooms) {
        let list = rooms.get(room);
        if (!list) rooms.set(room, (list = []));
        list.push({ conn: c.id, player: c.player, session, watch });
      }
    }
    return rooms;
  }

  /** Whether a client of this node is in the room. */
  hasMembers(room: string): boolean {
    return this.subscriptions.membersOf(room).length > 0;
  }

  /** Makes all members resync, because broadcasts to this node may have been lost. */
  resyncAll(): void {
    for (const connection of this.connections.values())
      for (const room of connection.rooms.keys()) connection.deliverNotice({ room, code: 'resync' });
  }

  /** Asks all clients to move to another node, spread over time. A client that finds no other node stays. */
  askClientsToMove(): void {
    const spreadMs = this.spreadMs;
    for (const connection of this.connections.values()) {
      this.clock.after(spreadMs * this.entropy.float(), () => {
        if (connection.isOpen) connection.link.send('moving');
      });
    }
  }

  /** Time (ms) over which actions of all clients of this node are spread. */
  get spreadMs(): number {
    return Math.min(
      limits.reconnectSpread.max,
      Math.max(limits.reconnectSpread.min, limits.reconnectSpread.perClient * this.size),
    );
  }

  /** Tells the room's members on this node that it no longer exists, in case they were not notified. */
  notifyRoomClosed(room: string): void {
    for (const connection of this.subscriptions.membersOf(room)) connection.deliverNotice({ room, code: 'closed' });
  }

  /** Sends a notice to one connection, if it is connected to this node. */
  deliverNotice(conn: string, notice: Notice): void {
    this.connections.get(conn)?.deliverNotice(notice);
  }
}
