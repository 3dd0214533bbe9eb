/** When the next tick of a room is due. Ticks keep their rhythm; one that was missed is not made up for, or the world would jump. */
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
    if (this.next !== null && mono < this.next) return false;
    const wasDue = this.next !== null;
    this.next = wasDue && mono - this.next! < this.period ? this.next! + this.period : mono + this.period;
    return wasDue;
  }

  /** Ms until the next one. */
  wait(mono: number): number { return this.next === null ? Infinity : Math.max(0, this.next - mono); }
}
