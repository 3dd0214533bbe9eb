import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isPosition,
  positionOf,
  isSamePosition,
  classifyPosition,
  type Position,
  type PositionStatus,
  type TermStarts,
} from '../../shared/position.ts';

/** A history as a list of who wrote what, and judgements by looking through all of it: slow, and hard to get wrong. */
interface Written {
  entries: number[];
  terms: TermStarts;
}

const histories = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 5 }), entries: fc.integer({ min: 1, max: 5 }) }), { maxLength: 8 })
  .map((owners): Written => {
    const entries: number[] = [];
    const terms: [number, number][] = [];
    let term = 10;
    for (const owner of owners) {
      term += owner.gap;
      terms.push([term, entries.length + 1]);
      for (let i = 0; i < owner.entries; i++) entries.push(term);
    }
    return { entries, terms };
  });

function dumbStanding([term, seq]: Position, { entries }: Written, remembered: TermStarts): PositionStatus {
  if (seq === 0 || (entries[seq - 1] === term && remembered.some(([t]) => t === term))) return 'ours';
  return remembered.length > 0 && term < Math.min(...remembered.map(([t]) => t)) ? 'unknown' : 'lost';
}

describe('place', () => {
  it('[P2] stands as a look through the whole history says, also when old terms are forgotten', () => {
    fc.assert(
      fc.property(
        histories,
        fc.nat(4),
        fc.integer({ min: 8, max: 50 }),
        fc.integer({ min: 0, max: 30 }),
        (written, forget, term, seq) => {
          const remembered = written.terms.slice(forget);
          assert.equal(
            classifyPosition([term, seq], remembered, written.entries.length),
            dumbStanding([term, seq], written, remembered),
          );
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("[P2] every place of one's own history is ours, and none of another", () => {
    fc.assert(
      fc.property(histories, written => {
        written.entries.forEach((term, i) =>
          assert.equal(classifyPosition([term, i + 1], written.terms, written.entries.length), 'ours'),
        );
        const last = written.entries.at(-1);
        if (last !== undefined)
          assert.equal(
            classifyPosition([last, written.entries.length + 1], written.terms, written.entries.length),
            'lost',
          );
      }),
    );
  });

  it('[P2] a tail that was lost is lost: the next owner began before it', () => {
    const terms: TermStarts = [
      [100, 1],
      [200, 8],
    ];
    assert.equal(classifyPosition([100, 7], terms, 9), 'ours');
    assert.equal(classifyPosition([100, 8], terms, 9), 'lost');
    assert.equal(classifyPosition([200, 8], terms, 9), 'ours');
    assert.equal(classifyPosition([200, 7], terms, 9), 'lost');
    assert.equal(classifyPosition([150, 5], terms, 9), 'lost', 'a term that wrote nothing here');
    assert.equal(classifyPosition([99, 5], terms, 9), 'unknown');
  });

  it('[P1] placeOf names the term that wrote an entry', () => {
    fc.assert(
      fc.property(histories, written => {
        written.entries.forEach((term, i) => assert.deepEqual(positionOf(i + 1, written.terms), [term, i + 1]));
      }),
    );
    assert.deepEqual(positionOf(0, []), [0, 0]);
  });

  it('[P1] two places are the same only if both numbers are', () => {
    assert.ok(isSamePosition([1, 2], [1, 2]));
    assert.ok(!isSamePosition([1, 2], [2, 2]));
    assert.ok(!isSamePosition([1, 2], [1, 3]));
  });

  it('[W1] only two whole numbers from 0 are a place', () => {
    for (const yes of [
      [0, 0],
      [1e15, 3],
    ])
      assert.ok(isPosition(yes));
    for (const no of [
      null,
      1,
      [1],
      [1, 2, 3],
      [-1, 0],
      [1.5, 0],
      ['1', 0],
      [NaN, 0],
      [2 ** 53, 0],
      { 0: 1, 1: 2, length: 2 },
    ])
      assert.ok(!isPosition(no));
  });
});
