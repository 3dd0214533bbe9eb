/** The middle of some numbers, their quartiles, and the ends. */
export interface Summary {
  n: number;
  min: number;
  q1: number;
  median: number;
  q3: number;
  max: number;
}

/** A quantile by linear interpolation between the two nearest of the sorted values; NaN of none. */
export function quantile(sorted: readonly number[], part: number): number {
  if (sorted.length === 0) return NaN;
  const at = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}

/** What is not a number is left out. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (part: number) => quantile(sorted, part);
  return { n: sorted.length, min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) };
}

/** A figure of each round. */
export type Rounds = ReadonlyMap<number, number>;

/**
 * One contestant's figure over another's, round by round, since what disturbs a round disturbs both. Rounds in which
 * one of them is missing are left out.
 */
export const pairedRatios = (of: Rounds, to: Rounds): Summary => paired(of, to, (a, b) => (b === 0 ? NaN : a / b));
/** The same, less the other's. */
export const pairedDifferences = (of: Rounds, to: Rounds): Summary => paired(of, to, (a, b) => a - b);

const paired = (of: Rounds, to: Rounds, compare: (a: number, b: number) => number): Summary =>
  summarize([...of].map(([round, value]) => compare(value, to.get(round) ?? NaN)));
