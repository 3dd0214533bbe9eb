import assert from 'node:assert/strict';
import { Outbox } from '../../client/outbox.ts';
import { limits } from '../../shared/limits.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import type { ActReply, ActRequest } from '../../shared/protocol.ts';

type Request = Omit<ActRequest, 'room'>;

/** An outbox whose requests the test answers. */
function outbox() {
  const sent: { request: Request; answer: (reply: ActReply) => void; fail: () => void }[] = [];
  const calls: string[] = [];
  const timers: (() => void)[] = [];
  const said: string[] = [];
  const made = new Outbox({
    send: request =>
      new Promise((answer, reject) => sent.push({ request, answer, fail: () => reject(new Error('no answer')) })),
    rejoin: () => calls.push('rejoin'),
    end: refusal => calls.push(`end ${refusal.code}`),
    after: (_ms, fn) => timers.push(fn),
  });
  const act = (name: string) =>
    void made.act(name, {}).then(s => said.push(`${name}: ${s.ok ? `ok at ${s.position.join('/')}` : s.code}`));
  const settled = () =>
    new Promise<void>(resolve => {
      setImmediate(resolve);
    });
  const numbers = () => sent.splice(0).map(s => `${s.request.name} ${s.request.n}@${s.request.term}`);
  return { made, sent, calls, timers, said, act, settled, numbers };
}

