import { limits } from '../../../shared/limits.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { StoreContact } from '../../store/store-contact.ts';

/**
 * How this node became the owner. `outage`: ms for which no node could commit to the room. `lease`: the membership
 * lease at the claim.
 */
export interface OwnershipStart {
  outage: number;
  lease: number | null;
  /**
   * The room's clock, if a live owner has sent it or this node has kept it: wall clocks differ between nodes, and can
   * step.
   */
  time?: number;
  /** The rules have changed: members get a snapshot, because their views may be those of the earlier rules. */
  hasNewRules?: boolean;
}

/** The room's clock at its owner, and the outages by which the room's deadlines move (SPEC T1, T2, T5, T6). */
export class RoomClock {
  /** Monotonic ms since which this node runs the room. */
  readonly ownedSince: number;
  /** The room's clock at that moment. */
  private readonly startedAt: number;
  /** Monotonic ms since which no node could commit, until that is journaled; and up to which outages were processed. */
  private unreportedOutageSince: number | null;
  private outagesCheckedAt: number;

  /** @param storedTime the room's clock at its last entry */
  constructor(
    private readonly clock: Clock,
    private readonly contact: StoreContact,
    start: OwnershipStart,
    storedTime: number,
  ) {
    this.ownedSince = this.outagesCheckedAt = clock.mono();
    this.startedAt = Math.max(start.time ?? clock.now(), storedTime);
    this.unreportedOutageSince = start.outage > 0 ? this.ownedSince - start.outage : null;
  }

  /**
   * The room's clock: the time since this node took over, by the monotonic clock. With the wall clock, a step would end
   * all holds and turns at once, or delay all deadlines.
   */
  now(): number {
    return Math.floor(this.startedAt + this.clock.mono() - this.ownedSince);
  }

  /** The outages of the store that ended since the last call, each in ms. */
  takeEndedOutages(): number[] {
    const outages = this.contact.outagesEndedAfter(this.outagesCheckedAt);
    if (outages.length === 0) return [];
    this.unreportedOutageSince ??= outages[0]!.from;
    this.outagesCheckedAt = this.clock.mono();
    return outages.map(({ from, to }) => to - from);
  }

  /** Called when the shifts of all deadlines are journaled. */
  outagesCommitted(): void {
    this.unreportedOutageSince = null;
  }

  /**
   * For abandoning the room: monotonic ms since which no node could commit to it. `ahead`: offset of the room's clock to
   * the monotonic clock. @param unanswered monotonic ms since which its last append has had no reply
   */
  outageStart(unanswered: number | null): { since: number; unanswered: number | null; ahead: number } {
    const { contact, clock } = this;
    return {
      since: Math.min(
        this.unreportedOutageSince ?? Infinity,
        contact.outagesEndedAfter(this.outagesCheckedAt)[0]?.from ?? Infinity,
        contact.reachedAt,
        unanswered ?? clock.mono(),
      ),
      unanswered,
      ahead: this.startedAt - this.ownedSince,
    };
  }
}

/** By how much an outage moves the deadlines of a room, ms; 0 if not at all. */
export const deadlineShiftOf = (outage: number): number =>
  outage > limits.deadlineGrace ? Math.round(outage - limits.deadlineGrace) : 0;
