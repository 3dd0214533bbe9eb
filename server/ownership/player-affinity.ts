import { limits } from '../../shared/limits.ts';
import type { RoomActor } from '../rooms/actor/actor.ts';

/**
 * Finds rooms of this node whose players are nearly all connected to one other node. They cost less there, because
 * their traffic need not cross nodes.
 */
export class PlayerAffinity {
  private candidates = new Map<RoomActor, { home: string; since: number }>();
  /** Rooms that were moved here for balance, and monotonic ms until which they stay. */
  private readonly restingUntil = new WeakMap<RoomActor, number>();

  constructor(private readonly self: string) {}

  /** Once a second: updates where the players are. */
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

  /** Rooms that are ready to follow their players, and their targets; longest-waiting first. */
  readyToMove(now: number): { actor: RoomActor; node: string }[] {
    const rooms: { actor: RoomActor; node: string; since: number }[] = [];
    for (const [actor, { home: node, since }] of this.candidates) {
      if (now - since >= limits.follow.settledFor && now >= (this.restingUntil.get(actor) ?? -Infinity))
        rooms.push({ actor, node, since });
    }
    return rooms.sort((a, b) => a.since - b.since);
  }

  /** Called when a move failed: the room is retried after another `limits.follow.settledFor`. */
  postpone(actor: RoomActor, now: number): void {
    const known = this.candidates.get(actor);
    if (known) this.candidates.set(actor, { ...known, since: now });
  }

  /** Called when a room was moved here for balance: it does not follow its players for some time. */
  restAfterBalancing(actor: RoomActor, now: number): void {
    this.restingUntil.set(actor, now + limits.follow.cooldown);
  }
}
