/**
 * `npm run ablations`: removes one rule at a time from a copy of the sources; the simulator, or the test that the
 * ablation names, must notice.
 *
 *   --only TEXT   those whose name has it (again for more)
 *
 * Prints a table. Exits with 1 if a rule was not noticed, or if the unchanged sources fail.
 */
import { WorkingCopy } from './ablate.ts';
import { isTestHunt, type Ablation } from './ablation.ts';
import { ablations } from './list.ts';
import { parseCommandLine } from '../../../tools/command-line.ts';

const { values } = parseCommandLine('test/simulation/ablations/main.ts', {
  options: { only: { type: 'string', multiple: true, default: [''] } },
});
const copy = new WorkingCopy();
let missed = 0;
try {
  process.stdout.write('| rule taken out | because | noticed at | by |\n|---|---|---|---|\n');
  for (const ablation of ablations.filter(a => values.only.some(text => a.name.includes(text)))) {
    const { seed, violation, tried, seconds } = await copy
      .without(ablation)
      .catch((error: Error) => ({ seed: null, violation: error.message, tried: 0, seconds: 0 }));
    if (seed === null) missed += 1;
    process.stdout.write(
      `| ${ablation.name} | ${ablation.why} | ${placeOf(ablation.hunt, seed, tried)} (${seconds.toFixed(0)} s) | ${violation.slice(0, 140).replaceAll('|', '/').replaceAll('\n', ' ')} |\n`,
    );
  }
} finally {
  copy.remove();
}

function placeOf(hunt: Ablation['hunt'], seed: number | null, tried: number): string {
  if (isTestHunt(hunt)) return `${seed === null ? '**not** by' : ''} ${hunt.test.replace(/^test\//, '')}`.trim();
  return `${seed === null ? `**not** in ${tried} of` : `seed ${seed} of`} ${hunt.schedule ?? hunt.scenario}`;
}
process.exitCode = missed > 0 ? 1 : 0;
