/**
 * A duration or a time as the store takes it: a whole number of ms from 1 on. Redis refuses fractions, and takes 0 for
 * "remove at once".
 * @throws RangeError where it is no number, before anything is written
 */
export function wholeMs(ms: number): number {
  if (!(ms >= 0 || ms < 0)) throw new RangeError('a time in ms must be a number');
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.ceil(ms)));
}
