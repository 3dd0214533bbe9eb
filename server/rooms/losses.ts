import { limits } from '../../shared/limits.ts';
import type { Place, Terms } from '../../shared/place.ts';
import type { Clock, Log, Meter } from '../ports.ts';
import type { StoreContact } from './store-contact.ts';

/** A room that was given up is remembered for so long (ms), not counting the time in which the store does not answer: it cannot be claimed then. */
const remembered = 60_000;
/** The store counts as silent after so long (ms) without an answer. Heartbeats come more often. */
const silence = 2_000;

/**
 * What the store has lost: rooms that were given up in doubt are compared, when they are claimed again, with what this node
 * had seen durable. A store that came back as an older one (a failover to a replica that lagged behind) says nothing of it
 * itself. What a node that is gone had seen, nobody can compare: the clients' own places tell that (`lost` in a join).
 */
export class Losses {
  /** The one given up first is forgotten first. `at`: on the clock of `age`. */
  private readonly seen = new Map<string, { place: Place; at: number }>();
  private found = { rooms: 0, entries: 0, gone: 0 };
  /** How long (ms) the store has answered, all in all. */
  private age = 0;
  private reportedAt: number;

  constructor(private readonly parts: { clock: Clock; log: Log; meter: Meter; contact: Pick<StoreContact, 'reachedAt'> }) { this.reportedAt = parts.clock.mono(); }

  /** A room was given up, and this was its last durable entry. */
  gaveUp(id: string, place: Place): void {
    this.seen.delete(id);
    this.seen.set(id, { place, at: this.age });
    if (this.seen.size > limits.directory) this.seen.delete(this.seen.keys().next().value!);
  }

  /** A room was claimed: so far its history reaches now. */
  claimed(id: string, terms: Terms, seq: number): void {
    const entries = lostOf(this.seen.get(id)?.place, terms, seq);
    this.seen.delete(id);
    if (entries > 0) this.count(entries, 0);
  }

  /** A room is not there any more. */
  missing(id: string): void {
    const seen = this.seen.get(id);
    this.seen.delete(id);
    if (seen) this.count(seen.place[1], 1);
  }

  /** Once a second: says what was found since, in one line for all rooms. */
  report(): void {
    const { rooms, entries, gone } = this.found;
    this.found = { rooms: 0, entries: 0, gone: 0 };
    if (rooms > 0) this.parts.log.error({ rooms, entries, gone }, 'the store has lost entries that were acknowledged: rooms fell back, or are gone');
    const mono = this.parts.clock.mono();
    if (mono - this.parts.contact.reachedAt < silence) this.age += mono - this.reportedAt;
    this.reportedAt = mono;
    for (const [id, { at }] of this.seen) if (this.age - at > remembered) this.seen.delete(id);
  }

  private count(entries: number, gone: number): void {
    this.found.rooms += 1;
    this.found.entries += entries;
    this.found.gone += gone;
    this.parts.meter.count('lostRooms');
    this.parts.meter.count('lostEntries', entries);
  }
}

/** How many entries up to `place` are on no history that has these terms and reaches to `seq`. */
function lostOf(place: Place | undefined, terms: Terms, seq: number): number {
  if (!place) return 0;
  // What terms up to that of the place wrote, as far as it is still there. A younger term took up where they ended.
  const next = terms.find(([term]) => term > place[0]);
  return Math.max(0, place[1] - (next ? next[1] - 1 : seq));
}
