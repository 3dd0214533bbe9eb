import assert from 'node:assert/strict';
import { ShortForms } from '../../client/short-forms.ts';
import type { JoinSuccess, HeartbeatReply } from '../../shared/protocol.ts';

const joined = (more: Partial<JoinSuccess>) =>
  ({ ok: true, room: 'u0jLTc551fFnBGOY', term: 3, ...more }) as JoinSuccess;
const steered = { room: 'u0jLTc551fFnBGOY', n: 1_234, hold: { steer: { x: -33, y: 21 } } };

describe('short forms of inputs', () => {
  it('[W9] are written where the node has said that it reads them, by the number of the last join', () => {
    const short = new ShortForms();
    assert.equal(short.shortenInput(steered), null, 'not joined');
    short.recordJoin(joined({}));
    assert.equal(short.shortenInput(steered), null, 'no number');
    short.recordJoin(joined({ number: 7 }));
    assert.equal(short.shortenInput(steered), null, 'a node that knows short changes only');
    short.recordJoin(joined({ number: 7, shortInputs: true }));
    assert.deepEqual(short.shortenInput(steered), [7, 1_234, { steer: { x: -33, y: 21 } }]);
    short.recordJoin(joined({ number: 8, shortInputs: true }));
    assert.deepEqual(short.shortenInput({ room: steered.room, n: 2, press: { fire: 1 } }), [8, 2, 0, { fire: 1 }]);
    assert.deepEqual(short.shortenInput({ room: steered.room, n: 3, press: { fire: 1 }, after: 2 }), [
      8,
      3,
      0,
      { fire: 1 },
      2,
    ]);
    assert.equal(short.shortenInput({ ...steered, room: 'another' }), null);
  });

  it('[O21] are half as long as whole ones', () => {
    const short = new ShortForms();
    short.recordJoin(joined({ number: 50, shortInputs: true }));
    const written = JSON.stringify(['i', short.shortenInput(steered)]).length;
    assert.ok(written <= 44, `${written} bytes`);
    assert.ok(written * 1.9 < JSON.stringify(['input', steered]).length);
  });
});

describe('short forms of heads and changes', () => {
  it('[W9] a room that was left and entered again on one line goes by the number and the term of the last time', () => {
    const short = new ShortForms();
    short.recordJoin(joined({ room: 'r', number: 1, term: 5 }));
    short.recordJoin(joined({ room: 'q', number: 2, term: 5 }));
    short.recordJoin(joined({ room: 'r', number: 3, term: 6 }));
    const reply = { ok: true, now: 0, spread: 0, rooms: { r: [9, 1], q: [4, 0] } } as HeartbeatReply;
    short.expandHeartbeat(reply);
    assert.deepEqual(reply.rooms, {
      r: { head: [6, 9], term: 6, watchers: 1 },
      q: { head: [5, 4], term: 5, watchers: 0 },
    });
    assert.deepEqual(short.expandEvent('h', [3, 10, 2, 2, 4, 0]), [
      'heads',
      { r: { head: [6, 10], term: 6, watchers: 2 }, q: { head: [5, 4], term: 5, watchers: 0 } },
    ]);
  });

  it('[W9] a position of a room whose join has no answer yet is left out', () => {
    const short = new ShortForms();
    short.recordJoin(joined({ room: 'r', number: 3, term: 6 }));
    const reply = { ok: true, now: 0, spread: 0, rooms: { r: [9, 1], q: [4, 0] } } as HeartbeatReply;
    short.expandHeartbeat(reply);
    assert.deepEqual(reply.rooms, { r: { head: [6, 9], term: 6, watchers: 1 } });
  });

  it('[W9] what is in full already, or means nothing to this line, is left as it is', () => {
    const short = new ShortForms();
    assert.deepEqual(short.expandEvent('change', ['r', 5, 1, 5, 0]), ['change', 'r', 5, 1, 5, 0]);
    assert.equal(short.expandEvent('c', [7, 2, 0]), null);
    assert.deepEqual(short.expandEvent('h', [7, 2, 0]), ['heads', {}]);
  });
});
