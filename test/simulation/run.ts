import { planOf, type FaultKind, type ScenarioName } from './plan.ts';
import { simulateLife } from './life/simulate-life.ts';
import { simulateInputs } from './simulate-inputs.ts';
import { shrink } from './shrink.ts';
import { simulate, type Options, type Outcome } from './simulate.ts';

/** One seed, with its story where it fails. */
export interface Failure {
  seed: number;
  scenario: string;
  violations: string[];
  story: string[];
  faultsLeft: number;
}
/** What a number of seeds came to. */
export interface Tally {
  runs: number;
  faults: Partial<Record<FaultKind, number>>;
  scenarios: Record<string, number>;
  actions: number;
  entries: number;
  virtualMs: number;
  failures: Failure[];
}

export const emptyTally = (): Tally => ({
  runs: 0,
  faults: {},
  scenarios: {},
  actions: 0,
  entries: 0,
  virtualMs: 0,
  failures: [],
});

/** Adds what another tally has. */
export function mergeTally(to: Tally, more: Tally): void {
  for (const key of ['runs', 'actions', 'entries', 'virtualMs'] as const) to[key] += more[key];
  for (const part of ['faults', 'scenarios'] as const)
    for (const [key, n] of Object.entries(more[part]))
      (to[part] as Record<string, number>)[key] = ((to[part] as Record<string, number>)[key] ?? 0) + n;
  to.failures.push(...more.failures);
}

/** The rule that a violation names. */
export const ruleOf = (violation: string): string => violation.split(': ')[0]!;

/** The history of one seed. */
export function simulateSeed(
  seed: number,
  scenario: ScenarioName | null = null,
  options: Options = {},
): Promise<Outcome> {
  if (scenario === 'life') return simulateLife(seed, options);
  const plan = options.plan ?? planOf(seed, scenario);
  return plan.scenario === 'inputs' ? simulateInputs(plan, options) : simulate(plan, options);
}

/** Runs seeds one after the other; those that fail are made small, where that is asked for. */
export async function runSeeds(
  seeds: Iterable<number>,
  how: { scenario: ScenarioName | null; shrink: boolean; enough?: number; onSeed?: (tally: Tally) => void },
): Promise<Tally> {
  const tally = emptyTally();
  for (const seed of seeds) {
    const outcome = await simulateSeed(seed, how.scenario);
    mergeTally(tally, {
      ...emptyTally(),
      runs: 1,
      faults: outcome.faults,
      scenarios: { [outcome.scenario]: 1 },
      actions: outcome.actions,
      entries: outcome.entries,
      virtualMs: outcome.took,
    });
    if (outcome.violations.length > 0) {
      const plan = planOf(seed, how.scenario);
      // Made small as long as the same rule is broken: another one would be another fault.
      const rule = ruleOf(outcome.violations[0]!);
      const again = async (masked: ReadonlySet<number>, story: boolean) => {
        const tried = await simulateSeed(seed, how.scenario, { masked, story });
        return story || tried.violations.some(v => ruleOf(v) === rule) ? tried : { ...tried, violations: [] };
      };
      const small = how.shrink
        ? await shrink(plan, again)
        : { outcome: await simulateSeed(seed, how.scenario, { story: true }), left: plan.faults };
      tally.failures.push({
        seed,
        scenario: outcome.scenario,
        violations: small.outcome.violations,
        story: small.outcome.story,
        faultsLeft: small.left,
      });
      if (tally.failures.length >= (how.enough ?? Infinity)) break;
    }
    how.onSeed?.(tally);
  }
  return tally;
}
