import { limits } from '../../shared/limits.ts';
import type { Position, TermStarts } from '../../shared/position.ts';
import type { Clock, Log, Meter } from '../runtime/ports.ts';
import type { StoreContact } from '../store/store-contact.ts';

/**
 * How long (ms) an abandoned room is remembered. Time in which the store does not reply is not counted, because the
 * room cannot be claimed then.
 */
const remembered = 60_000;
/** The store counts as unreachable after this time (ms) without a reply. Heartbeats are more frequent. */
const silence = 2_000;

/**
 * Detects entries that the store has lost. When a room that this node abandoned is claimed again, its history is
 * compared with what this node knows to be durable. A store that lost data (a failover to a replica that lagged) does
 * not report that itself. What only a dead node knew cannot be compared; clients detect that by their own positions
 * (`lost` in a join).
 */
export class DataLossDetector {
  /** Oldest first. `at`: on the clock of `age`. */
  private readonly lastDurable = new Map<string, { position: Position; at: number }>();
  private unreported = { rooms: 0, entries: 0, gone: 0 };
  /** Total time (ms) in which the store has replied. */
  private age = 0;
  private reportedAt: number;

  constructor(
    private readonly parts: { clock: Clock; log: Log; meter: Meter; contact: Pick<StoreContact, 'reachedAt'> },
  ) {
    this.reportedAt = parts.clock.mono();
  }

  /** Called when a room was abandoned, with its last durable entry. */
  roomAbandoned(id: string, position: Position): void {
    this.lastDurable.delete(id);
    this.lastDurable.set(id, { position, at: this.age });
    if (this.lastDurable.size > limits.ownerCacheEntries)
      this.lastDurable.delete(this.lastDurable.keys().next().value!);
  }

  /** Called when a room was claimed, with the history found. */
  roomClaimed(id: string, terms: TermStarts, seq: number): void {
    const entries = countLostEntries(this.lastDurable.get(id)?.position, terms, seq);
    this.lastDurable.delete(id);
    if (entries > 0) this.countLoss(entries, 0);
  }

  /** Called when a room no longer exists. */
  roomMissing(id: string): void {
    const seen = this.lastDurable.get(id);
    this.lastDurable.delete(id);
    if (seen) this.countLoss(seen.position[1], 1);
  }

  /** Once a second: logs the losses found since the last call, in one message. */
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

/** The number of entries up to `position` that are not part of the history with these terms and this last seq. */
function countLostEntries(position: Position | undefined, terms: TermStarts, seq: number): number {
  if (!position) return 0;
  // Entries of terms up to that of `position` end where the next term begins.
  const next = terms.find(([term]) => term > position[0]);
  return Math.max(0, position[1] - (next ? next[1] - 1 : seq));
}
