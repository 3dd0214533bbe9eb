import { limits } from '../../shared/limits.ts';
import type { RoomHost } from '../rooms/host.ts';

/**
 * Which of this node's rooms have nearly all their players at one other node, and for how long. There a room costs less: what its
 * players do, and what they are told, need not go from node to node.
 */
export class Followers {
  private settled = new Map<RoomHost, { home: string; since: number }>();
  /** Rooms that were moved here to even the loads out, and until when they stay for that (monotonic ms). */
  private readonly resting = new WeakMap<RoomHost, number>();

  constructor(private readonly self: string) {}

  /** Once a second: takes in where players are now. */
  look(hosts: readonly RoomHost[], now: number): void {
    const before = this.settled;
    this.settled = new Map();
    for (const host of hosts) {
      const { home } = host.members;
      if (home === null || home === this.self) continue;
      const known = before.get(host);
      this.settled.set(host, known?.home === home ? known : { home, since: now });
    }
  }

  /** Rooms that would follow their players by now, and where to; those first whose players have been there longest. */
  ready(now: number): { host: RoomHost; home: string }[] {
    const rooms: { host: RoomHost; home: string; since: number }[] = [];
    for (const [host, { home, since }] of this.settled) {
      if (now - since >= limits.follow.settled && now >= (this.resting.get(host) ?? -Infinity)) rooms.push({ host, home, since });
    }
    return rooms.sort((a, b) => a.since - b.since);
  }

  /** It did not come about: it is not tried again before its players have been there as long once more. */
  postpone(host: RoomHost, now: number): void {
    const known = this.settled.get(host);
    if (known) this.settled.set(host, { ...known, since: now });
  }

  /** It was moved here for the loads' sake, and is not to go back at once. */
  rest(host: RoomHost, now: number): void { this.resting.set(host, now + limits.follow.rest); }
}
