import type { CompleteClock } from './ports.ts';
import type { RoundTrips } from './round-trips.ts';

/** For this time (ms) a reading of the room's clock wins over earlier ones: those were delayed. */
const readingTtlMs = 60_000;
/** A join that takes longer (ms) gives a doubtful reading. */
const slowJoinMs = 2_000;
/** Doubtful readings in a row after which no more are asked for. */
const maxRepeats = 3;

/** The room's clock: the time of its owner, kept by the local monotonic clock, so independent of the device's clock. */
export class RoomClock {
  /** The room's clock minus the local monotonic one. */
  private offset = 0;
  private readAt = -Infinity;
  /** Consecutive doubtful readings. */
  private doubtful = 0;

  constructor(
    private readonly clock: CompleteClock,
    private readonly roundTrips: RoundTrips,
  ) {}

  /** Current time on the room's clock, ms since 1970. */
  now(): number {
    return Math.round(this.clock.mono() + this.offset);
  }

  /**
   * Takes the time in the answer to a join that was sent at `asked` and has just arrived. The room's clock never goes
   * back, also across owners (T1). So of recent readings the latest time is right; the others were delayed.
   * @returns whether the clock should be read again by another join
   */
  read(time: number, asked: number): boolean {
    const now = this.clock.mono();
    const trip = now - asked;
    const offset = time + Math.min(trip, this.roundTrips.shortest ?? trip) / 2 - now;
    // The device may have been suspended while the join was pending, so the age of the answer is unknown.
    const isDoubtful = trip > slowJoinMs;
    const readAgain = isDoubtful && this.doubtful < maxRepeats;
    this.doubtful = isDoubtful ? this.doubtful + 1 : 0;
    if (now - this.readAt >= readingTtlMs || offset > this.offset) {
      this.offset = offset;
      this.readAt = isDoubtful ? -Infinity : now;
    }
    return readAgain;
  }

  /** The next reading replaces all earlier ones: another history may have another clock. */
  discardReadings(): void {
    this.readAt = -Infinity;
  }

  /** The local monotonic clock lost `ms`. */
  adjust(ms: number): void {
    this.offset += ms;
  }
}
