import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readJson } from '../../shared/json.ts';

/** What JSON itself makes of a value. */
function byJson(value: unknown): unknown {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

describe('readJson', () => {
  it('says of anything what JSON says of it', () => {
    fc.assert(fc.property(fc.anything({ withDate: true, withSparseArray: true, withNullPrototype: true, withBigInt: true, withTypedArray: true, withMap: true, withBoxedValues: true }), value => {
      assert.deepEqual(readJson(value), byJson(value));
    }), { numRuns: 2_000 });
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const deep = (levels: number): unknown => (levels === 0 ? -0 : { inner: deep(levels - 1) });
  for (const [what, value] of [
    ['a value that says itself what it is', { toJSON: () => ({ x: 1 }) }], ['one inside another', { at: { toJSON: () => 5 } }],
    ['a key that is a prototype elsewhere', JSON.parse('{"__proto__":{"x":1},"constructor":2}')], ['a field without a value', { x: undefined, y: 1 }],
    ['minus zero, which JSON does not know', { x: -0 }], ['what is no number', { x: NaN, y: Infinity }], ['a cycle', cyclic], ['something deep', deep(40)], ['a function', () => 1],
  ] as const) {
    it(`does so of ${what}`, () => { assert.deepEqual(readJson(value), byJson(value)); });
  }

  it('makes a copy', () => {
    const value = { steer: { x: 1, y: [1, 2] } };
    const read = readJson(value) as typeof value;
    value.steer.x = value.steer.y[0] = 7;
    assert.deepEqual(read, { steer: { x: 1, y: [1, 2] } });
  });
});
