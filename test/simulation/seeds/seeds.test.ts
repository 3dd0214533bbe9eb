import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { planOf, type ScenarioName } from '../plan.ts';
import { describeFailure } from '../report.ts';
import { runSeeds, simulateSeed } from '../run.ts';

/**
 * Seeds that failed once, and what they found. They stay, though a plan may be drawn otherwise by now: what was found
 * has a test of its own beside.
 */
const found: readonly { seed: number; scenario: ScenarioName; what: string }[] = [
  {
    seed: 288,
    scenario: 'table',
    what: '[A7] an action sent down a line that was lost is said to be refused when the session ends, and is done',
  },
  { seed: 140, scenario: 'clocks', what: '[T1] a room stands still under an owner whose clock is behind' },
  { seed: 2036, scenario: 'clocks', what: '[T1] a clock that is set forward ends the hold of a seat at once' },
  { seed: 114, scenario: 'table', what: '[O12] an owner whose inbox nobody hears answers from its memory' },
  { seed: 31_066, scenario: 'forgetful', what: '[A9] an action waits for ever for an entry that the store forgot' },
  { seed: 32_422, scenario: 'inputs', what: '[I3] what is held is lost, and a later press says that it counted' },
  { seed: 10_484, scenario: 'clocks', what: '[T2] so does one that was set when its node claims its room again' },
  {
    seed: 100_612,
    scenario: 'clocks',
    what: '[T1] [O13] a room that is handed over takes the wall clock of its new node for its time',
  },
  {
    seed: 41_021,
    scenario: 'versions',
    what: "[A6] a join that is still under way for a client that is gone takes the seat from its player's next one",
  },
  {
    seed: 1_033_118,
    scenario: 'inputs',
    what: '[I3] what is held was said again to an owner that had just died, and waits for seconds to be said once more',
  },
  { seed: 39_966, scenario: 'inputs', what: '[I5] a player whom no node reports for a while holds nothing ever after' },
  {
    seed: 1_343_205,
    scenario: 'versions',
    what: '[O12] a node that hears late of its claim shows what it read, though the room was taken from it meanwhile',
  },
];

describe('seeds', () => {
  for (const { seed, scenario, what } of found) {
    it(`${what}: seed ${seed} of '${scenario}' holds`, async () => {
      const outcome = await simulateSeed(seed, scenario);
      assert.deepEqual(outcome.violations, []);
    });
  }

  for (let from = 1; from <= 151; from += 50) {
    it(`[O2] [O3] [A4] [A5] [C2] [E2] [T3] holds in the seeds from ${from} to ${from + 49}`, async () => {
      const { failures } = await runSeeds(
        Array.from({ length: 50 }, (_x, n) => from + n),
        { scenario: null, shrink: true, enough: 1 },
      );
      assert.equal(failures.length, 0, failures.map(describeFailure).join('\n\n'));
    }).timeout(240_000);
  }
});

/** Seeds of `life` that found something. What was found has a test of its own. */
const foundOfLife: readonly { seed: number; what: string }[] = [
  { seed: 76, what: '[A13a] a rejoin of the seat that is under way undoes that the client only watches now' },
  { seed: 8, what: '[A13a] of a seat that expired, the old and the new room object end each other' },
];

describe('seeds of life', () => {
  for (const { seed, what } of foundOfLife) {
    it(`${what}: seed ${seed} holds`, async () => assert.deepEqual((await simulateSeed(seed, 'life')).violations, []));
  }

  it('the same seed gives the same story, byte for byte', async () => {
    for (const seed of [3, 17]) {
      const [first, second] = [
        await simulateSeed(seed, 'life', { story: true }),
        await simulateSeed(seed, 'life', { story: true }),
      ];
      assert.ok(first.story.length > 20);
      assert.equal(first.story.join('\n'), second.story.join('\n'));
    }
  });

  for (let from = 1; from <= 41; from += 40) {
    it(`[A11] [A13] [J7] [Q1] [S2] [S8] [T2] holds in the seeds of life from ${from} to ${from + 39}`, async () => {
      const { failures } = await runSeeds(
        Array.from({ length: 40 }, (_x, n) => from + n),
        { scenario: 'life', shrink: true, enough: 1 },
      );
      assert.equal(failures.length, 0, failures.map(describeFailure).join('\n\n'));
    }).timeout(240_000);
  }
});

describe('a node killed at every call', () => {
  /**
   * A short history without anything drawn to go wrong, in which each call of the owner is the last once: before it is
   * carried out, and after.
   */
  const plan = { ...planOf(11, 'table'), faults: 0 };
  const steps = plan.steps.slice(0, 6).map((step, i) => ({
    ...step,
    fault: null,
    wait: Math.min(step.wait, 60),
    acts: [
      {
        who: i % 2,
        how: (['add', 'book', 'deny', 'arm', 'draw', 'add'] as const)[i]!,
        slot: 't0' as const,
        ms: 200,
        gap: 1,
        steer: 0,
      },
    ],
  }));

  for (const moment of ['asked', 'done'] as const) {
    it(`[A3] [A4] [J1] [O3] loses nothing, ${moment === 'asked' ? 'before each call is carried out' : 'after it, before the answer'}`, async () => {
      let calls = 1;
      for (let n = 0; n < calls; n++) {
        let count = 0;
        let until = 0;
        const outcome = await simulateSeed(11, 'table', {
          plan: { ...plan, steps },
          begin: (world, room) => {
            const owner = world.owner(room)!;
            until = world.clock.mono() + steps.reduce((sum, step) => sum + step.wait + 1, 0);
            const other = world.observer.onCall;
            world.observer.onCall = (host, what, when) => {
              other?.(host, what, when);
              if (host === owner && when === moment && what !== 'beat' && world.clock.mono() < until && count++ === n)
                world.kill(host);
            };
          },
        });
        assert.deepEqual(outcome.violations, [], `call ${n}`);
        if (count > n) calls = Math.min(n + 2, 60);
      }
      assert.ok(calls > 12, `${calls} calls`);
    }).timeout(240_000);
  }
});
