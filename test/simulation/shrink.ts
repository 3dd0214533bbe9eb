import type { Plan } from './plan.ts';
import { simulate, type Outcome } from './simulate.ts';

/**
 * Looks for the smallest set of faults with which a history still fails: leaves out half of them, a quarter, … one, as
 * long as it fails without them. Each try is the same history but for the faults that are masked.
 * @returns the failing outcome with its story, and how many faults are left in it
 */
export async function shrink(
  plan: Plan,
  run: (masked: ReadonlySet<number>, story: boolean) => Promise<Outcome> = (masked, story) =>
    simulate(plan, { masked, story }),
): Promise<{ outcome: Outcome; left: number; tries: number }> {
  let masked = new Set<number>();
  let tries = 0;
  for (let size = Math.ceil(plan.faults / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let left = Array.from({ length: plan.faults }, (_x, n) => n).filter(n => !masked.has(n));
    for (let from = 0; from < left.length;) {
      const without = new Set([...masked, ...left.slice(from, from + size)]);
      tries += 1;
      if ((await run(without, false)).violations.length > 0) {
        masked = without;
        left = left.filter(n => !without.has(n));
      } else from += size;
    }
  }
  return { outcome: await run(masked, true), left: plan.faults - masked.size, tries };
}
