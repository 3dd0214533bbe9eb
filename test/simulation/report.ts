import { faultKinds } from './plan.ts';
import type { Failure, Tally } from './run.ts';

const many = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');

/** What a run came to, for a reader. */
export function reportOf(tally: Tally, seconds: number): string {
  // `life` counts steps of its own kinds, too.
  const kinds = [...new Set<string>([...faultKinds, ...Object.keys(tally.faults)])].filter(kind => kind !== 'calm');
  const faults = kinds.flatMap(kind => {
    const times = (tally.faults as Record<string, number>)[kind];
    return times ? [`${kind} ${many(times)}`] : [];
  });
  return [
    `${many(tally.runs)} histories (${Object.entries(tally.scenarios)
      .sort()
      .map(([name, n]) => `${name} ${many(n)}`)
      .join(', ')})`,
    `faults       ${faults.join(', ')}`,
    `actions      ${many(tally.actions)} asked for, ${many(tally.entries)} entries, ${many(tally.virtualMs / 1000)} s of virtual time`,
    `violations   ${tally.failures.length}${tally.failures.length > 0 ? `: seeds ${tally.failures.map(f => f.seed).join(', ')}` : ''}`,
    `time         ${seconds.toFixed(1)} s, ${(tally.runs / seconds).toFixed(1)} histories a second`,
  ].join('\n');
}

/** A failure and how it came to it. */
export const describeFailure = ({ seed, scenario, violations, story, faultsLeft }: Failure): string =>
  [
    `--- seed ${seed} (${scenario}), with ${faultsLeft} of its faults`,
    ...violations.map(v => `    ${v}`),
    ...story,
  ].join('\n');
