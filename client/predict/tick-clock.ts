/** How far back arrivals are compared (ms). */
const windowMs = 2_500;
/** What was late once is expected again, less and less: half as much after so long (ms). */
const latenessHalfLifeMs = 4_000;

/**
 * Which tick of a room it is, as seen from here. Ticks are made at an even pace and arrive unevenly; the earliest
 * arrivals of the last seconds say when each was due. Another owner goes on at another beat: then all is learnt anew,
 * at once.
 */
export class TickClock {
  private arrivals: { offset: number; at: number }[] = [];
  private origin: number | null = null;
  private lateness = 0;
  private lateAt = 0;

  /**
   * @param period ms from one tick to the next
   * @param most what is later than this (ms) is not waited for, and counts as so late
   */
  constructor(
    private readonly period: number,
    private readonly most: number,
  ) {}

  /** A state of this tick arrived now. */
  recordArrival(tick: number, now: number): void {
    const offset = now - tick * this.period;
    const recent = (this.arrivals = this.arrivals.filter(one => now - one.at < windowMs));
    recent.push({ offset, at: now });
    this.origin = Math.min(...recent.map(one => one.offset));
    const late = this.expectedLateness(now);
    this.lateness = Math.min(this.most, Math.max(late, offset - this.origin));
    this.lateAt = now;
  }

  /**
   * The tick whose state would arrive now, were nothing late; between two of them, a fraction. Null before the first.
   */
  at(now: number): number | null {
    return this.origin === null ? null : (now - this.origin) / this.period;
  }

  /** By how much (ms) states have come late of late. */
  expectedLateness(now: number): number {
    return this.lateness * 0.5 ** (Math.max(0, now - this.lateAt) / latenessHalfLifeMs);
  }

  /** The beat is another one from now on. How unevenly things arrive is a matter of the way, and stays. */
  restart(): void {
    this.arrivals = [];
    this.origin = null;
  }
}
