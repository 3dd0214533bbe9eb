import type { BrowserContext, Page } from 'playwright-core';

/** Something on the page moved that nobody had pushed. */
export interface LayoutShift {
  at: number;
  value: number;
  what: string[];
}

/**
 * Notes every layout shift of the context's pages from their first moment on. (In the page's own words: what is
 * compiled here does not run there.)
 */
export const recordLayoutShifts = async (context: BrowserContext): Promise<void> =>
  void (await context.addInitScript(`
  window.shifts = [];
  const nameOf = node => node && (node.dataset?.testid ?? node.className?.baseVal ?? node.className ?? node.nodeName);
  new PerformanceObserver(list => {
    for (const { startTime, value, hadRecentInput, sources } of list.getEntries()) {
      if (!hadRecentInput) window.shifts.push({ at: Math.round(startTime), value, what: (sources ?? []).map(({ node }) => String(nameOf(node))) });
    }
  }).observe({ type: 'layout-shift', buffered: true });`));

/** All that has moved since the page was loaded. */
export const readLayoutShifts = (page: Page): Promise<LayoutShift[]> => page.evaluate('window.shifts');

/** Cumulative layout shift, as browsers report it: the worst window of at most 5 s, without a second's rest in it. */
export function cumulativeLayoutShift(shifts: readonly LayoutShift[]): number {
  let worst = 0;
  let sum = 0;
  let [first, last] = [-Infinity, -Infinity];
  for (const { at, value } of shifts) {
    if (at - last > 1_000 || at - first > 5_000) [sum, first] = [0, at];
    sum += value;
    last = at;
    worst = Math.max(worst, sum);
  }
  return worst;
}

/** In words, for a test that fails. */
export const describeShifts = (shifts: readonly LayoutShift[]): string =>
  shifts
    .filter(({ value }) => value > 0.001)
    .map(({ at, value, what }) => `${value.toFixed(3)} after ${at} ms: ${what.join(', ')}`)
    .join('\n');
