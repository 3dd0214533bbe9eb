/**
 * Looks for the first seed that fails, and says so as one line of JSON. First argument: where, as JSON. Made to be run
 * in a copy of the sources.
 */
import { runSchedule, type ScheduleName } from './schedules.ts';
import type { ScenarioName } from './plan.ts';
import { simulateSeed } from './run.ts';

/** A scenario of seeds, or a schedule; `most`: after so many without a failure it is given up. */
export interface HuntOptions {
  scenario?: ScenarioName;
  schedule?: ScheduleName;
  from?: number;
  most: number;
}
export interface HuntResult {
  seed: number | null;
  violation: string;
  tried: number;
}

const hunt = JSON.parse(process.argv[2]!) as HuntOptions;
const result: HuntResult = { seed: null, violation: '', tried: 0 };
for (let seed = hunt.from ?? 1; seed <= hunt.most && result.seed === null; seed++) {
  const violation = hunt.schedule
    ? await runSchedule(hunt.schedule, seed)
    : ((await simulateSeed(seed, hunt.scenario ?? null)).violations[0] ?? null);
  result.tried = seed;
  if (violation !== null) Object.assign(result, { seed, violation });
}
process.stdout.write(`${JSON.stringify(result)}\n`);
