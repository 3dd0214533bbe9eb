import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord } from '../ports.ts';
import { gameKey } from '../rooms/facts.ts';
import type { RoomHost } from '../rooms/host.ts';
import type { Registry } from '../rooms/registry.ts';
import type { HandOver } from './hand-over.ts';
import type { Membership } from './membership.ts';
import { ableTo } from './successors.ts';

export interface BalanceParts { self: string; registry: Registry; membership: Membership; handOver: HandOver; clock: Clock; log: Log; draining(): boolean }

/**
 * Evens the nodes' loads out: who has more than 1.2 times the mean gives rooms to who has less than the mean, and so does
 * everybody above the mean while somebody has less than 0.8 times of it.
 *
 * Each node decides by itself, by what it last heard of the others. It comes to rest all the same: nobody gives below the
 * mean, and nobody takes above it (a node knows best what it has itself), so that each move brings two nodes nearer to it
 * and none is ever undone.
 */
export class Balance {
  /** The nodes that take rooms, and since when (monotonic ms) they are these. */
  private nodes = '';
  private since = -Infinity;
  private lastTaken = -Infinity;
  /** Rooms that were given to a node (or, below zero, taken from it) since the beat with which it last said how many it has. */
  private readonly unsaid = new Map<string, { beat: number; rooms: number }>();

  constructor(private readonly parts: BalanceParts) {}

  /** Once a second: gives rooms away, one after the other, until there is no reason to. Never throws. */
  async look(): Promise<void> {
    const { clock, handOver, registry, log } = this.parts;
    let [moved, refusals] = [0, 0];
    for (let move = this.next(); move && refusals < limits.balance.apart; move = this.next()) {
      const began = clock.mono();
      const gave = await handOver.give(move.host, move.heir.id, 'balance');
      if (gave) {
        moved += 1;
        this.note(move.heir, 1);
      }
      refusals = gave ? 0 : refusals + 1; // others give to it, too, and it takes one at a time
      await clock.sleep(Math.max(1, limits.balance.apart - (clock.mono() - began)));
    }
    if (moved > 0) log.info({ moved, rooms: registry.size, mean: Math.round(this.mean() * 10) / 10 }, 'rooms were handed to nodes with less to do');
  }

  /** Whether this node takes a room that another, by its id, has too many of. If so it counts as taken. */
  takes(from: string): boolean {
    const now = this.parts.clock.mono();
    const rooms = this.parts.registry.size + this.parts.handOver.coming;
    if (this.parts.draining() || rooms + 1 > this.mean() || now - this.lastTaken < limits.balance.apart) return false;
    this.lastTaken = now;
    const giver = this.others().find(n => n.id === from);
    if (giver) this.note(giver, -1);
    return true;
  }

  /** What to move next, and to whom; null where all is even enough, or too much is going on. */
  private next(): { host: RoomHost; heir: NodeRecord } | null {
    const { registry, membership, draining } = this.parts;
    if (draining() || !this.calm()) return null;
    const rooms = registry.size;
    const others = this.others();
    const least = Math.min(...others.map(n => n.rooms));
    const mean = this.mean();
    if (rooms <= mean || rooms - least < 2) return null;
    if (rooms <= limits.balance.most * mean && least >= limits.balance.least * mean) return null;
    const heirs = others.filter(n => n.rooms < mean && n.rooms <= rooms - 2 && n.delay < limits.balance.late).sort((a, b) => a.rooms - b.rooms);
    if (heirs.length === 0) return null;
    for (const host of this.quietest()) {
      const heir = ableTo(heirs, gameKey(host.game))[0];
      if (heir && !membership.isDead(heir.id)) return { host, heir };
    }
    return null;
  }

  /** Rooms that may be moved, those first in which least is going on: no match, then few people. */
  private quietest(): RoomHost[] {
    const now = this.parts.clock.mono();
    const stir = (host: RoomHost) => (host.shown.phase === 'playing' ? 1_000 : 0) + host.members.size;
    return this.parts.registry.all().filter(host => host.movable && now - host.since >= limits.balance.stay).sort((a, b) => stir(a) - stir(b));
  }

  /** The other nodes that take rooms, with how many they have by now. */
  private others(): NodeRecord[] {
    return this.parts.membership.alive().filter(n => !n.draining).map(n => {
      const unsaid = this.unsaid.get(n.id);
      return unsaid?.beat === n.beat ? { ...n, rooms: Math.max(0, n.rooms + unsaid.rooms) } : n;
    });
  }

  private note({ id }: NodeRecord, rooms: number): void {
    const beat = this.parts.membership.alive().find(n => n.id === id)?.beat;
    if (beat === undefined) return void this.unsaid.delete(id);
    const before = this.unsaid.get(id);
    this.unsaid.set(id, { beat, rooms: rooms + (before?.beat === beat ? before.rooms : 0) });
  }

  private mean(): number {
    const others = this.others();
    return others.reduce((sum, n) => sum + n.rooms, this.parts.registry.size) / (others.length + 1);
  }

  /** Nobody has come or gone lately. */
  private calm(): boolean {
    const now = this.parts.clock.mono();
    const nodes = this.others().map(n => n.id).sort().join();
    if (nodes !== this.nodes) [this.nodes, this.since] = [nodes, now];
    return nodes !== '' && now - this.since >= limits.balance.calm;
  }
}
