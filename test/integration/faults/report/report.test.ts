import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { noCounts } from '../checker/findings.ts';
import type { RunResult } from '../run-faults.ts';
import { emptyResults, addRun } from './fault-results.ts';
import { renderReport } from './markdown.ts';
import { addSample, mergeHistograms, emptyHistogram, quantile } from './histogram.ts';
import { renderTimeline } from './timeline.ts';

const spreadOf = (...times: number[]) => {
  const spread = emptyHistogram();
  for (const ms of times) addSample(spread, ms);
  return spread;
};

describe('the report', () => {
  it('knows quantiles to within 5 %, and the longest exactly, also of runs added up', () => {
    const times = Array.from({ length: 1_000 }, (_, i) => i + 1);
    const all = mergeHistograms(spreadOf(...times.slice(0, 300)), spreadOf(...times.slice(300)));
    for (const [part, ms] of [
      [0.5, 500],
      [0.99, 990],
      [1, 1_000],
    ] as const) {
      const found = quantile(all, part)!;
      assert.ok(found >= ms && found <= ms * 1.05, `${part}: ${found}`);
    }
    assert.deepEqual([all.n, all.most, quantile(emptyHistogram(), 0.5)], [1_000, 1_000, null]);
  });

  it('adds runs up: faults, actions, interruptions, violations', () => {
    const run: RunResult = {
      began: 0,
      ended: 10_000,
      left: ['vanish'],
      struck: [
        { kind: 'freeze', what: 'node-1 <&>', at: 2_000, healed: 4_000, over: 5_000, busy: 0.5 },
        { kind: 'nothing', what: '', at: 6_000, healed: 8_000, over: 8_000, busy: 0 },
      ],
      measured: {
        spreads: { freeze: spreadOf(100, 2_000), nothing: spreadOf(90) },
        longest: [
          { fault: 0, room: 'r', game: 'ledger', from: 2_500, ms: 2_000 },
          { fault: 1, room: 'r', game: 'ledger', from: 6_500, ms: 90 },
        ],
        perSecond: Array<number>(10).fill(7),
      },
      checked: {
        counts: { ...noCounts(), accepted: 70 },
        findings: [{ wrong: 'lost', room: 'r', says: 'gone', at: 3_000 }],
      },
    };
    const book = addRun(addRun(emptyResults(), run, 'one'), run, 'two');
    assert.deepEqual(
      [book.runs.length, book.counts.accepted, book.kinds['freeze']],
      [
        2,
        140,
        { faults: 2, accepted: 42, violations: 2, still: mergeHistograms(spreadOf(100, 2_000), spreadOf(100, 2_000)) },
      ],
    );
    assert.deepEqual(JSON.parse(JSON.stringify(book)), book, 'it survives being written down');
    const text = renderReport(book);
    assert.match(text, /\n2 faults of 1 kinds; 140 actions accepted/);
    assert.match(text, /\| freeze \|.*\| 2 \| 42 \| 2,000 \| \d+ \| [\d,]+ \| 2 \|\n/);
    assert.match(text, /\*\*2 violations\.\*\*/);
    const picture = renderTimeline(run);
    assert.ok(
      picture.includes('node-1 &#60;&#38;&#62;; longest interruption 2.00 s (ledger)') && !picture.includes('NaN'),
    );
  });
});
