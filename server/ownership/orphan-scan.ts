import { limits } from '../../shared/limits.ts';
import { noCapableNode } from './handover-targets.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { RoomReply } from '../rooms/actor/messages.ts';
import { StoreError, type Store } from '../store/store.ts';
import { isPreferredNode } from './preferred-node.ts';
import type { ClusterMembership } from './cluster-membership.ts';

export interface OrphanScanParts {
  self: string;
  store: Store;
  ownedRooms: OwnedRooms;
  membership: ClusterMembership;
  clock: Clock;
  log: Log;
  /** Ensures that a node runs the room, and says why not. */
  ensureOwner(room: string): Promise<RoomReply>;
}

/**
 * Claims rooms that show a connected player and that no node runs: their owner died together with all their players, or
 * gave them up while the players left. No member's node asks for such a room, and nothing is due in it, so without this
 * its players would count as connected for ever.
 *
 * A scan reads the index of occupied rooms once. It begins `limits.orphans.after` after something happened that may
 * orphan rooms.
 */
export class OrphanScan {
  /** When the next scan begins, monotonic ms. */
  private nextAt = -Infinity;
  /** Where the scan that is under way goes on; null: none is. */
  private cursor: string | null = null;

  constructor(private readonly parts: OrphanScanParts) {
    this.requestScan();
  }

  /** Something happened that may orphan rooms: there is a scan after this moment. */
  requestScan(): void {
    this.nextAt = this.parts.clock.mono() + limits.orphans.after;
  }

  /** Reads some pages, if a scan is due or under way. */
  async scan(): Promise<void> {
    const { clock, log } = this.parts;
    if (this.cursor === null && clock.mono() < this.nextAt) return;
    if (this.cursor === null) {
      this.cursor = '';
      this.nextAt = clock.mono() + limits.orphans.every;
    }
    let orphans: string[];
    try {
      orphans = await this.readOrphans();
    } catch (error) {
      if (error instanceof StoreError) return; // it goes on where it was
      throw error;
    }
    if (orphans.length > 0) log.info({ rooms: orphans.length }, 'orphaned rooms found');
    const replies = await Promise.all(orphans.map(id => this.parts.ensureOwner(id)));
    // What no node of now can run is looked for again when another one has come.
    if (replies.some(reply => !reply.ok && reply.code === 'unavailable' && reply.detail !== noCapableNode))
      this.requestScan();
  }

  private async readOrphans(): Promise<string[]> {
    const found: string[] = [];
    while (this.cursor !== null && found.length < limits.orphans.asks) {
      const { rooms, next } = await this.parts.store.occupied(this.cursor, limits.orphans.page);
      found.push(...rooms.filter(room => this.isOrphan(room)).map(room => room.id));
      this.cursor = next;
    }
    return found;
  }

  private isOrphan({ id, node }: { id: string; node: string | null }): boolean {
    const { self, ownedRooms, membership } = this.parts;
    // Only this node knows whether it runs what the store says is its own.
    if (node === self) return !ownedRooms.has(id) && ownedRooms.awaitHandover(id) === undefined;
    if (node !== null && !membership.isDead(node)) {
      // it came a moment ago, or is gone: time tells
      if (!membership.aliveNodes().some(other => other.id === node)) this.requestScan();
      return false;
    }
    return isPreferredNode(this.parts, id);
  }
}
