import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord } from '../ports.ts';
import { gameKey } from '../rooms/facts.ts';
import type { RoomHost } from '../rooms/host.ts';
import type { Moving } from '../rooms/messages.ts';
import type { Registry } from '../rooms/registry.ts';
import type { HandOver } from './hand-over.ts';
import type { Membership } from './membership.ts';
import { Followers } from './followers.ts';
import { ableTo } from './successors.ts';

export interface BalanceParts { self: string; registry: Registry; membership: Membership; handOver: HandOver; clock: Clock; log: Log; draining(): boolean }

type Why = Moving & ('balance' | 'members');
interface Move { host: RoomHost; heir: NodeRecord; why: Why }

/**
 * Evens the nodes' loads out: who has more than 1.2 times the mean gives rooms to who has less than the mean, and so does
 * everybody above the mean while somebody has less than 0.8 times of it.
 *
 * Each node decides by itself, by the last heartbeats of the others. It comes to rest all the same: no node gives below the mean, none
 * takes above the mean rounded up, and the giver has at least two rooms more than the taker, so that each move makes two nodes' loads
 * more equal and none is undone.
 *
 * Where the loads are even enough, rooms follow their players (followers.ts), as far as that leaves them so: the bounds for this are
 * closer to the mean than those beyond which rooms are given away, so the one is never the reason for the other.
 */
export class Balance {
  /** The nodes that take rooms, and since when (monotonic ms) they are these. */
  private nodes = '';
  private since = -Infinity;
  private lastTaken = -Infinity;
  /**
   * Rooms that were given to a node (or, below zero, taken from it), and the last heartbeat of it that was known then. The next
   * heartbeat may have been written before the move and read after it, so the count of rooms in it is corrected as well.
   */
  private readonly unreported = new Map<string, { beat: number; rooms: number }[]>();

  private readonly followers: Followers;

  constructor(private readonly parts: BalanceParts) { this.followers = new Followers(parts.self); }

  /** Once a second: gives rooms away, one after the other, until there is no reason to. Never throws. */
  async look(): Promise<void> {
    const { clock, handOver, registry, log } = this.parts;
    this.followers.look(registry.all(), clock.mono());
    const moved = { balance: 0, members: 0 };
    let refusals = 0;
    for (let move = this.next(); move && refusals < limits.balance.apart; move = this.next()) {
      const began = clock.mono();
      const gave = await handOver.give(move.host, move.heir.id, move.why);
      if (gave) {
        moved[move.why] += 1;
        this.note(move.heir, 1);
      } else if (move.why === 'members') this.followers.postpone(move.host, clock.mono());
      refusals = gave ? 0 : refusals + 1; // others give to it, too, and it takes one at a time
      await clock.sleep(Math.max(1, limits.balance.apart - (clock.mono() - began)));
    }
    if (moved.balance > 0) log.info({ moved: moved.balance, rooms: registry.size, mean: Math.round(this.mean() * 10) / 10 }, 'rooms were handed to nodes with less to do');
    if (moved.members > 0) log.info({ moved: moved.members, rooms: registry.size }, 'rooms were handed to the nodes where their players are');
  }

  /** Whether this node takes a room of another, by its id, that has too many of them, or whose players are all here. If so it counts as taken. */
  takes(why: Why, from: string): boolean {
    const now = this.parts.clock.mono();
    const rooms = this.parts.registry.size + this.parts.handOver.coming;
    if (this.parts.draining() || now - this.lastTaken < limits.balance.apart) return false;
    const giver = this.others().find(n => n.id === from);
    if (why === 'balance' ? rooms + 1 > Math.ceil(this.mean()) || (giver !== undefined && giver.rooms - rooms < 2) : !giver || !this.bears(giver.rooms - 1, rooms + 1, giver)) return false;
    this.lastTaken = now;
    if (giver) this.note(giver, -1);
    return true;
  }

  /** This node runs a room now that was given to it because it had less to do. */
  took(host: RoomHost): void { this.followers.rest(host, this.parts.clock.mono()); }

