/** Number of instants per period at which ticks fall. */
const phasesPerPeriod = 5;
/** Timers may fire this early, ms. */
const toleranceMs = 1;

/**
 * Schedules the ticks of a room. Ticks keep their interval; a late tick is run once, and missed ticks are not caught
 * up, because the game would jump. The rooms of a node tick at a few common instants, so that their appends share a
 * write and their messages a packet.
 */
export class Ticker {
  private readonly period: number;
  /** Monotonic ms. */
  private nextAt: number | null = null;

  constructor(hz: number | undefined) {
    this.period = hz ? 1000 / hz : Infinity;
  }

  /** Whether a tick is due now. `isActive`: a match is in progress, and a client is connected. */
  isDue(isActive: boolean, mono: number): boolean {
    if (!isActive || this.period === Infinity) {
      this.nextAt = null;
      return false;
    }
    if (this.nextAt !== null && mono < this.nextAt - toleranceMs) return false;
    const wasDue = this.nextAt !== null;
    const step = this.period / phasesPerPeriod;
    this.nextAt =
      wasDue && mono - this.nextAt! < this.period
        ? this.nextAt! + this.period
        : Math.ceil((mono + this.period) / step) * step;
    return wasDue;
  }

  /** Ms until the next tick. */
  msUntilNext(mono: number): number {
    return this.nextAt === null ? Infinity : Math.max(0, this.nextAt - mono);
  }
}
