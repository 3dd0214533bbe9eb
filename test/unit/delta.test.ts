import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compose } from '../../shared/compose.ts';
import { apply, copy, type Changes } from '../../shared/delta.ts';
import { diff, diffJson, OwnedObjects } from '../../shared/diff.ts';
import { restore } from '../../shared/restore.ts';
import { applyChange } from '../simulation/independent-delta.ts';
import { NotJsonError, type Json } from '../../shared/json.ts';

/** Any JSON, with few keys and short arrays, so that two drawn values often touch the same places. */
const key = fc.constantFrom(
  'a',
  'b',
  'c',
  '0',
  '1',
  'length',
  'toString',
  'x y',
  '#',
  '##',
  '__proto__',
  '#__proto__',
  'constructor',
  'prototype',
);
const { json } = fc.letrec<{ json: Json; list: Json; dict: Json }>(tie => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, 1, -3.5, '', 'a'),
    tie('list'),
    tie('dict'),
  ),
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
  /** As text, with the order of keys. */
  const exactly = (is: unknown, should: unknown) => assert.equal(JSON.stringify(is), JSON.stringify(should));

  it('[J4] [J10] a change applied to the old value gives the new one, its keys in the same order', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        exactly(changed(a, diff(a, wired(b))), b);
        exactly(changed(a, diffJson(a, wired(b))), b);
        // by whoever has only read how changes are written
        exactly(applyChange(wired(a), wired(diff(a, wired(b)) ?? {})), b);
      }),
      { numRuns: 600 },
    );
  });

  it('[J10] a key that was removed and set again comes last for everybody', () => {
    const dict = fc.dictionary(key, fc.constantFrom<Json>(1, 2, { x: 1 }), { maxKeys: 6, noNullPrototype: true });
    const steps = fc.array(fc.tuple(key, fc.constantFrom('remove', 'set', 'again')), { maxLength: 5 });
    fc.assert(
      fc.property(dict, fc.array(steps, { minLength: 1, maxLength: 4 }), (from, batches) => {
        const live = wired(from) as Record<string, Json>;
        let before: Json = wired(from);
        let batch: Changes = {};
        for (const acts of batches) {
          for (const [name, act] of acts) {
            if (act !== 'set') delete live[name];
            if (act !== 'remove')
              Object.defineProperty(live, name, {
                value: acts.length,
                writable: true,
                enumerable: true,
                configurable: true,
              });
          }
          const change = diff(before, live);
          exactly(changed(before, change), live);
          before = wired(live);
          if (change) batch = compose(batch, wired(change));
        }
        exactly(changed(from, batch), live);
      }),
      { numRuns: 600 },
    );
  });

  it('[J12] an array that lost, got or moved elements is a short change', () => {
    const deck = Array.from({ length: 1_000 }, (_x, i) => ({ suit: 'hearts', rank: i }));
    const acts: [what: string, act: (cards: Json[]) => void][] = [
      ['shift', c => void c.shift()],
      ['fifty from the top', c => void c.splice(0, 50)],
      ['five hundred', c => void c.splice(0, 500)],
      ['one from the middle', c => void c.splice(500, 1)],
      ['put on top', c => void c.unshift({ new: 1 })],
      ['from the top to the bottom', c => void c.push(c.shift()!)],
      ['inserted in the middle', c => void c.splice(300, 0, { new: 1 }, { new: 2 })],
      [
        'one replaced, one gone',
        c => {
          c[10] = { new: 1 };
          c.splice(700, 1);
        },
      ],
      [
        'several gone',
        c => {
          for (const i of [900, 500, 499, 30, 2]) c.splice(i, 1);
        },
      ],
      [
        'pop and push',
        c => {
          c.pop();
          c.push({ new: 1 });
        },
      ],
      [
        'all gone',
        c => {
          c.length = 0;
        },
      ],
    ];
    for (const [what, act] of acts) {
      const live = wired(deck) as Json[];
      act(live);
      const change = diff({ deck }, { deck: live })!;
      assert.ok(JSON.stringify(change).length < 500, `${what}: ${JSON.stringify(change).length}`);
      exactly(changed({ deck }, change), { deck: live });
      exactly(applyChange(wired({ deck }), wired(change)), { deck: live });
    }
    assert.deepEqual(diff({ deck }, { deck: deck.slice(1) }), { deck: { '#': [[0, 1]] } });
  });

  it('[J12] arrays of few different values, and such in which all has changed, are right too', () => {
    const list = fc.array(fc.constantFrom<Json>(0, 1, 2, { a: 1 }, { a: 2 }), { maxLength: 24 });
    const edits = fc.array(
      fc.tuple(fc.nat(24), fc.nat(3), fc.array(fc.constantFrom<Json>(0, 7, { a: 1 }), { maxLength: 3 })),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(list, fc.array(edits, { minLength: 1, maxLength: 4 }), (from, batches) => {
        let before: Json = { list: from };
        let batch: Changes = {};
        const live = wired(from) as Json[];
        for (const acts of batches) {
          for (const [at, remove, put] of acts) live.splice(at, remove, ...wired(put));
          for (const [at] of acts) if (typeof live[at] === 'object') (live[at] as Record<string, Json>)['a'] = at;
          const change = diff(before, wired({ list: live }));
          exactly(changed(before, change), { list: live });
          if (change) exactly(applyChange(wired(before), wired(change)), { list: live });
          before = wired({ list: live });
          if (change) batch = compose(batch, wired(change));
        }
        exactly(changed({ list: from }, batch), { list: live });
      }),
      { numRuns: 800 },
    );
  });

  it('[J4] there is no change between equals, and a change says nothing that is so already', () => {
    fc.assert(fc.property(document, a => assert.equal(diff(a, wired(a)), undefined)));
  });

  it("[J4] a field that somebody has given all objects is nobody's change", () => {
    Object.defineProperty(Object.prototype, 'stray', {
      value: 7,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    try {
      assert.deepEqual(diff({ a: 1, o: { b: 2 } }, { a: 1, o: { b: 3 } }), { o: { b: 3 } });
      assert.deepEqual(diff({ a: 1, b: 2 }, { a: 1 }), { b: [] });
      assert.deepEqual(diff({ a: 1 }, { a: 1, stray: 8 }), { stray: 8 });
    } finally {
      delete (Object.prototype as { stray?: number }).stray;
    }
  });

  it('[J4] two changes made one do what both do, one after the other', () => {
    fc.assert(
      fc.property(document, document, document, (a, b, c) => {
        const first = diff(a, wired(b));
        const second = diff(b, wired(c));
        const both = first && second ? compose(wired(first), wired(second)) : (first ?? second);
        exactly(changed(a, both), c);
      }),
      { numRuns: 600 },
    );
  });

  it('[J4] a batch of many changes is what each of them was, also while arrays shrink and grow', () => {
    const lists = fc.array(
      fc.array(fc.oneof(fc.constantFrom<Json>(1, 2, null), fc.array(fc.constantFrom<Json>(7, 8), { maxLength: 2 })), {
        maxLength: 6,
      }),
      { minLength: 2, maxLength: 8 },
    );
    fc.assert(
      fc.property(lists, steps => {
        const docs = steps.map((list): Json => ({ list }));
        let batch: Changes | undefined;
        docs.slice(1).forEach((next, i) => {
          const change = diff(docs[i]!, wired(next));
          if (change) batch = batch ? compose(batch, wired(change)) : wired(change);
        });
        exactly(changed(docs[0]!, batch), docs.at(-1));
      }),
      { numRuns: 600 },
    );
  });

  it('[W13] reads as it is documented', () => {
    const change = diff(
      { n: 1, gone: 0, list: [1, 2, 3], o: { x: 1 } },
      { n: 2, list: [1, 9], o: { x: 1, y: [] }, made: {} },
    );
    assert.deepEqual(change, { n: 2, gone: [], list: { '#': [[2, 1]], 1: 9 }, o: { y: [[]] }, made: [{}] });
    assert.deepEqual(diff({ a: 1, b: 2, '#': 0 }, { b: 2, a: 1, '#': 0, '#x': 3 }), {
      '#': ['a', '#'],
      a: 1,
      '##': 0,
      '##x': 3,
    });
    assert.equal(
      JSON.stringify(diff({ words: {} }, JSON.parse('{"words":{"__proto__":1,"constructor":2}}') as Json)),
      '{"words":{"#__proto__":1,"constructor":2}}',
    );
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
    assert.throws(() => apply({}, { a: { b: 1 } }), NotJsonError);
    assert.throws(() => apply({ a: 1 }, { a: { b: 1 } }), NotJsonError);
  });

  it('[R11] a change from outside cannot reach a prototype', () => {
    for (const text of [
      '{"__proto__":{"bad":1}}',
      '{"a":{"#__proto__":{"bad":1}}}',
      '{"constructor":{"prototype":{"bad":1}}}',
    ])
      assert.throws(() => apply({ a: {} }, JSON.parse(text) as Changes), NotJsonError);
    const target = { a: {} };
    apply(target, JSON.parse('{"__proto__":[{"bad":1}],"a":{"#__proto__":5,"__proto__":[{"bad":1}]}}') as Changes);
    assert.deepEqual(
      [Object.getPrototypeOf(target), Object.getPrototypeOf(target.a), Object.keys(target)],
      [Object.prototype, Object.prototype, ['a', '__proto__']],
    );
    assert.equal(({} as { bad?: number }).bad, undefined);
  });
});