  /** What to move next, and to whom; null where all is well as it is, or too much is going on. */
  private next(): Move | null { return this.parts.draining() || !this.calm() ? null : this.byLoad() ?? this.byPlayers(); }

  private byLoad(): Move | null {
    const rooms = this.parts.registry.size;
    const others = this.others();
    const least = Math.min(...others.map(n => n.rooms));
    const mean = this.mean();
    if (rooms <= mean || rooms - least < 2) return null;
    if (rooms <= limits.balance.most * mean && least >= limits.balance.least * mean) return null;
    const heirs = others.filter(n => n.rooms < mean && n.rooms <= rooms - 2).sort((a, b) => a.rooms - b.rooms);
    if (heirs.length === 0) return null;
    // Of few rooms a difference is soon a large part, and not worth that players and room are at different nodes.
    const slight = rooms - mean <= limits.balance.few && mean - least <= limits.balance.few;
    for (const host of this.quietest()) {
      if (slight && host.members.home === this.parts.self) continue;
      const able = heirs.filter(n => this.mayTake(n, host));
      const heir = able.find(n => n.id === host.members.home) ?? able[0];
      if (heir) return { host, heir, why: 'balance' };
    }
    return null;
  }

  /** A room whose players are all at one other node, if the loads stay even. */
  private byPlayers(): Move | null {
    const now = this.parts.clock.mono();
    const rooms = this.parts.registry.size - 1;
    const heirs = new Map(this.others().filter(n => this.bears(rooms, n.rooms + 1, n)).map(n => [n.id, n]));
    for (const { host, home } of heirs.size === 0 ? [] : this.followers.ready(now)) {
      const heir = heirs.get(home);
      if (heir && this.mayGo(host, now) && this.mayTake(heir, host)) return { host, heir, why: 'members' };
    }
    return null;
  }

  /** Rooms that may be moved, those first in which least is going on: no match, then those whose players are elsewhere, then few people. */
  private quietest(): RoomHost[] {
    const now = this.parts.clock.mono();
    const stir = (host: RoomHost) => (host.shown.phase === 'playing' ? 1_000 : 0) + (host.members.home === this.parts.self ? 500 : 0) + host.members.size;
    return this.parts.registry.all().filter(host => this.mayGo(host, now)).map(host => ({ host, stir: stir(host) })).sort((a, b) => a.stir - b.stir).map(({ host }) => host);
  }

  private mayGo(host: RoomHost, now: number): boolean { return host.movable && now - host.since >= limits.balance.stay; }
  private mayTake(heir: NodeRecord, host: RoomHost): boolean { return heir.delay < limits.balance.late && ableTo([heir], gameKey(host.game)).length > 0 && !this.parts.membership.isDead(heir.id); }

  /**
   * Whether the loads are even when this node and that other one have so many rooms, `from` the one that gave one to the other. If so
   * nobody has a reason to move it back.
   */
  private bears(from: number, to: number, other: NodeRecord): boolean {
    const mean = this.mean();
    const all = [from, to, ...this.others().filter(n => n.id !== other.id).map(n => n.rooms)];
    if (to <= from || Math.max(...all) - Math.min(...all) < 2) return true;
    return to <= Math.max(limits.follow.most * mean, mean + limits.follow.few) && from >= Math.min(limits.follow.least * mean, mean - limits.follow.few);
  }

  /** The other nodes that take rooms, with how many they have by now. */
  private others(): NodeRecord[] {
    return this.parts.membership.alive().filter(n => !n.draining).map(n => {
      const moved = this.unreportedOf(n).reduce((sum, { rooms }) => sum + rooms, 0);
      return moved === 0 ? n : { ...n, rooms: Math.max(0, n.rooms + moved) };
    });
  }

  private unreportedOf({ id, beat }: NodeRecord): { beat: number; rooms: number }[] { return (this.unreported.get(id) ?? []).filter(move => beat <= move.beat + 1); }

  private note({ id }: NodeRecord, rooms: number): void {
    const record = this.parts.membership.alive().find(n => n.id === id);
    if (record) this.unreported.set(id, [...this.unreportedOf(record), { beat: record.beat, rooms }]);
    else this.unreported.delete(id);
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
