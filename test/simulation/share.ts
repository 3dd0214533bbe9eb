/** A process of `npm run simulate --workers`: runs its share of the seeds. First argument: which, as JSON. */
import { seedsOf, type SimulationShare } from './pool.ts';
import { runSeeds } from './run.ts';

const share = JSON.parse(process.argv[2]!) as SimulationShare;
let said = 0;
const tally = await runSeeds(seedsOf(share), {
  ...share,
  onSeed: ({ runs }) => {
    if (runs - said >= 50) process.send!({ runs: (said = runs) });
  },
});
// A message that is still being written when the channel closes is lost.
process.send!({ tally }, () => process.disconnect());
