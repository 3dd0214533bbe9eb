/**
 * `npm run simulate`: histories of a whole cluster under faults, each drawn from its seed.
 *
 *   --seeds N        how many (1000)
 *   --from N         the first one (1)
 *   --scenario NAME table, hands, forgetful, clocks, versions, inputs or life; without it the seed says which (never
 *   life)
 *   --shrink off     tells failures as they are, instead of leaving out the faults that do not matter
 *   --workers N      processes that share the seeds (1)
 *   --json FILE      writes the figures and the failures there as well
 *
 * Ends with 1 where a promise was broken.
 */
import { writeFileSync } from 'node:fs';
import { scenarios, type ScenarioName } from './plan.ts';
import { inProcesses } from './pool.ts';
import { reportOf, describeFailure } from './report.ts';
import { parseCommandLine, exitWithUsage } from '../../tools/command-line.ts';

const { values } = parseCommandLine('test/simulation/main.ts', {
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    shrink: { type: 'string', default: 'on' },
    workers: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const wanted = (name: string, text: string): number => {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) exitWithUsage(`--${name} is a whole number above 0, not ${text}`);
  return n;
};
if (values.scenario !== undefined && !Object.hasOwn(scenarios, values.scenario))
  exitWithUsage(`--scenario is one of ${Object.keys(scenarios).join(', ')}`);
const order = {
  from: wanted('from', values.from),
  seeds: wanted('seeds', values.seeds),
  scenario: (values.scenario ?? null) as ScenarioName | null,
  shrink: values.shrink !== 'off',
};
const started = performance.now();
const tally = await inProcesses(order, wanted('workers', values.workers), done => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${order.seeds} `);
});
const seconds = (performance.now() - started) / 1000;
for (const failure of tally.failures) process.stdout.write(`${describeFailure(failure)}\n\n`);
process.stdout.write(`${reportOf(tally, seconds)}\n`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ ...order, node: process.version, seconds, ...tally }, null, 2)}\n`);
process.exitCode = tally.failures.length > 0 ? 1 : 0;
