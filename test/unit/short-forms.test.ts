import assert from 'node:assert/strict';
import { ShortForms } from '../../client/short-forms.ts';
import type { Joined } from '../../shared/protocol.ts';

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
