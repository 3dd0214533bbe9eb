/**
 * How times (ms) are spread, kept small: counted by ranges each 5 % wider than the one before. Can be added up over
 * runs.
 */
export interface Histogram {
  n: number;
  most: number;
  counts: Record<string, number>;
}

const wider = Math.log(1.05);
export const emptyHistogram = (): Histogram => ({ n: 0, most: 0, counts: {} });

export function addSample(spread: Histogram, ms: number): void {
  const range = Math.max(0, Math.ceil(Math.log(Math.max(1, ms)) / wider));
  spread.n += 1;
  spread.most = Math.max(spread.most, Math.round(ms));
  spread.counts[range] = (spread.counts[range] ?? 0) + 1;
}

export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const counts = { ...a.counts };
  for (const [range, n] of Object.entries(b.counts)) counts[range] = (counts[range] ?? 0) + n;
  return { n: a.n + b.n, most: Math.max(a.most, b.most), counts };
}

/** The time (ms) that so many of all (0 to 1) do not exceed; up to 5 % more than it is. Null where there is none. */
export function quantile(spread: Histogram, part: number): number | null {
  let left = Math.ceil(part * spread.n);
  for (const [range, n] of Object.entries(spread.counts).sort((a, b) => Number(a[0]) - Number(b[0]))) {
    left -= n;
    if (left <= 0) return Math.min(spread.most, Math.round(Math.exp(Number(range) * wider)));
  }
  return spread.n === 0 ? null : spread.most;
}
