import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apply, compose, copy, diff, restore, type Changes } from '../../shared/delta.ts';
import { NotJson, type Json } from '../../shared/json.ts';

/** Any JSON, with few keys and short arrays, so that two drawn values often touch the same places. */
const key = fc.constantFrom('a', 'b', 'c', '0', '1', 'length', 'toString', 'x y');
const { json } = fc.letrec<{ json: Json; list: Json; dict: Json }>(tie => ({
  json: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.constantFrom<Json>(null, true, false, 0, 1, -3.5, '', 'a'), tie('list'), tie('dict')),
  list: fc.array(tie('json'), { maxLength: 5 }),
  dict: fc.dictionary(key, tie('json'), { maxKeys: 5, noNullPrototype: true }),
}));
const document = json.map((state): Json => ({ state }));
/** Through the wire: what is stored and sent is text. */
const wired = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const changed = (from: Json, by: Changes | undefined): Json => {
  const target = wired(from);
  if (by) apply(target, wired(by));
  return target;
};

describe('delta', () => {
  it('[J4] a change applied to the old value gives the new one', () => {
    fc.assert(fc.property(document, document, (a, b) => {
      assert.deepEqual(changed(a, diff(a, wired(b))), b);
    }), { numRuns: 2_000 });
  });

  it('[J4] there is no change between equals, and a change says nothing that is so already', () => {
    fc.assert(fc.property(document, a => assert.equal(diff(a, wired(a)), undefined)));
  });

  it('[J4] a field that somebody has given all objects is nobody\'s change', () => {
    Object.defineProperty(Object.prototype, 'stray', { value: 7, enumerable: true, configurable: true, writable: true });
    try {
      assert.deepEqual(diff({ a: 1, o: { b: 2 } }, { a: 1, o: { b: 3 } }), { o: { b: 3 } });
      assert.deepEqual(diff({ a: 1, b: 2 }, { a: 1 }), { b: [] });
      assert.deepEqual(diff({ a: 1 }, { a: 1, stray: 8 }), { stray: 8 });
    } finally {
      delete (Object.prototype as { stray?: number }).stray;
    }
  });

  it('[J4] two changes made one do what both do, one after the other', () => {
    fc.assert(fc.property(document, document, document, (a, b, c) => {
      const first = diff(a, wired(b));
      const second = diff(b, wired(c));
      const both = first && second ? compose(wired(first), wired(second)) : first ?? second;
      assert.deepEqual(changed(a, both), c);
    }), { numRuns: 3_000 });
  });

  it('[J4] a batch of many changes is what each of them was, also while arrays shrink and grow', () => {
    const lists = fc.array(fc.array(fc.oneof(fc.constantFrom<Json>(1, 2, null), fc.array(fc.constantFrom<Json>(7, 8), { maxLength: 2 })), { maxLength: 6 }), { minLength: 2, maxLength: 8 });
    fc.assert(fc.property(lists, steps => {
      const docs = steps.map((list): Json => ({ list }));
      let batch: Changes | undefined;
      docs.slice(1).forEach((next, i) => {
        const change = diff(docs[i]!, wired(next));
        if (change) batch = batch ? compose(batch, wired(change)) : wired(change);
      });
      assert.deepEqual(changed(docs[0]!, batch), docs.at(-1));
    }), { numRuns: 3_000 });
  });

  it('[W] reads as it is documented', () => {
    const change = diff({ n: 1, gone: 0, list: [1, 2, 3], o: { x: 1 } }, { n: 2, list: [1, 9], o: { x: 1, y: [] }, made: {} });
    assert.deepEqual(change, { n: 2, gone: [], list: { '#': 2, 1: 9 }, o: { y: [[]] }, made: [{}] });
  });

  it('what a change sets stays apart from what it was made of', () => {
    const made = { deep: { list: [1] } };
    const change = diff({}, { made })!;
    const target = {};
    apply(target, change);
    made.deep.list.push(2);
    assert.deepEqual(target, { made: { deep: { list: [1] } } });
    (target as { made: { deep: { list: number[] } } }).made.deep.list.push(3);
    assert.deepEqual(change, { made: [{ deep: { list: [1] } }] });
  });

  it('[J6] a change that does not fit its target is refused', () => {
    assert.throws(() => apply({}, { a: { b: 1 } }), NotJson);
    assert.throws(() => apply({ a: 1 }, { a: { b: 1 } }), NotJson);
  });

  it('a change from outside cannot reach a prototype', () => {
    apply({ a: {} }, JSON.parse('{"__proto__":{"bad":1},"a":{"__proto__":{"bad":1}}}') as Changes);
    assert.equal(({} as { bad?: number }).bad, undefined);
  });
});

