/** A token bucket: `burst` at once, then `perSecond`. Time comes from the caller, in ms. */
export class Bucket {
  private level: number;
  private last: number;
  constructor(private readonly rate: { burst: number; perSecond: number }, now: number) {
    this.level = rate.burst;
    this.last = now;
  }

  /** @returns 0 when one may pass, else the ms after which to try again */
  take(now: number): number {
    this.level = Math.min(this.rate.burst, this.level + ((now - this.last) / 1000) * this.rate.perSecond);
    this.last = now;
    if (this.level >= 1 - 1e-6) { // adding up fractions of tokens loses a little
      this.level -= 1;
      return 0;
    }
    return Math.ceil(((1 - this.level) / this.rate.perSecond) * 1000);
  }
}
