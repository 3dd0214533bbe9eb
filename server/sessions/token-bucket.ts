export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/*
 * A token bucket (`burst` at once, then `perSecond`) as one number: when it will be full again, in the caller's ms. There are
 * some for each client that is connected, most of them full, and a number is all that is kept of one.
 */

/** One that is full: nothing was ever taken. */
export const full = 0;

/** How much of it is there. */
const levelOf = (fullAt: number, { burst, perSecond }: Rate, now: number): number =>
  burst - (Math.max(0, fullAt - now) / 1000) * perSecond;

/** @returns 0 when one may pass, else the ms after which to try again */
export function waitFor(fullAt: number, rate: Rate, now: number): number {
  const level = levelOf(fullAt, rate, now);
  // adding up fractions of tokens loses a little
  return level >= 1 - 1e-6 ? 0 : Math.ceil(((1 - level) / rate.perSecond) * 1000);
}
/** When it will be full after one more. */
export const fullAtAfterTake = (fullAt: number, { perSecond }: Rate, now: number): number =>
  Math.max(fullAt, now) + 1000 / perSecond;
/** When it will be full if one was not used after all. */
export const fullAtAfterRefund = (fullAt: number, { perSecond }: Rate): number => fullAt - 1000 / perSecond;
/** Nothing is missing: a new one would be the same. */
export const isFull = (fullAt: number, rate: Rate, now: number): boolean =>
  levelOf(fullAt, rate, now) >= rate.burst - 1e-6;

/** One by itself. */
export class TokenBucket {
  private fullAt: number = full;
  constructor(private readonly rate: Rate) {}

  /** @returns 0 when one may pass, else the ms after which to try again */
  take(now: number): number {
    const wait = waitFor(this.fullAt, this.rate, now);
    if (wait === 0) this.fullAt = fullAtAfterTake(this.fullAt, this.rate, now);
    return wait;
  }
}
