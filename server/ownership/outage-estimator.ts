import { limits } from '../../shared/limits.ts';
import { positionOf } from '../../shared/position.ts';
import type { Clock } from '../runtime/ports.ts';
import type { ClaimedRoom } from '../store/store.ts';

/**
 * A room that was given up in doubt under `term`: its last durable entry, since when nobody can commit to it, and since
 * when its last append is unanswered (monotonic ms).
 */
export interface AbandonedRoom {
  term: number;
  seq: number;
  since: number;
  unanswered: number | null;
  /** By how much the room's time is ahead of the monotonic clock. */
  ahead: number;
}
/** What a claimed room begins with. `time`: the room's time, where this node has kept it. */
export interface Interruption {
  outage: number;
  time?: number;
}

/**
 * How long (ms) a node has been silent, by another's own observation; `exact`: the observer reached the register all
 * that time.
 */
export interface Silence {
  ms: number;
  isExact: boolean;
}

/**
 * For how long nobody could commit to a room, when it is claimed (SPEC T5, T7): deadlines move by what exceeds 5 s.
 * A node measures its own outages with its monotonic clock. What it did not see itself it learns from the last
 * heartbeat of the owner before, and from the deadlines: an owner fires what is due.
 */
export class OutageEstimator {
  /** The least recently given up is forgotten first. */
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

  /** @param room `clock`: the room's time at its last entry; `due`: its earliest deadline. */
  estimate(id: string, claimed: ClaimedRoom, room: { clock: number; due: number | null }): Interruption {
    const own = this.ownOutage(id, claimed);
    if (own !== null) return own;
    const now = this.clock.now();
    const overdue = room.due === null ? 0 : now - room.due;
    const silentForMs = claimed.previous ? this.silenceOfPrevious(claimed.previous, room.clock, now) : 0;
    return { outage: Math.max(0, Math.min(Math.max(silentForMs, overdue), now - room.clock)) };
  }

  /** Where this node gave the room up, and nobody has written to it since. */
  private ownOutage(id: string, { terms, seq }: ClaimedRoom): Interruption | null {
    const own = this.rooms.get(id);
    this.rooms.delete(id);
    if (!own || seq < own.seq || positionOf(seq, terms)[0] > own.term) return null;
    // The entry that nobody answered was written: it counts what had been out before it.
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
    // Its record is gone: it has stopped, or nobody has asked for the room for long. The room is as one that slept.
    if (!heartbeat) return 0;
    const since = now - heartbeat.at;
    const silentForMs =
      seen === null ? Math.max(0, since) : seen.isExact || since < 0 ? Math.max(seen.ms, since) : since;
    // A claim is a write, too, and a term is the store's clock in ms × 1024 at least.
    const lastWrite = Math.max(written, Math.floor(term / 1024));
    const { outage } = heartbeat;
    return outage && outage.to > lastWrite ? Math.max(silentForMs, now - outage.from) : silentForMs;
  }
}
