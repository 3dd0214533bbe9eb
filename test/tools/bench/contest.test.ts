import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { contestants } from '../../../bench/contest/contestants.ts';
import { openBenchEnvironment } from '../../../bench/contest/environment.ts';
import { report } from '../../../bench/contest/report.ts';
import { runOnce } from '../../../bench/contest/round.ts';
import { workloads } from '../../../bench/contest/workloads.ts';
import { compileSources } from '../../../tools/compile.ts';

/**
 * Rejoin alone: its peers are packages that the product does not need. That figures are good or bad is not tested, only
 * that the work was done.
 */
// It reads /proc, which other systems do not have.
(process.platform === 'linux' ? describe : describe.skip)('the bench', () => {
  for (const [contestant, workload, clients] of [
    ['rejoin-memory', 'arena', 16],
    ['rejoin-owner', 'arena', 16],
    ['rejoin-spread', 'paced', 8],
    ['rejoin-memory', 'saturated', 8],
  ] as const) {
    it(`runs a round of ${workload} with ${contestant}, and proves that the game was played`, async () => {
      await compileSources();
      const place = await openBenchEnvironment();
      try {
        const who = contestants.find(c => c.name === contestant)!;
        const what = { ...workloads.find(w => w.name === workload)!, clients };
        const result = await runOnce(who, what, 1, { warmUp: 0.5, seconds: 2 }, place);
        // A machine that is busy with other tests may be late; what is told wrong or not at all is not its fault.
        assert.deepEqual(
          result.faults.filter(fault => /lost|more than|differ|refused|did not go|had moved/.test(fault)),
          [],
        );
        const { cpu, bytes, deliveries, redisCpu } = result.figures;
        for (const [name, figure] of Object.entries({ cpu, bytes, deliveries }))
          assert.ok(figure > 0, `${name}: ${figure}`);
        assert.equal(redisCpu >= 0, contestant !== 'rejoin-memory');
        const text = report(what, [result], { contestants, all: [result] });
        assert.ok(text.includes(`| ${who.what}`), text);
      } finally {
        await place.close();
      }
    });
  }
});
