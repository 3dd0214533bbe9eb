/** How often something may be done: `burst` times at once, then `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/*
 * A token bucket (`burst` at once, then `perSecond`), stored as one number: the time (ms) at which it will be full
 * again. There are several per client, most of them full, so a number is all that is kept.
 */

/** A full bucket: no token was ever taken. */
export const full = 0;

const levelOf = (fullAt: number, { burst, perSecond }: Rate, now: number): number =>
  burst - (Math.max(0, fullAt - now) / 1000) * perSecond;

/** @returns 0 if a token is available, else the ms after which to retry */
export function waitFor(fullAt: number, rate: Rate, now: number): number {
  const level = levelOf(fullAt, rate, now);
  // tolerance for rounding errors
  return level >= 1 - 1e-6 ? 0 : Math.ceil(((1 - level) / rate.perSecond) * 1000);
}
/** When the bucket will be full after taking a token. */
export const fullAtAfterTake = (fullAt: number, { perSecond }: Rate, now: number): number =>
  Math.max(fullAt, now) + 1000 / perSecond;
/** When the bucket will be full after returning a token. */
export const fullAtAfterRefund = (fullAt: number, { perSecond }: Rate): number => fullAt - 1000 / perSecond;
/** Whether the bucket is full, so that it need not be kept. */
export const isFull = (fullAt: number, rate: Rate, now: number): boolean =>
  levelOf(fullAt, rate, now) >= rate.burst - 1e-6;

/** A token bucket as an object. */
export class TokenBucket {
  private fullAt: number = full;
  constructor(private readonly rate: Rate) {}

  /** Takes a token. @returns 0, or the ms after which to retry */
  take(now: number): number {
    const wait = waitFor(this.fullAt, this.rate, now);
    if (wait === 0) this.fullAt = fullAtAfterTake(this.fullAt, this.rate, now);
    return wait;
  }
}
