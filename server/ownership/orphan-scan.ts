import { limits } from '../../shared/limits.ts';
import { nobodyRunsIt, type Router } from '../cluster/router.ts';
import type { Clock, Log } from '../ports.ts';
import type { Registry } from '../rooms/registry.ts';
import { StoreError, type Store } from '../store/contract.ts';
import { isFirstInLine } from './first-in-line.ts';
import type { Membership } from './membership.ts';

export interface OrphanScanParts { self: string; store: Store; registry: Registry; router: Router; membership: Membership; clock: Clock; log: Log }

/**
 * Claims rooms that show a connected player and that no node runs: their owner died together with all their players, or gave them up
 * while the players left. No member's node asks for such a room, and nothing is due in it, so without this its players would count as connected for ever.
 *
 * A scan reads the index of occupied rooms once. It begins `limits.orphans.after` after something happened that may orphan rooms.
 */
export class OrphanScan {
  /** When the next scan begins, monotonic ms. */
  private nextAt = -Infinity;
  /** Where the scan that is under way goes on; null: none is. */
  private from: string | null = null;

  constructor(private readonly parts: OrphanScanParts) { this.request(); }

  /** Something happened that may orphan rooms: there is a scan after this moment. */
  request(): void { this.nextAt = this.parts.clock.mono() + limits.orphans.after; }

  /** Reads some pages, if a scan is due or under way. */
  async scan(): Promise<void> {
    const { clock, router, log } = this.parts;
    if (this.from === null && clock.mono() < this.nextAt) return;
    if (this.from === null) {
      this.from = '';
      this.nextAt = clock.mono() + limits.orphans.every;
    }
    let orphans: string[];
    try {
      orphans = await this.read();
    } catch (error) {
      if (error instanceof StoreError) return; // it goes on where it was
      throw error;
    }
    if (orphans.length > 0) log.info({ rooms: orphans.length }, 'orphaned rooms found');
    const replies = await Promise.all(orphans.map(id => router.request(id, { k: 'poke' }, { patience: 1_000 })));
    // What no node of now can run is looked for again when another one has come.
    if (replies.some(reply => !reply.ok && reply.code === 'unavailable' && reply.detail !== nobodyRunsIt)) this.request();
  }

  private async read(): Promise<string[]> {
    const found: string[] = [];
    while (this.from !== null && found.length < limits.orphans.asks) {
      const { rooms, next } = await this.parts.store.occupied(this.from, limits.orphans.page);
      found.push(...rooms.filter(room => this.isMine(room)).map(room => room.id));
      this.from = next;
    }
    return found;
  }

  private isMine({ id, node }: { id: string; node: string | null }): boolean {
    const { self, registry, membership } = this.parts;
    // Only this node knows whether it runs what the store says is its own.
    if (node === self) return !registry.has(id) && registry.comes(id) === undefined;
    if (node !== null && !membership.isDead(node)) {
      if (!membership.alive().some(other => other.id === node)) this.request(); // it came a moment ago, or is gone: time tells
      return false;
    }
    return isFirstInLine(this.parts, id);
  }
}
