import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeFailure } from './report.ts';
import { runSeeds, simulateSeed } from './run.ts';
import { planOf, scenarios, type ScenarioName } from './plan.ts';
import { shrink } from './shrink.ts';

/** A few seeds of each kind. Some hundreds more are in test/simulation/seeds; `npm run simulate` plays any number. */
describe('the simulator', () => {
  const promises =
    '[A1] [A3] [A4] [A5] [A8] [B3] [C2] [C3] [C4] [E1] [E2] [J1] [J2] [J4] [O2] [O3] [O4] [T1] [T3] [V1] [I2] [I3]';
  for (const [i, scenario] of (Object.keys(scenarios) as ScenarioName[]).filter(name => name !== 'life').entries()) {
    it(`${promises} holds in some histories of '${scenario}'`, async () => {
      const { failures } = await runSeeds(
        Array.from({ length: 2 }, (_x, n) => 1 + 10 * i + n),
        { scenario, shrink: true, enough: 1 },
      );
      assert.equal(failures.length, 0, failures.map(describeFailure).join('\n\n'));
    }).timeout(60_000);
  }

  it('tells the same story of the same seed, byte for byte', async () => {
    for (const seed of [4, 5, 6]) {
      const [first, second] = [
        await simulateSeed(seed, null, { story: true }),
        await simulateSeed(seed, null, { story: true }),
      ];
      assert.ok(first.story.length > 20);
      assert.equal(first.story.join('\n'), second.story.join('\n'));
    }
  });

  it('leaves out of a failing history what it does not take to fail', async () => {
    const plan = { ...planOf(77, 'table'), faults: 9 };
    let tries = 0;
    const needs = [2, 7];
    const small = await shrink(plan, async (masked, story) => {
      tries += 1;
      const fails = needs.every(n => !masked.has(n));
      return {
        seed: 77,
        scenario: 'table',
        violations: fails ? ['as told'] : [],
        story: story ? [`with ${[...Array(9).keys()].filter(n => !masked.has(n)).join()}`] : [],
        faults: {},
        actions: 0,
        entries: 0,
        took: 0,
      };
    });
    assert.deepEqual(small.outcome.story, ['with 2,7']);
    assert.equal(small.left, 2);
    assert.ok(tries < 30);
  });
});
