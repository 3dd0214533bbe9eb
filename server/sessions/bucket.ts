export interface Rate { readonly burst: number; readonly perSecond: number }

/** A token bucket: `burst` at once, then `perSecond`. Time comes from the caller, in ms. */
export class Bucket {
  private level: number;
  private last: number;
  constructor(private readonly rate: Rate, now: number) {
    this.level = rate.burst;
    this.last = now;
  }

  /** @returns 0 when one may pass, else the ms after which to try again */
  take(now: number): number {
    const wait = this.wait(now);
    if (wait === 0) this.level -= 1;
    return wait;
  }

  /** As `take`, without taking. */
  wait(now: number): number {
    this.level = Math.min(this.rate.burst, this.level + ((now - this.last) / 1000) * this.rate.perSecond);
    this.last = now;
    if (this.level >= 1 - 1e-6) return 0; // adding up fractions of tokens loses a little
    return Math.ceil(((1 - this.level) / this.rate.perSecond) * 1000);
  }

  /** What was taken was not used after all. */
  giveBack(): void { this.level = Math.min(this.rate.burst, this.level + 1); }

  /** Nothing is missing: a new one would be the same. */
  isFull(now: number): boolean {
    this.wait(now);
    return this.level >= this.rate.burst - 1e-6;
  }
}
