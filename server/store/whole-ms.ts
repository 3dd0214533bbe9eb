/**
 * Rounds a duration or time to whole ms, at least 1: Redis rejects fractions, and treats 0 as "expire now".
 * @throws RangeError if `ms` is NaN
 */
export function wholeMs(ms: number): number {
  if (!(ms >= 0 || ms < 0)) throw new RangeError('a time in ms must be a number');
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.ceil(ms)));
}
