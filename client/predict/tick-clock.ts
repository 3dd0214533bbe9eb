/** Arrivals within this time (ms) are compared. */
const windowMs = 2_500;
/** Half-life of the expected lateness, ms. */
const latenessHalfLifeMs = 4_000;

/**
 * Estimates the current tick of a room. Ticks are made at an even rate and arrive irregularly; the earliest arrivals of
 * the last seconds tell when each was due. A new owner has another phase, so the estimate restarts.
 */
export class TickClock {
  private arrivals: { offset: number; at: number }[] = [];
  private origin: number | null = null;
  private lateness = 0;
  private lateAt = 0;

  /**
   * @param period ms per tick
   * @param most maximum lateness (ms); later states count as this late
   */
  constructor(
    private readonly period: number,
    private readonly most: number,
  ) {}

  /** Records the arrival of a state. */
  recordArrival(tick: number, now: number): void {
    const offset = now - tick * this.period;
    const recent = (this.arrivals = this.arrivals.filter(one => now - one.at < windowMs));
    recent.push({ offset, at: now });
    this.origin = Math.min(...recent.map(one => one.offset));
    const late = this.expectedLateness(now);
    this.lateness = Math.min(this.most, Math.max(late, offset - this.origin));
    this.lateAt = now;
  }

  /** The tick whose state would arrive now without lateness; fractional. Null before the first state. */
  at(now: number): number | null {
    return this.origin === null ? null : (now - this.origin) / this.period;
  }

  /** Expected lateness of the next state, ms. */
  expectedLateness(now: number): number {
    return this.lateness * 0.5 ** (Math.max(0, now - this.lateAt) / latenessHalfLifeMs);
  }

  /** The owner changed: the phase is another. The lateness depends on the network, and stays. */
  restart(): void {
    this.arrivals = [];
    this.origin = null;
  }
}
