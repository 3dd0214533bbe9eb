import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Lineage } from './lineage.ts';
import type { RoomLine } from './room-tracker.ts';

const entry = (seq: number, term = '1'): RoomLine => ({
  room: 'r',
  record: ['entry', seq, term],
  key: `entry ${term} ${seq}`,
  term,
  seq,
});
const claim = (term: string, seq: number): RoomLine => ({
  room: 'r',
  record: ['claim', term],
  key: `claim ${term}`,
  term,
  seq,
});

describe('one history of several servers', () => {
  const setUp = () => {
    const written: string[] = [];
    const lineage = new Lineage('a', (_room, record) => written.push(record.join(' ')));
    const both = (line: RoomLine) => ['a', 'b'].forEach(server => lineage.heard(server, line));
    [claim('1', 0), entry(1), entry(2)].forEach(both);
    return { written, lineage };
  };

  it('is what the master says, once', () => assert.deepEqual(setUp().written, ['claim 1', 'entry 1 1', 'entry 2 1']));

  it('ends where the new master ends; what the old one took until it knew is gone, also if that is heard late', () => {
    const { written, lineage } = setUp();
    lineage.heard('a', entry(3));
    lineage.switched('b');
    lineage.heard('b', claim('2', 2));
    lineage.heard('b', entry(3, '2'));
    lineage.heard('a', entry(4));
    assert.equal(lineage.settle(99), 2);
    assert.deepEqual(written.slice(3), ['entry 3 1', 'entry 4 1', 'rolled-back 99 2 1', 'claim 2', 'entry 3 2']);
    lineage.heard('b', entry(4, '2'));
    assert.equal(written.at(-1), 'entry 4 2');
  });

  it('goes on with the old master, when it has restarted and is made the master again', () => {
    const { written, lineage } = setUp();
    lineage.switched('b');
    lineage.began('a', new Map([['r', { term: '1', seq: 2 }]]));
    assert.equal(lineage.settle(1), 0);
    lineage.heard('b', claim('2', 2));
    lineage.heard('a', claim('2', 2));
    lineage.heard('b', entry(3, '2'));
    lineage.switched('a');
    lineage.heard('a', claim('3', 2));
    assert.equal(lineage.settle(2), 1);
    assert.deepEqual(written.slice(3), ['claim 2', 'entry 3 2', 'rolled-back 2 2 2', 'claim 3']);
  });
});
