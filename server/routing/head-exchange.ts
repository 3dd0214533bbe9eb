import { limits } from '../../shared/limits.ts';
import type { RoomHead } from '../../shared/protocol.ts';
import type { Clock } from '../runtime/ports.ts';
import type { HeadExchangeReply, HeadExchangeRequest, MemberReport } from '../rooms/actor/messages.ts';
import type { OwnedRooms } from '../ownership/owned-rooms.ts';
import type { NodeRpc } from '../messaging/node-rpc.ts';
import type { Router } from './router.ts';

/**
 * Latest positions of the rooms with members on this node, as reported by their owners. Changes that this node has
 * relayed are no substitute: they may have been lost on the way to this node.
 */
export class HeadExchange {
  private readonly heads = new Map<string, { head: RoomHead; at: number }>();

  constructor(
    private readonly parts: {
      self: string;
      ownedRooms: OwnedRooms;
      router: Router;
      rpc: NodeRpc;
      clock: Clock;
      memberReports: () => Map<string, MemberReport[]>;
      /** Called when a room with members on this node does not exist. */
      onRoomMissing(room: string): void;
    },
  ) {
    parts.rpc.onCall('heads', (from, rooms) => this.handleExchange(from, rooms));
  }

  /** The latest position if the owner has reported within the last exchanges, else null. */
  get(room: string): RoomHead | null {
    const actor = this.parts.ownedRooms.get(room);
    if (actor) return actor.head;
    const known = this.heads.get(room);
    return known && this.parts.clock.mono() - known.at < limits.headExchangeInterval * 2.5 ? known.head : null;
  }

  /** Records the position from an owner's reply. It has no spectator count. */
  recordHead(room: string, head: Omit<RoomHead, 'watchers'>): void {
    if (this.parts.ownedRooms.get(room)) return;
    this.heads.set(room, {
      head: { ...head, watchers: this.heads.get(room)?.head.watchers ?? 0 },
      at: this.parts.clock.mono(),
    });
  }

  /**
   * Sends each owner the members on this node, and receives its rooms' latest positions. Rooms without a live owner are
   * claimed.
   */
  async exchange(): Promise<void> {
    const { ownedRooms, router, self, clock } = this.parts;
    const byOwner = new Map<string, HeadExchangeRequest>();
    const reports = this.parts.memberReports();
    for (const [room, members] of reports) {
      const actor = ownedRooms.get(room);
      if (actor) {
        actor.members.report(self, members, clock.mono());
        continue;
      }
      const owner = router.ownerCache.get(room)?.node;
      if (owner === undefined || owner === null || owner === self) this.ensureOwner(room);
      else {
        let rooms = byOwner.get(owner);
        if (!rooms) byOwner.set(owner, (rooms = {}));
        rooms[room] = members;
      }
    }
    for (const room of this.heads.keys()) if (!reports.has(room)) this.heads.delete(room);
    await Promise.all([...byOwner].map(([owner, rooms]) => this.exchangeWith(owner, rooms)));
  }

  private async exchangeWith(owner: string, rooms: HeadExchangeRequest): Promise<void> {
    const { rpc, router, clock } = this.parts;
    let heads: HeadExchangeReply;
    try {
      heads = await rpc.call(owner, 'heads', rooms);
    } catch {
      // Dead or unresponsive: `ensureOwner` finds out which, and who owns the rooms now.
      for (const room of Object.keys(rooms)) this.ensureOwner(room);
      return;
    }
    for (const [room, head] of Object.entries(heads)) {
      if (head) this.heads.set(room, { head, at: clock.mono() });
      else {
        router.ownerCache.forget(room);
        this.ensureOwner(room);
      }
    }
  }

  private ensureOwner(room: string): void {
    void this.parts.router.ensureOwner(room).then(reply => {
      if (!reply.ok && reply.code === 'room-missing') this.parts.onRoomMissing(room);
    });
  }

  private handleExchange(from: string, rooms: HeadExchangeRequest): HeadExchangeReply {
    const reply: HeadExchangeReply = {};
    for (const [room, members] of Object.entries(rooms)) {
      const actor = this.parts.ownedRooms.get(room);
      actor?.members.report(from, members, this.parts.clock.mono());
      reply[room] = actor ? actor.head : null;
    }
    return reply;
  }
}
