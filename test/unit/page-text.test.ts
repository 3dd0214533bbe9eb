import assert from 'node:assert/strict';
import { describeReveal } from '../../client-demo/games/liars-dice/dice-text.ts';
import { hashOf, readRoute } from '../../client-demo/session/route.ts';

describe('the words of the page', () => {
  it('what a challenge has found, also where it found nothing', () => {
    const voice = { seat: 0, names: ['Ada', 'Ben'] };
    const said = (count: number, by: number) =>
      describeReveal(voice, {
        hands: [[1], [2]],
        bid: { count: 2, face: 6, seat: 1 - by, late: false },
        by,
        count,
        loser: 1,
      });
    assert.deepEqual(said(0, 0), { found: 'You doubt two sixes: there are none.', loss: 'Ben loses a die.' });
    assert.equal(said(1, 1).found, 'Ben doubts two sixes: there is one.');
    assert.equal(said(2, 1).found, 'Ben doubts two sixes: there are two.');
  });

  it('an address leads where it was made for; what is about a replay, however mangled, leads to where that is said', () => {
    for (const route of [
      { page: 'home' },
      { page: 'room', id: 'Ab_-9', watch: true },
      { page: 'code', code: 'ABC12' },
      { page: 'replay', room: 'Ab_-9', match: 12 },
    ] as const)
      assert.deepEqual(readRoute(hashOf(route)), route);
    for (const [hash, room] of [
      ['#/replay/x', 'x'],
      ['#/replay/x/', 'x'],
      ['#/replay/x/0', 'x'],
      ['#/replay/x/1/2', 'x'],
      ['#/replay/x/1e3', 'x'],
      ['#/replay/', ''],
    ] as const)
      assert.deepEqual(readRoute(hash), { page: 'replay', room, match: 0 });
    assert.deepEqual(readRoute('#/elsewhere'), { page: 'home' });
  });
});
