import { limits } from '../../shared/limits.ts';
import { noCapableNode } from './handover-targets.ts';
import type { Clock } from '../runtime/ports.ts';
import type { OwnedRooms } from './owned-rooms.ts';
import type { RoomReply } from '../rooms/actor/messages.ts';
import { StoreError, type Store } from '../store/store.ts';
import { isPreferredNode } from './preferred-node.ts';
import type { ClusterMembership } from './cluster-membership.ts';

/**
 * Wakes rooms that are due but run by no node: they sleep, or their owner died while no client was connected. The index
 * is only a hint: a room that is woken too early finds nothing to do.
 * A scan reads a few pages of the index and skips rooms that were requested recently, and for longer those that no node
 * can run. Otherwise the longest overdue rooms would block the scan if no node can run them (SPEC T9).
 */
export class DueScan {
  /** Monotonic ms until which a requested room is skipped. */
  private readonly skippedUntil = new Map<string, number>();
  /** Number of overdue rooms that the next scan skips, because the last one has read them. */
  private offset = 0;

  constructor(
    private readonly parts: {
      self: string;
      store: Store;
      ownedRooms: OwnedRooms;
      membership: ClusterMembership;
      clock: Clock;
      /** Makes sure that some node runs the room. */
      ensureOwner(room: string): Promise<RoomReply>;
    },
  ) {}

  async scan(): Promise<void> {
    let overdue: string[];
    try {
      overdue = await this.readOverdue();
    } catch (error) {
      if (error instanceof StoreError) return; // retried by the next scan
      throw error;
    }
    await Promise.all(overdue.map(async id => this.recordResult(id, await this.parts.ensureOwner(id))));
  }

  /** The overdue rooms that this node requests now. */
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

  /** Each room has one preferred node; the others take part if the room stays overdue. */
  private isResponsible(id: string, at: number, now: number): boolean {
    return (
      !this.skippedUntil.has(id) &&
      !this.parts.ownedRooms.get(id) &&
      (isPreferredNode(this.parts, id) || at < now - 4 * limits.overdueAfter)
    );
  }

  private recordResult(id: string, reply: RoomReply): void {
    const { retryAfter, unrunnableRetryAfter } = limits.dueIndex;
    // Other failures are retried by the next scan: the store may be back.
    const pause = reply.ok
      ? retryAfter
      : reply.code === 'room-quarantined' || reply.detail === noCapableNode
        ? unrunnableRetryAfter
        : 0;
    if (pause > 0) this.skippedUntil.set(id, this.parts.clock.mono() + pause);
  }
}
