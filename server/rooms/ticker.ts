/** Moments in each period on which ticks fall. */
const phases = 5;
/** Timers may fire so much (ms) early. */
const early = 1;

/**
 * When the next tick of a room is due. Ticks keep their rhythm; one that was missed is not made up for, or the world would jump.
 * The rooms of a node tick on a few common moments: what they append then leaves in one write, is answered in one, and goes to
 * another node in one message.
 */
export class Ticker {
  private readonly period: number;
  /** Monotonic ms. */
  private next: number | null = null;

  constructor(hz: number | undefined) { this.period = hz ? 1000 / hz : Infinity; }

  /** Whether a tick is to be run now. `running`: a match is on, and somebody is there. */
  due(running: boolean, mono: number): boolean {
    if (!running || this.period === Infinity) {
      this.next = null;
      return false;
    }
    if (this.next !== null && mono < this.next - early) return false;
    const wasDue = this.next !== null;
    const step = this.period / phases;
    this.next = wasDue && mono - this.next! < this.period ? this.next! + this.period : Math.ceil((mono + this.period) / step) * step;
    return wasDue;
  }

  /** Ms until the next one. */
  wait(mono: number): number { return this.next === null ? Infinity : Math.max(0, this.next - mono); }
}
