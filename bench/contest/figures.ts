/** The middle of some numbers, their quartiles, and the ends. */
export interface Spread { n: number; min: number; q1: number; median: number; q3: number; max: number }

/** A quantile by linear interpolation between the two nearest of the sorted values; NaN of none. */
export function quantile(sorted: readonly number[], part: number): number {
  if (sorted.length === 0) return NaN;
  const at = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}

/** What is not a number is left out. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (part: number) => quantile(sorted, part);
  return { n: sorted.length, min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) };
}

/**
 * One contestant's figure over another's, round by round, since what disturbs a round disturbs both. Rounds in which one of them is
 * missing are left out.
 */
export function pairedRatios(of: ReadonlyMap<number, number>, to: ReadonlyMap<number, number>): Spread {
  return spread([...of].flatMap(([round, value]) => {
    const other = to.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  }));
}
