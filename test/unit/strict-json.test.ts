import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NotJsonError } from '../../shared/json.ts';
import { strictJson, TooLargeError, utf8Length } from '../../shared/strict-json.ts';

const bounds = { payloadDepth: 3, payloadValues: 10 };

describe('strictJson', () => {
  it('[R10] gives what JSON gives, or refuses: nothing is changed silently', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withDate: true,
          withSparseArray: true,
          withNullPrototype: true,
          withBigInt: true,
          withTypedArray: true,
          withMap: true,
          withSet: true,
          withBoxedValues: true,
        }),
        value => {
          let strict: unknown;
          try {
            strict = strictJson(value, 'value');
          } catch (error) {
            return assert.ok(error instanceof NotJsonError);
          }
          assert.equal(JSON.stringify(strict), JSON.stringify(value));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('[R10] leaves out fields without a value, takes the same object twice, and makes a copy', () => {
    const one = { x: 1 };
    const value = { a: one, b: [one], gone: undefined, zero: -0 };
    const strict = strictJson(value, 'value') as unknown as typeof value;
    assert.equal(JSON.stringify(strict), '{"a":{"x":1},"b":[{"x":1}],"zero":0}');
    assert.notEqual(strict.a, strict.b[0]);
    one.x = 2;
    assert.equal(strict.a.x, 1);
  });

  it('[R11] takes any key, and reaches no prototype', () => {
    const text = '{"__proto__":{"x":1},"constructor":2,"#":3}';
    const strict = strictJson(JSON.parse(text), 'value');
    assert.equal(JSON.stringify(strict), text);
    assert.equal(Object.getPrototypeOf(strict), Object.prototype);
    assert.throws(() => strictJson(JSON.parse(text), 'data', bounds), /data is an object with the key __proto__/);
  });

  it('[W11] keeps to bounds of depth and number', () => {
    assert.deepEqual(strictJson([[[1]]], 'data', bounds), [[[1]]]);
    assert.throws(() => strictJson([[[[1]]]], 'data', bounds), TooLargeError);
    assert.throws(() => strictJson(Array(10).fill(0), 'data', bounds), TooLargeError);
  });

  it('counts bytes as UTF-8 does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => assert.equal(utf8Length(text), Buffer.byteLength(text))),
      { numRuns: 200 },
    );
  });
});