describe('outbox', () => {
  it('[A1] numbers from 1, at most eight without a verdict, and only when the room is known', async () => {
    const { made, sent, act, settled, numbers, said } = outbox();
    for (let i = 0; i < 10; i++) act(`a${i}`);
    assert.equal(sent.length, 0);
    made.resume(5, 0, []);
    const [first] = sent;
    assert.deepEqual(
      numbers(),
      Array.from({ length: limits.actionWindow }, (_x, i) => `a${i} ${i + 1}@5`),
    );
    first!.answer({ ok: true, n: 1, place: [5, 1] });
    await settled();
    assert.deepEqual(numbers(), ['a8 9@5']);
    assert.deepEqual(said, ['a0: ok at 5/1']);
  });

  it('[A5] settles what has a verdict, numbers the rest again from the base, and stamps it with the new term', async () => {
    const { made, act, settled, numbers, said } = outbox();
    for (const name of ['a', 'b', 'c', 'd']) act(name);
    made.resume(5, 0, []);
    numbers();
    made.suspend();
    made.resume(9, 2, [
      [1, { seq: 7, term: 5 }],
      [2, { seq: 8, term: 5, code: 'denied', detail: 'x' }],
    ]);
    await settled();
    assert.deepEqual(said, ['a: ok at 5/7', 'b: denied']);
    assert.deepEqual(numbers(), ['c 3@9', 'd 4@9']);
  });

  it('[A7] what was sent down a line that is gone may have been done: when the hold on the room ends, nobody says that it was not', async () => {
    const { made, act, settled, numbers, said } = outbox();
    made.resume(5, 0, []);
    act('sent');
    numbers();
    made.suspend();
    act('kept');
    made.end(makeRefusal('session-replaced'));
    await settled();
    assert.deepEqual(said, ['sent: unknown', 'kept: session-replaced']);
  });

  it('[A5] goes back with an owner that knows less: nothing is skipped', () => {
    const { made, act, numbers } = outbox();
    made.resume(5, 10, []);
    act('a');
    assert.deepEqual(numbers(), ['a 11@5']);
    made.suspend();
    made.resume(9, 7, []);
    assert.deepEqual(numbers(), ['a 8@9']);
  });

  it('[A5] does not listen to an owner of an older term', async () => {
    const { made, sent, act, settled, numbers, said } = outbox();
    made.resume(9, 0, []);
    act('a');
    const [late] = sent;
    numbers();
    made.resume(5, 1, [[1, { seq: 3, term: 5 }]]);
    await settled();
    assert.deepEqual([said, numbers(), made.pending], [[], [], 1]);
    late!.answer({ ok: false, code: 'stale-term', term: 5, base: 1, verdicts: [[1, { seq: 3, term: 5 }]] });
    await settled();
    assert.deepEqual([said, made.pending], [[], 1]);
  });

  it('[A5] an answer to what was sent before the last reconciliation says nothing any more', async () => {
    const { made, sent, act, settled, said } = outbox();
    made.resume(5, 0, []);
    act('a');
    const [early] = sent.splice(0);
    made.resume(9, 0, []);
    early!.answer({ ok: true, n: 1, place: [5, 1] });
    await settled();
    assert.deepEqual([said, sent.length], [[], 1]);
  });

  it("[A5] a join's answer that was overtaken by a verdict does not give a number away twice", async () => {
    const { made, sent, act, settled, numbers, said } = outbox();
    made.resume(5, 0, []);
    act('a');
    sent[0]!.answer({ ok: true, n: 1, place: [5, 1] });
    await settled();
    numbers();
    made.resume(5, 0, []); // said before the verdict was given, heard after it
    act('b');
    assert.deepEqual(numbers(), ['b 2@5']);
    assert.deepEqual(said, ['a: ok at 5/1']);
  });

  it('[A2] [A5] a gap is sent again under the same numbers: a base is never taken from it', async () => {
    const { made, sent, act, settled, numbers, timers } = outbox();
    made.resume(5, 3, []);
    act('a');
    act('b');
    const [, b] = sent;
    numbers();
    b!.answer({ ok: false, code: 'gap', term: 5, base: 0 });
    await settled();
    timers.splice(0).forEach(run => run());
    assert.deepEqual(numbers(), ['b 5@5']);
  });

  it('a request without an answer is sent again under the same number', async () => {
    const { made, sent, act, settled, numbers, timers } = outbox();
    made.resume(5, 0, []);
    act('a');
    sent[0]!.fail();
    numbers();
    await settled();
    timers.splice(0).forEach(run => run());
    assert.deepEqual(numbers(), ['a 1@5']);
  });

  it('[A4] what is refused without using up its number is settled, and what comes after it moves up with the next reconciliation', async () => {
    const { made, sent, act, settled, numbers, said, calls } = outbox();
    made.resume(5, 0, []);
    act('a');
    act('b');
    const [a] = sent;
    numbers();
    a!.answer(makeRefusal('bad-request'));
    await settled();
    assert.deepEqual([said, calls], [['a: bad-request'], ['rejoin']]);
    made.resume(5, 0, []);
    assert.deepEqual(numbers(), ['b 1@5']);
  });

  it('[A5] a verdict that overtakes another settles nothing by itself', async () => {
    const { made, sent, act, settled, calls, said } = outbox();
    made.resume(5, 0, []);
    act('a');
    act('b');
    sent[1]!.answer({ ok: true, n: 2, place: [5, 2] });
    await settled();
    assert.deepEqual([said, calls], [[], ['rejoin']]);
    made.resume(5, 2, [
      [1, { seq: 1, term: 5 }],
      [2, { seq: 2, term: 5 }],
    ]);
    await settled();
    assert.deepEqual(said, ['a: ok at 5/1', 'b: ok at 5/2']);
  });

  it('[A6] when the session is over, what was sent is unknown, and what was not is refused', async () => {
    const { made, act, settled, said } = outbox();
    made.resume(5, 0, []);
    for (let i = 0; i < 9; i++) act(`a${i}`);
    made.end(makeRefusal('session-replaced'));
    await settled();
    assert.deepEqual(said.slice(-2), ['a7: unknown', 'a8: session-replaced']);
  });

  it('[A6] what was sent before the line broke may have been done: when the session ends then, it is unknown', async () => {
    const { made, act, settled, numbers, said } = outbox();
    made.resume(5, 0, []);
    act('a');
    made.suspend();
    act('b');
    made.end({ ok: false, code: 'left' });
    await settled();
    assert.deepEqual(numbers(), ['a 1@5']);
    assert.deepEqual(said, ['a: unknown', 'b: left']);
  });

  it('[A6] so may what was sent and then computed again: a copy of it may still be under way', async () => {
    const { made, act, settled, said, calls } = outbox();
    made.resume(5, 0, []);
    for (let i = 0; i < 3; i++) act(`a${i}`);
    made.suspend();
    made.resume(5, 1, [[1, { seq: 7 }]]);
    made.suspend();
    made.end(makeRefusal('session-replaced'));
    await settled();
    assert.deepEqual([said, calls], [['a0: ok at 5/7', 'a1: unknown', 'a2: unknown'], []]);
  });
});
