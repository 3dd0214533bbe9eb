import { limits } from '../../shared/limits.ts';
import type { Router } from '../cluster/router.ts';
import type { Clock } from '../ports.ts';
import type { Registry } from '../rooms/registry.ts';
import { StoreError, type Store } from '../store/contract.ts';
import type { Membership } from './membership.ts';

/**
 * Wakes rooms in which something is due and nobody does it: they sleep, or their owner died with nobody connected. The
 * index is a hint, the room's own document the truth: a room that is woken too early finds nothing to do.
 */
export class DueScan {
  constructor(private readonly parts: { self: string; store: Store; registry: Registry; router: Router; membership: Membership; clock: Clock }) {}

  async scan(): Promise<void> {
    const { store, registry, router, clock } = this.parts;
    const now = clock.now();
    let late: { id: string; at: number }[];
    try {
      late = await store.due(now - limits.overdue, 100);
    } catch (error) {
      if (error instanceof StoreError) return; // the next scan
      throw error;
    }
    // One node is first in line for each room; the others follow if it has not helped.
    const mine = late.filter(({ id, at }) => !registry.get(id) && (this.firstInLine(id) || at < now - 4 * limits.overdue));
    await Promise.all(mine.map(({ id }) => router.request(id, { k: 'poke' }, { patience: 1_000 })));
  }

  private firstInLine(room: string): boolean {
    const { self, membership } = this.parts;
    const nodes = [self, ...membership.alive().filter(n => !n.draining).map(n => n.id)];
    return nodes.reduce((best, node) => (weight(room, node) > weight(room, best) ? node : best)) === self;
  }
}

/** Rendezvous hashing: every node works out the same order by itself (FNV-1a). */
function weight(room: string, node: string): number {
  let h = 0x811c9dc5;
  for (const c of `${room}|${node}`) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
  return h >>> 0;
}
