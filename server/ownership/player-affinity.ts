import { limits } from '../../shared/limits.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';

/**
 * Which of this node's rooms have nearly all their players at one other node, and for how long. There a room costs
 * less: what its players do, and what they are told, need not go from node to node.
 */
export class PlayerAffinity {
  private candidates = new Map<RoomActor, { home: string; since: number }>();
  /** Rooms that were moved here to even the loads out, and until when they stay for that (monotonic ms). */
  private readonly restingUntil = new WeakMap<RoomActor, number>();

  constructor(private readonly self: string) {}

  /** Once a second: takes in where players are now. */
  update(actors: readonly RoomActor[], now: number): void {
    const before = this.candidates;
    this.candidates = new Map();
    for (const actor of actors) {
      const { majorityNode: node } = actor.members;
      if (node === null || node === this.self) continue;
      const known = before.get(actor);
      this.candidates.set(actor, known?.home === node ? known : { home: node, since: now });
    }
  }

  /** Rooms that would follow their players by now, and where to; those first whose players have been there longest. */
  readyToMove(now: number): { actor: RoomActor; node: string }[] {
    const rooms: { actor: RoomActor; node: string; since: number }[] = [];
    for (const [actor, { home: node, since }] of this.candidates) {
      if (now - since >= limits.follow.settledFor && now >= (this.restingUntil.get(actor) ?? -Infinity))
        rooms.push({ actor, node, since });
    }
    return rooms.sort((a, b) => a.since - b.since);
  }

  /** It did not come about: it is not tried again before its players have been there as long once more. */
  postpone(actor: RoomActor, now: number): void {
    const known = this.candidates.get(actor);
    if (known) this.candidates.set(actor, { ...known, since: now });
  }

  /** It was moved here for the loads' sake, and is not to go back at once. */
  restAfterBalancing(actor: RoomActor, now: number): void {
    this.restingUntil.set(actor, now + limits.follow.cooldown);
  }
}
