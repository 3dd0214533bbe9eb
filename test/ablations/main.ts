/**
 * `npm run ablations`: takes the protocol's rules out of a copy of the sources, one at a time, and has the simulator notice.
 *
 *   --only TEXT   those whose name has it (again for more)
 *
 * Prints a table. Ends with 1 where one was not noticed, or the sources as they are fail.
 */
import { parseArgs } from 'node:util';
import { Copy } from './ablate.ts';
import { ablations } from './list.ts';

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [''] } } });
const copy = new Copy();
let missed = 0;
try {
  process.stdout.write('| rule taken out | because | noticed at | by |\n|---|---|---|---|\n');
  for (const ablation of ablations.filter(a => values.only.some(text => a.name.includes(text)))) {
    const { seed, violation, tried, seconds } = await copy.without(ablation).catch((error: Error) => ({ seed: null, violation: error.message, tried: 0, seconds: 0 }));
    const where = ablation.hunt.schedule ?? ablation.hunt.scenario;
    if (seed === null) missed += 1;
    process.stdout.write(`| ${ablation.name} | ${ablation.why} | ${seed === null ? `**not** in ${tried} of` : `seed ${seed} of`} ${where} (${seconds.toFixed(0)} s) | ${violation.slice(0, 140).replaceAll('|', '/').replaceAll('\n', ' ')} |\n`);
  }
} finally {
  copy.remove();
}
process.exitCode = missed > 0 ? 1 : 0;
