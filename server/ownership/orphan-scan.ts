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
  /** Makes sure that some node runs the room. */
  ensureOwner(room: string): Promise<RoomReply>;
}

/**
 * Claims rooms that show a connected player but are run by no node: their owner died together with all their players'
 * nodes, or abandoned them while the players left. No member's node requests such a room, and no timer is due, so
 * without this its players would count as connected forever.
 * A scan reads the index of occupied rooms once. It starts `limits.orphans.after` after an event that may orphan rooms.
 */
export class OrphanScan {
  /** Monotonic ms at which the next scan starts. */
  private nextAt = -Infinity;
  /** The next page of the scan in progress; null: none is. */
  private cursor: string | null = null;

  constructor(private readonly parts: OrphanScanParts) {
    this.requestScan();
  }

  /** Called after an event that may orphan rooms; schedules a scan. */
  requestScan(): void {
    this.nextAt = this.parts.clock.mono() + limits.orphans.after;
  }

  /** Reads some pages if a scan is due or in progress. */
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
      if (error instanceof StoreError) return; // the next call continues there
      throw error;
    }
    if (orphans.length > 0) log.info({ rooms: orphans.length }, 'orphaned rooms found');
    const replies = await Promise.all(orphans.map(id => this.parts.ensureOwner(id)));
    // Rooms that no current node can run are scanned for again when another node joins.
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
    // Only this node knows whether it runs a room that the store assigns to it.
    if (node === self) return !ownedRooms.has(id) && !ownedRooms.isExpected(id);
    if (node !== null && !membership.isDead(node)) {
      // it has just started, or is gone: a later scan tells
      if (!membership.aliveNodes().some(other => other.id === node)) this.requestScan();
      return false;
    }
    return isPreferredNode(this.parts, id);
  }
}
