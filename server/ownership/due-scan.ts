import { limits } from '../../shared/limits.ts';
import { noCapableNode } from './handover-targets.ts';
import type { Clock } from '../runtime/ports.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { RoomReply } from '../rooms/actor/messages.ts';
import { StoreError, type Store } from '../store/store.ts';
import { isPreferredNode } from './preferred-node.ts';
import type { ClusterMembership } from './cluster-membership.ts';

/**
 * Wakes rooms in which something is due and nobody does it: they sleep, or their owner died with nobody connected. The
 * index is a hint, the room's own document the truth: a room that is woken too early finds nothing to do.
 *
 * A scan reads some pages of the index. Rooms that were asked lately are passed over, those that no node can run for
 * longer: else the longest overdue, which nobody can help, would be all that is ever looked at (SPEC T9).
 */
export class DueScan {
  /** Until when (monotonic ms) rooms that were asked are passed over. */
  private readonly skippedUntil = new Map<string, number>();
  /** How many overdue rooms the next scan skips, since the last one has read them. */
  private offset = 0;

  constructor(
    private readonly parts: {
      self: string;
      store: Store;
      ownedRooms: OwnedRooms;
      membership: ClusterMembership;
      clock: Clock;
      /** Ensures that a node runs the room, and says why not. */
      ensureOwner(room: string): Promise<RoomReply>;
    },
  ) {}

  async scan(): Promise<void> {
    let overdue: string[];
    try {
      overdue = await this.readOverdue();
    } catch (error) {
      if (error instanceof StoreError) return; // the next scan
      throw error;
    }
    await Promise.all(overdue.map(async id => this.recordResult(id, await this.parts.ensureOwner(id))));
  }

  /** Overdue rooms that this node is to ask. */
  private async readOverdue(): Promise<string[]> {
    const { store, clock } = this.parts;
    const [now, mono] = [clock.now(), clock.mono()];
    for (const [id, until] of this.skippedUntil) if (until <= mono) this.skippedUntil.delete(id);
    const { pageSize, maxPages, maxRequests } = limits.dueIndex;
    const found: string[] = [];
    for (let read = 0; read < maxPages && found.length < maxRequests; read++) {
      const overdue = await store.due(now - limits.overdueAfter, pageSize, this.offset);
      found.push(...overdue.filter(({ id, at }) => this.isResponsible(id, at, now)).map(({ id }) => id));
      this.offset = overdue.length < pageSize ? 0 : this.offset + pageSize;
      if (this.offset === 0) break;
    }
    return found;
  }

  /** One node is first in line for each room; the others follow if it has not helped. */
  private isResponsible(id: string, at: number, now: number): boolean {
    return (
      !this.skippedUntil.has(id) &&
      !this.parts.ownedRooms.get(id) &&
      (isPreferredNode(this.parts, id) || at < now - 4 * limits.overdueAfter)
    );
  }

  private recordResult(id: string, reply: RoomReply): void {
    const { retryAfter, unrunnableRetryAfter } = limits.dueIndex;
    // What failed for another reason is tried again at once: the store may be back.
    const pause = reply.ok
      ? retryAfter
      : reply.code === 'room-quarantined' || reply.detail === noCapableNode
        ? unrunnableRetryAfter
        : 0;
    if (pause > 0) this.skippedUntil.set(id, this.parts.clock.mono() + pause);
  }
}