describe('delta refuses what is not JSON', () => {
  class Ship {
    x = 1;
  }
  const shared = { a: 1 };
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const hole: unknown[] = [1];
  hole[2] = 3;
  const cases: [what: string, value: unknown, path: string][] = [
    ['NaN', NaN, 's.v'],
    ['Infinity', Infinity, 's.v'],
    ['-Infinity', -Infinity, 's.v'],
    ['undefined', undefined, 's.v'],
    ['a function', () => 1, 's.v'],
    ['a symbol', Symbol('x'), 's.v'],
    ['a bigint', 1n, 's.v'],
    ['a date', new Date(0), 's.v'],
    ['a map', new Map(), 's.v'],
    ['a set', new Set(), 's.v'],
    ['a class', new Ship(), 's.v'],
    ['bytes', new Uint8Array(2), 's.v'],
    ['a hole', hole, 's.v[1]'],
    ['a hole at the end', Array(1), 's.v[0]'],
    ['undefined inside', [{ x: undefined }], 's.v[0].x'],
    ['an object in two places', [shared, shared], 's.v[1]'],
    ['a cycle', cycle, 's.v.self'],
    ['a named field of an array', Object.assign([1], { index: 1 }), 's.v.index'],
    ['a negative index', Object.assign([1], { [-1]: 1 }), 's.v.-1'],
    ['a match of a pattern', /b/.exec('b'), 's.v.index'],
    ['a list of a class', new (class Deck extends Array {})(), 's.v'],
    ['a symbol as a key', { [Symbol('k')]: 1 }, 's.v'],
    [
      'an accessor',
      {
        get x() {
          return 1;
        },
      },
      's.v.x',
    ],
    ['a hidden field', Object.defineProperty({}, 'h', { value: 1 }), 's.v.h'],

    ['something deep', { list: [0, { x: NaN }] }, 's.v.list[1].x'],
  ];
  const places: [where: string, old: unknown][] = [
    ['as a new key', {}],
    ['over a scalar', { v: 5 }],
    ['over an array', { v: [5, 6, 7, 8] }],
    ['over an object', { v: { list: [0, { x: 1 }], self: {}, x: 1 } }],
  ];
  for (const [what, value, path] of cases) {
    for (const [where, old] of places) {
      it(`[R6] ${what}, ${where}`, () => {
        assert.throws(
          () => diff(old as Json, { v: value } as never, 's'),
          (error: unknown) => error instanceof NotJsonError && error.path === path,
        );
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
    for (const [what, value] of cases)
      if (!/two places|array|negative|pattern|list of|symbol as|accessor|hidden/.test(what))
        assert.throws(() => copy(value), NotJsonError, what);
    const twice = copy([shared, shared]);
    assert.notEqual(twice[0], twice[1]);
    assert.deepEqual(copy([1, { a: [null] }]), [1, { a: [null] }]);
  });
});

describe('restore', () => {
  /** What rules can leave behind: anything, aliased, cyclic, frozen, of strange classes. */
  const garbage = fc.constantFrom<(live: Record<string, unknown>) => void>(
    live => {
      live.a = live;
    },
    live => {
      live.a = live.b;
    },
    live => {
      live.b = [live.c, live.c];
    },
    live => {
      live.c = new Map([[1, 2]]);
    },
    live => {
      live.a = new Date(0);
    },
    live => {
      live.b = Array(3);
    },
    live => {
      delete live.a;
    },
    live => {
      live.x = { y: live };
    },
    live => {
      live.a = undefined;
      live.b = NaN;
      live.c = -0;
    },
    live => {
      if (typeof live.a === 'object' && live.a !== null) Object.assign(live.a, { list: [live.b], n: 5 });
    },
    live => {
      if (Array.isArray(live.b)) live.b.length = 0;
    },
    live => {
      if (Array.isArray(live.b)) live.b.push(live, live.a, () => 1);
    },
    live => {
      if (typeof live.a === 'object' && live.a !== null) {
        (live.a as Record<string, unknown>).b = 9;
        Object.freeze(live.a);
      }
    },
    live => {
      if (typeof live.c === 'object' && live.c !== null) {
        (live.c as Record<string, unknown>).zz = 9;
        Object.seal(live.c);
      }
    },
    live => {
      if (typeof live.b === 'object' && !Array.isArray(live.b)) Object.setPrototypeOf(live.b ?? {}, null);
    },
  );

  it('[A8] gives exactly what was, whatever a rule has made of it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), json, { noNullPrototype: true }),
        fc.array(garbage, { maxLength: 6 }),
        (shadow, spoil) => {
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
          assert.equal(JSON.stringify(doc.state), JSON.stringify(shadow));
          assert.equal(diff({ state: shadow }, doc), undefined, 'nothing shared, nothing strange is left');
        },
      ),
      { numRuns: 600 },
    );
  });

  it('[A8] what is restored shares nothing with the shadow', () => {
    const shadow = { a: { list: [1, { x: 1 }] } };
    const live: { a?: unknown } = {};
    restore(live as Json, shadow);
    (live.a as { list: unknown[] }).list.push(3);
    assert.deepEqual(shadow, { a: { list: [1, { x: 1 }] } });
  });
});

