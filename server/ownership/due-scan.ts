import { limits } from '../../shared/limits.ts';
import { nobodyRunsIt, type Router } from '../cluster/router.ts';
import type { Clock } from '../ports.ts';
import type { Registry } from '../rooms/registry.ts';
import type { RoomReply } from '../rooms/messages.ts';
import { StoreError, type Store } from '../store/contract.ts';
import { isFirstInLine } from './first-in-line.ts';
import type { Membership } from './membership.ts';

/**
 * Wakes rooms in which something is due and nobody does it: they sleep, or their owner died with nobody connected. The
 * index is a hint, the room's own document the truth: a room that is woken too early finds nothing to do.
 *
 * A scan reads some pages of the index. Rooms that were asked lately are passed over, those that no node can run for longer:
 * else the longest overdue, which nobody can help, would be all that is ever looked at (SPEC T9).
 */
export class DueScan {
  /** Until when (monotonic ms) rooms that were asked are passed over. */
  private readonly asked = new Map<string, number>();
  /** How many overdue rooms the next scan skips, since the last one has read them. */
  private skip = 0;

  constructor(private readonly parts: { self: string; store: Store; registry: Registry; router: Router; membership: Membership; clock: Clock }) {}

  async scan(): Promise<void> {
    let late: string[];
    try {
      late = await this.read();
    } catch (error) {
      if (error instanceof StoreError) return; // the next scan
      throw error;
    }
    await Promise.all(late.map(async id => this.note(id, await this.parts.router.request(id, { k: 'poke' }, { patience: 1_000 }))));
  }

  /** Overdue rooms that this node is to ask. */
  private async read(): Promise<string[]> {
    const { store, clock } = this.parts;
    const [now, mono] = [clock.now(), clock.mono()];
    for (const [id, until] of this.asked) if (until <= mono) this.asked.delete(id);
    const { page, pages, asks } = limits.due;
    const found: string[] = [];
    for (let read = 0; read < pages && found.length < asks; read++) {
      const late = await store.due(now - limits.overdue, page, this.skip);
      found.push(...late.filter(({ id, at }) => this.isMine(id, at, now)).map(({ id }) => id));
      this.skip = late.length < page ? 0 : this.skip + page;
      if (this.skip === 0) break;
    }
    return found;
  }

  /** One node is first in line for each room; the others follow if it has not helped. */
  private isMine(id: string, at: number, now: number): boolean {
    return !this.asked.has(id) && !this.parts.registry.get(id) && (isFirstInLine(this.parts, id) || at < now - 4 * limits.overdue);
  }

  private note(id: string, reply: RoomReply): void {
    const { again, unrunnable } = limits.due;
    // What failed for another reason is tried again at once: the store may be back.
    const pause = reply.ok ? again : reply.code === 'room-quarantined' || reply.detail === nobodyRunsIt ? unrunnable : 0;
    if (pause > 0) this.asked.set(id, this.parts.clock.mono() + pause);
  }
}
