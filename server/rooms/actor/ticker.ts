/** Moments in each period on which ticks fall. */
const phasesPerPeriod = 5;
/** Timers may fire so much (ms) early. */
const toleranceMs = 1;

/**
 * When the next tick of a room is due. Ticks keep their rhythm; one that was missed is not made up for, or the world
 * would jump. The rooms of a node tick on a few common moments: what they append then leaves in one write, is answered
 * in one, and goes to another node in one message.
 */
export class Ticker {
  private readonly period: number;
  /** Monotonic ms. */
  private nextAt: number | null = null;

  constructor(hz: number | undefined) {
    this.period = hz ? 1000 / hz : Infinity;
  }

  /** Whether a tick is to be run now. `running`: a match is on, and somebody is there. */
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

  /** Ms until the next one. */
  msUntilNext(mono: number): number {
    return this.nextAt === null ? Infinity : Math.max(0, this.nextAt - mono);
  }
}
