import assert from 'node:assert/strict';
import { InputDelay } from '../../client/predict/input-delay.ts';
import { createRandom } from '../../shared/random.ts';

/**
 * Messages at any time, counted at the tick after they arrive; the room says so at once for presses, and else every
 * `every` ticks.
 */
function learn(way: number, trip: number, every: number, presses: number, messages = 0.4): number {
  const random = createRandom([1, 2, 3, way * 10]);
  const lead = new InputDelay(50, () => trip);
  const sent: { n: number; at: number; press: boolean }[] = [];
  let n = 0;
  let counted = 0;
  for (let tick = 0; tick < 400; tick++) {
    const arrived = sent.filter(m => m.at + way <= tick && m.n > counted);
    if (arrived.some(m => m.press) || (tick % every === 0 && arrived.length > 0)) counted = arrived.at(-1)!.n;
    lead.recordApplied(counted, tick);
    if (random.next() >= messages) continue;
    const at = tick + random.next();
    const press = random.next() < presses;
    sent.push({ n: ++n, at, press });
    lead.recordSent(n, at, press);
  }
  return lead.ticks;
}

describe('how long an input takes', () => {
  it('[U5] without a report it is a round trip', () => {
    assert.equal(new InputDelay(50, () => 200).ticks, 4);
  });

  for (const [what, every, presses] of [
    ['each message', 1, 0],
    ['presses at once, and all else once a second', 20, 0.2],
    ['all once a second', 20, 0],
  ] as const) {
    for (const way of [1.2, 4.3, 9.7]) {
      it(`[U5] it is learnt from reports of ${what}, ${way} ticks away, whatever round trips seem to be`, () => {
        for (const trip of [way - 2, way, way + 3]) {
          const learnt = learn(way, Math.max(0, trip * 50), every, presses, presses === 0 ? 0.9 : 0.4);
          // Bounds alone leave it open within a tick and what lies between two messages.
          assert.ok(
            Math.abs(learnt - way) < (every > 1 && presses === 0 ? 1.6 : 1.1),
            `${learnt.toFixed(2)} with a round trip of ${trip}`,
          );
        }
      });
    }
  }
});
