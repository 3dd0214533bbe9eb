import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { asSent } from '../../../testkit/as-sent.ts';

describe('values as they arrive over a simulated connection', () => {
  it('are what JSON makes of them', () => {
    const sparse = [1, , 3]; // oxlint-disable-line no-sparse-arrays
    for (const value of [
      -0,
      NaN,
      Infinity,
      'x',
      null,
      true,
      sparse,
      [undefined, () => 1, Symbol('s')],
      { a: undefined, f: () => 1, s: Symbol('s'), d: new Date(0), n: { z: -0 } },
      JSON.parse('{"__proto__":{"x":1}}'),
    ]) {
      assert.equal(JSON.stringify(asSent(value)), JSON.stringify(value));
      assert.deepEqual(asSent(value), JSON.parse(JSON.stringify(value)));
    }
    assert.throws(() => asSent({ big: 1n }), TypeError);
  });
  it('share no object with what was sent', () => {
    const sent = { list: [{ n: 1 }] };
    const arrived = asSent(sent);
    sent.list[0]!.n = 2;
    assert.deepEqual(arrived, { list: [{ n: 1 }] });
  });
});