describe('delta refuses what is not JSON', () => {
  class Ship { x = 1; }
  const shared = { a: 1 };
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const hole: unknown[] = [1];
  hole[2] = 3;
  const cases: [what: string, value: unknown, path: string][] = [
    ['NaN', NaN, 's.v'], ['Infinity', Infinity, 's.v'], ['-Infinity', -Infinity, 's.v'], ['undefined', undefined, 's.v'],
    ['a function', () => 1, 's.v'], ['a symbol', Symbol('x'), 's.v'], ['a bigint', 1n, 's.v'],
    ['a date', new Date(0), 's.v'], ['a map', new Map(), 's.v'], ['a set', new Set(), 's.v'], ['a class', new Ship(), 's.v'], ['bytes', new Uint8Array(2), 's.v'],
    ['a hole', hole, 's.v[1]'], ['a hole at the end', Array(1), 's.v[0]'], ['undefined inside', [{ x: undefined }], 's.v[0].x'],
    ['an object in two places', [shared, shared], 's.v[1]'], ['a cycle', cycle, 's.v.self'],
    ['__proto__', JSON.parse('{"__proto__":1}'), 's.v'], ['#', { '#': 1 }, 's.v'],
    ['something deep', { list: [0, { x: NaN }] }, 's.v.list[1].x'],
  ];
  const places: [where: string, old: unknown][] = [['as a new key', {}], ['over a scalar', { v: 5 }], ['over an array', { v: [5, 6, 7, 8] }], ['over an object', { v: { list: [0, { x: 1 }], self: {}, x: 1 } }]];
  for (const [what, value, path] of cases) {
    for (const [where, old] of places) {
      it(`[R6] ${what}, ${where}`, () => {
        assert.throws(() => diff(old as Json, { v: value } as never, 's'), (error: unknown) => error instanceof NotJson && error.path === path);
      });
    }
  }

  it('[R6] an array that grew by a hole, or by undefined', () => {
    const grown = [1];
    grown.length = 2;
    assert.throws(() => diff({ v: [1] }, { v: grown }, 's'), { path: 's.v[1]' });
    assert.throws(() => diff({ v: [1] }, { v: [1, undefined] } as never, 's'), { path: 's.v[1]' });
  });

  it('[R6] an object in two places, one of them there before', () => {
    const live: Record<string, unknown> = { a: { x: 1 }, b: { x: 1 } };
    live.b = live.a;
    assert.throws(() => diff({ a: { x: 1 }, b: { x: 1 } }, live as Json, 's'), { path: 's.b' });
  });

  it('[R6] −0 becomes 0, in the change and in the value itself', () => {
    const live = { a: -0, b: -0, c: [-0] };
    const change = diff({ a: 0 }, live);
    assert.deepEqual(change, { b: 0, c: [[0]] });
    assert.equal(JSON.stringify(change), '{"b":0,"c":[[0]]}');
    assert.ok(Object.is(live.a, 0));
    assert.ok(Object.is(live.b, 0));
    diff({ a: 0, b: 0, c: [0] }, live);
    assert.ok(Object.is(live.c[0], 0), 'also inside of what is new, at the next look');
  });

  it('[R6] copy refuses the same', () => {
    for (const [, value] of cases) assert.throws(() => copy(value), NotJson);
    assert.deepEqual(copy([1, { a: [null] }]), [1, { a: [null] }]);
  });
});

describe('restore', () => {
  /** What rules can leave behind: anything, aliased, cyclic, frozen, of strange classes. */
  const garbage = fc.constantFrom<(live: Record<string, unknown>) => void>(
    live => { live.a = live; },
    live => { live.a = live.b; },
    live => { live.b = [live.c, live.c]; },
    live => { live.c = new Map([[1, 2]]); },
    live => { live.a = new Date(0); },
    live => { live.b = Array(3); },
    live => { delete live.a; },
    live => { live.x = { y: live }; },
    live => { live.a = undefined; live.b = NaN; live.c = -0; },
    live => { if (typeof live.a === 'object' && live.a !== null) Object.assign(live.a, { list: [live.b], n: 5 }); },
    live => { if (Array.isArray(live.b)) live.b.length = 0; },
    live => { if (Array.isArray(live.b)) live.b.push(live, live.a, () => 1); },
    live => { if (typeof live.a === 'object' && live.a !== null) { (live.a as Record<string, unknown>).b = 9; Object.freeze(live.a); } },
    live => { if (typeof live.c === 'object' && live.c !== null) { (live.c as Record<string, unknown>).zz = 9; Object.seal(live.c); } },
    live => { if (typeof live.b === 'object' && !Array.isArray(live.b)) Object.setPrototypeOf(live.b ?? {}, null); },
  );

  it('[A8] gives exactly what was, whatever a rule has made of it', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), json, { noNullPrototype: true }), fc.array(garbage, { maxLength: 6 }), (shadow, spoil) => {
      const live = wired(shadow) as Record<string, unknown>;
      for (const act of spoil) {
        try {
          act(live);
        } catch {
          // it met what it had frozen itself: so would a rule
        }
      }
      // The document around the state is the engine's own; a rule holds what is inside.
      const doc = { state: live as Json };
      restore(doc, { state: shadow });
      assert.deepEqual(JSON.stringify(sorted(doc.state)), JSON.stringify(sorted(shadow)));
      assert.equal(diff({ state: shadow }, doc), undefined, 'nothing shared, nothing strange is left');
    }), { numRuns: 2_000 });
  });

  it('[A8] what is restored shares nothing with the shadow', () => {
    const shadow = { a: { list: [1, { x: 1 }] } };
    const live: { a?: unknown } = {};
    restore(live as Json, shadow);
    (live.a as { list: unknown[] }).list.push(3);
    assert.deepEqual(shadow, { a: { list: [1, { x: 1 }] } });
  });
});

/** Keys in one order: restoring does not promise the order in which they were made. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(sorted)
    : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]))
      : value;
