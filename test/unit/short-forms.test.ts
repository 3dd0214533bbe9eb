import assert from 'node:assert/strict';
import { ShortForms } from '../../client/short-forms.ts';
import type { Joined, PlaceReply } from '../../shared/protocol.ts';

const joined = (more: Partial<Joined>) => ({ ok: true, room: 'u0jLTc551fFnBGOY', term: 3, ...more }) as Joined;
const steered = { room: 'u0jLTc551fFnBGOY', n: 1_234, hold: { steer: { x: -33, y: 21 } } };

describe('short forms of inputs', () => {
  it('[W9] are written where the node has said that it reads them, by the number of the last join', () => {
    const short = new ShortForms();
    assert.equal(short.input(steered), null, 'not joined');
    short.joined(joined({}));
    assert.equal(short.input(steered), null, 'no number');
    short.joined(joined({ number: 7 }));
    assert.equal(short.input(steered), null, 'a node that knows short changes only');
    short.joined(joined({ number: 7, shortInputs: true }));
    assert.deepEqual(short.input(steered), [7, 1_234, { steer: { x: -33, y: 21 } }]);
    short.joined(joined({ number: 8, shortInputs: true }));
    assert.deepEqual(short.input({ room: steered.room, n: 2, press: { fire: 1 } }), [8, 2, 0, { fire: 1 }]);
    assert.deepEqual(short.input({ room: steered.room, n: 3, press: { fire: 1 }, after: 2 }), [8, 3, 0, { fire: 1 }, 2]);
    assert.equal(short.input({ ...steered, room: 'another' }), null);
  });

  it('[O21] are half as long as whole ones', () => {
    const short = new ShortForms();
    short.joined(joined({ number: 50, shortInputs: true }));
    const written = JSON.stringify(['i', short.input(steered)]).length;
    assert.ok(written <= 44, `${written} bytes`);
    assert.ok(written * 1.9 < JSON.stringify(['input', steered]).length);
  });
});

describe('short forms of heads and changes', () => {
  it('[W9] a room that was left and entered again on one line goes by the number and the term of the last time', () => {
    const short = new ShortForms();
    short.joined(joined({ room: 'r', number: 1, term: 5 }));
    short.joined(joined({ room: 'q', number: 2, term: 5 }));
    short.joined(joined({ room: 'r', number: 3, term: 6 }));
    const reply = { ok: true, now: 0, spread: 0, rooms: { r: [9, 1], q: [4, 0] } } as PlaceReply;
    short.placed(reply);
    assert.deepEqual(reply.rooms, { r: { head: [6, 9], term: 6, watchers: 1 }, q: { head: [5, 4], term: 5, watchers: 0 } });
    assert.deepEqual(short.full('h', [3, 10, 2, 2, 4, 0]), ['heads', { r: { head: [6, 10], term: 6, watchers: 2 }, q: { head: [5, 4], term: 5, watchers: 0 } }]);
  });

  it('[W9] what is in full already, or means nothing to this line, is left as it is', () => {
    const short = new ShortForms();
    assert.deepEqual(short.full('change', ['r', 5, 1, 5, 0]), ['change', 'r', 5, 1, 5, 0]);
    assert.equal(short.full('c', [7, 2, 0]), null);
    assert.deepEqual(short.full('h', [7, 2, 0]), ['heads', {}]);
  });
});
