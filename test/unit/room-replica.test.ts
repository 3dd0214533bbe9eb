import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RoomReplica } from '../../client/room-replica.ts';
import type { JoinSuccess, RoomView, WireChange } from '../../shared/protocol.ts';

/** The answer to a join of a room that has no entry. */
const answer = (term: number, code: string): JoinSuccess => ({
  ok: true,
  room: 'r',
  seat: null,
  hold: null,
  session: 's',
  term,
  place: [0, 0],
  base: 0,
  verdicts: [],
  now: 0,
  lost: false,
  with: 'snapshot',
  view: { room: { code }, state: null } as unknown as RoomView,
});
const firstEntry = (term: number): WireChange => [term, 1, 0, { room: { host: 0 } }];

describe('the replica of a room without entries', () => {
  it('[P2e] applies the first entry of the owner that answered, and of no other', () => {
    const replica = new RoomReplica(() => {});
    replica.resume(answer(7, 'OLD'));
    assert.deepEqual(replica.joinFields, { place: [0, 0], whole: true });
    assert.equal(replica.receive(firstEntry(9)), 'behind', 'the room may be another one under the same id');
    replica.resume(answer(9, 'NEW'));
    assert.equal(replica.receive(firstEntry(9)), 'applied');
    assert.deepEqual(replica.view.room, { code: 'NEW', host: 0 });
    assert.deepEqual(replica.joinFields, { place: [9, 1] });
  });
});