describe('what a rule puts into the state is copied', () => {
  const constants = () => ({ deck: ['a', 'b', { c: [1] }], dict: { x: { y: 1 } } });

  it('[J14] an object from outside is replaced by a copy, wherever it is put, and short changes stay short', () => {
    const outside = constants();
    const owned = new OwnedObjects();
    const shadow: Record<string, Json> = { deck: ['a'], kept: { z: 1 } };
    const doc = { state: wired(shadow) };
    owned.add(doc.state);
    Object.assign(doc.state, { deck: outside.deck, made: outside.dict });
    assert.deepEqual(owned.diff(shadow, doc as never, 'state'), {
      deck: { '#': [[1, 0, 'b', { c: [1] }]] },
      made: [outside.dict],
    });
    const state = doc.state as unknown as ReturnType<typeof constants> & { made: unknown };
    assert.notEqual(state.deck, outside.deck);
    assert.notEqual(state.deck[2], outside.deck[2]);
    assert.notEqual((state.made as { x: unknown }).x, outside.dict.x);
    state.deck.pop();
    assert.deepEqual(outside, constants());
  });

  it('[J14] what the state has already is moved as it is', () => {
    const owned = new OwnedObjects();
    const doc = { state: { deck: [{ n: 1 }, { n: 2 }], hand: [] as Json[] } };
    const shadow = wired(doc.state);
    owned.add(doc.state);
    const [first] = doc.state.deck;
    doc.state.hand.push(doc.state.deck.shift()!);
    assert.ok(owned.diff(shadow, doc as never, 'state'));
    assert.equal(doc.state.hand[0], first);
  });

  it('[R6] an object from outside in two places is refused', () => {
    const one = { x: 1 };
    for (const state of [{ a: one, b: one }, { a: [one, { deep: one }] }]) {
      assert.throws(
        () => new OwnedObjects().diff({}, { state } as never, 'state'),
        (error: unknown) => error instanceof NotJsonError && /same object/.test(error.problem),
      );
    }
  });

  it('[J14] a refused rule leaves what it put in from outside as it was', () => {
    const outside = { list: [1, 2, 3] };
    const owned = new OwnedObjects();
    const doc = { state: { list: [9], b: 1, a: 2 } };
    const shadow = wired(doc.state);
    owned.add(doc.state);
    doc.state.list = outside.list;
    Reflect.deleteProperty(doc.state, 'b');
    Object.assign(doc.state, { b: 1 });
    restore(doc, { state: shadow }, value => owned.has(value));
    assert.deepEqual(outside, { list: [1, 2, 3] });
    assert.equal(JSON.stringify(doc.state), JSON.stringify(shadow));
  });

  it('[R12] a field of an array, a symbol, an accessor on what was there before are found, at the latest after some walks', () => {
    const spoils: ((state: { list: number[]; o: object }) => void)[] = [
      s => {
        s.list[-1] = 5;
      },
      s => {
        (s.list as unknown as Record<string, number>)['undefined'] = 5;
      },
      s => {
        s.list[NaN] = 5;
      },
      s => Object.assign(s.list, { name: 1 }),
      s => Object.assign(s.o, { [Symbol('x')]: 1 }),
      s => Object.defineProperty(s.o, 'y', { get: () => 1, enumerable: true, configurable: true }),
    ];
    for (const [i, spoil] of spoils.entries()) {
      const owned = new OwnedObjects(i % 2 === 1);
      const doc = { state: { list: [1, 2], o: { x: 1 } } };
      const shadow = wired(doc.state);
      owned.add(doc.state);
      spoil(doc.state);
      assert.throws(
        () => {
          for (let walk = 0; walk < 16; walk++) owned.diff(shadow, doc as never, 'state');
        },
        NotJsonError,
        spoil.toString(),
      );
      restore(doc, { state: shadow }, value => owned.has(value));
      for (let walk = 0; walk < 20; walk++) assert.equal(owned.diff(shadow, doc as never, 'state'), undefined);
    }
  });
});
