import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { renderTimeline } from './report/timeline.ts';
import { emptyResults, addRun } from './report/fault-results.ts';
import { renderReport } from './report/markdown.ts';
import { thorough } from '../../thorough.ts';
import { runFaults } from './run-faults.ts';

describe('the lab', () => {
  it('[O2][O3][J1][A4][T3][E2][V1] does a fault of each of some kinds to a cluster under play, and every promise is kept', async function () {
    this.timeout(300_000);
    const folder = mkdtempSync(join(tmpdir(), 'rejoin-faults-'));
    const said: string[] = [];
    try {
      // A freeze under play is also in test/integration/cluster/failover.test.ts.
      const kinds = [
        'kill-owner',
        ...(thorough ? ['freeze'] : []),
        'cut-redis',
        'one-way',
        'reply-lost',
        'redis-kill-everysec',
      ];
      const result = await runFaults({
        minutes: 3,
        most: kinds.length,
        kinds,
        seed: 5,
        actionsPerSecond: 60,
        folder,
        say: text => said.push(text),
      });
      assert.deepEqual(result.checked.findings, [], said.join('\n'));
      assert.deepEqual(result.struck.map(s => s.kind).sort(), [...kinds].sort());
      // A check that saw nothing proves nothing.
      const { counts } = result.checked;
      for (const what of [
        'rooms',
        'entries',
        'claims',
        'accepted',
        'refused',
        'views',
        'snapshots',
        'lines',
        'effectsDone',
      ] as const)
        assert.ok(counts[what] > 0, `no ${what} were looked at`);
      assert.ok(counts.claims > counts.rooms, 'no room changed hands');
      const report = renderReport(addRun(emptyResults(), result, 'a test'));
      for (const kind of kinds) assert.ok(report.includes(`| ${kind} |`));
      assert.match(renderTimeline(result), /^<svg[^]*<\/svg>\n$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
