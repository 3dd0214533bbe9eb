import { limits } from '../../shared/limits.ts';
import { positionOf } from '../../shared/position.ts';
import type { Clock } from '../runtime/ports.ts';
import type { ClaimedRoom } from '../store/store.ts';

/**
 * A room that was abandoned with an unknown outcome, under `term`: its last durable seq; monotonic ms since which no
 * node can commit to it; and monotonic ms since which its last append has had no reply.
 */
export interface AbandonedRoom {
  term: number;
  seq: number;
  since: number;
  unanswered: number | null;
  /** Offset of the room's clock to the monotonic clock, ms. */
  ahead: number;
}
/** The interruption of a claimed room, ms. `time`: the room's clock, if this node has kept it. */
export interface Interruption {
  outage: number;
  time?: number;
}

/**
 * How long (ms) another node has been silent, as this node observed. `isExact`: this node reached the register all that
 * time.
 */
export interface Silence {
  ms: number;
  isExact: boolean;
}

/**
 * Estimates for how long no node could commit to a room when it is claimed (SPEC T5, T7). Deadlines move by what
 * exceeds `limits.deadlineGrace`.
 * A node measures its own outages with its monotonic clock. Otherwise it estimates from the previous owner's last
 * heartbeat, and from the room's deadlines: a live owner would have fired those that are due.
 */
export class OutageEstimator {
  /** Oldest first. */
  private readonly rooms = new Map<string, AbandonedRoom>();

  constructor(
    private readonly clock: Clock,
    private readonly silenceOf: (node: string) => Silence | null,
  ) {}

  roomAbandoned(id: string, room: AbandonedRoom): void {
    this.rooms.delete(id);
    this.rooms.set(id, room);
    if (this.rooms.size > limits.ownerCacheEntries) this.rooms.delete(this.rooms.keys().next().value!);
  }

  forget(id: string): void {
    this.rooms.delete(id);
  }

  /** @param room `clock`: the room's clock at its last entry; `due`: its earliest deadline */
  estimate(id: string, claimed: ClaimedRoom, room: { clock: number; due: number | null }): Interruption {
    const own = this.ownOutage(id, claimed);
    if (own !== null) return own;
    const now = this.clock.now();
    const overdue = room.due === null ? 0 : now - room.due;
    const silentForMs = claimed.previous ? this.silenceOfPrevious(claimed.previous, room.clock, now) : 0;
    return { outage: Math.max(0, Math.min(Math.max(silentForMs, overdue), now - room.clock)) };
  }

  /** The outage of a room that this node abandoned itself, if no other node has written to it since. */
  private ownOutage(id: string, { terms, seq }: ClaimedRoom): Interruption | null {
    const own = this.rooms.get(id);
    this.rooms.delete(id);
    if (!own || seq < own.seq || positionOf(seq, terms)[0] > own.term) return null;
    // The unanswered append was written, so only the time after it counts.
    const now = this.clock.mono();
    return {
      outage: now - (seq > own.seq ? (own.unanswered ?? own.since) : own.since),
      time: Math.floor(now + own.ahead),
    };
  }

  private silenceOfPrevious(
    { node, term, lastHeartbeat: heartbeat }: NonNullable<ClaimedRoom['previous']>,
    written: number,
    now: number,
  ): number {
    const seen = this.silenceOf(node);
    // Without a record, the node has stopped, or the room has not been requested for long: it is treated as a sleeping
    // room.
    if (!heartbeat) return 0;
    const since = now - heartbeat.at;
    const silentForMs =
      seen === null ? Math.max(0, since) : seen.isExact || since < 0 ? Math.max(seen.ms, since) : since;
    // A claim is a write, too; a term is at least the store's clock in ms × 1024.
    const lastWrite = Math.max(written, Math.floor(term / 1024));
    const { outage } = heartbeat;
    return outage && outage.to > lastWrite ? Math.max(silentForMs, now - outage.from) : silentForMs;
  }
}
