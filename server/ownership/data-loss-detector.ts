import { limits } from '../../shared/limits.ts';
import type { Position, TermStarts } from '../../shared/position.ts';
import type { Clock, Log, Meter } from '../runtime/ports.ts';
import type { StoreContact } from '../store/store-contact.ts';

/**
 * A room that was given up is remembered for so long (ms), not counting the time in which the store does not answer: it
 * cannot be claimed then.
 */
const remembered = 60_000;
/** The store counts as silent after so long (ms) without an answer. Heartbeats come more often. */
const silence = 2_000;

/**
 * What the store has lost: rooms that were given up in doubt are compared, when they are claimed again, with what this
 * node had seen durable. A store that came back as an older one (a failover to a replica that lagged behind) says
 * nothing of it itself. What a node that is gone had seen, nobody can compare: the clients' own places tell that
 * (`lost` in a join).
 */
export class DataLossDetector {
  /** The one given up first is forgotten first. `at`: on the clock of `age`. */
  private readonly lastDurable = new Map<string, { place: Position; at: number }>();
  private unreported = { rooms: 0, entries: 0, gone: 0 };
  /** How long (ms) the store has answered, all in all. */
  private age = 0;
  private reportedAt: number;

  constructor(
    private readonly parts: { clock: Clock; log: Log; meter: Meter; contact: Pick<StoreContact, 'reachedAt'> },
  ) {
    this.reportedAt = parts.clock.mono();
  }

  /** A room was given up, and this was its last durable entry. */
  roomAbandoned(id: string, position: Position): void {
    this.lastDurable.delete(id);
    this.lastDurable.set(id, { place: position, at: this.age });
    if (this.lastDurable.size > limits.ownerCacheEntries)
      this.lastDurable.delete(this.lastDurable.keys().next().value!);
  }

  /** A room was claimed: so far its history reaches now. */
  roomClaimed(id: string, terms: TermStarts, seq: number): void {
    const entries = countLostEntries(this.lastDurable.get(id)?.place, terms, seq);
    this.lastDurable.delete(id);
    if (entries > 0) this.countLoss(entries, 0);
  }

  /** A room is not there any more. */
  roomMissing(id: string): void {
    const seen = this.lastDurable.get(id);
    this.lastDurable.delete(id);
    if (seen) this.countLoss(seen.place[1], 1);
  }

  /** Once a second: says what was found since, in one line for all rooms. */
  report(): void {
    const { rooms, entries, gone } = this.unreported;
    this.unreported = { rooms: 0, entries: 0, gone: 0 };
    if (rooms > 0) this.parts.log.error({ rooms, entries, gone }, 'store lost acknowledged entries');
    const mono = this.parts.clock.mono();
    if (mono - this.parts.contact.reachedAt < silence) this.age += mono - this.reportedAt;
    this.reportedAt = mono;
    for (const [id, { at }] of this.lastDurable) if (this.age - at > remembered) this.lastDurable.delete(id);
  }

  private countLoss(entries: number, gone: number): void {
    this.unreported.rooms += 1;
    this.unreported.entries += entries;
    this.unreported.gone += gone;
    this.parts.meter.count('lostRooms');
    this.parts.meter.count('lostEntries', entries);
  }
}

/** How many entries up to `place` are on no history that has these terms and reaches to `seq`. */
function countLostEntries(position: Position | undefined, terms: TermStarts, seq: number): number {
  if (!position) return 0;
  // What terms up to that of the place wrote, as far as it is still there. A younger term took up where they ended.
  const next = terms.find(([term]) => term > position[0]);
  return Math.max(0, position[1] - (next ? next[1] - 1 : seq));
}
