import assert from 'node:assert/strict';
import { InputSender } from '../../client/input-sender.ts';
import { InputBuffer, type SeatInput } from '../../server/rooms/core/input-buffer.ts';
import { messageReaders } from '../../server/sessions/request-readers.ts';
import { limits } from '../../shared/limits.ts';
import type { InputRequest } from '../../shared/protocol.ts';
import { stick, stickGame, type StickState } from './bot-games.ts';
import { playerOf, seatedRoom, sessionOf } from './room-machine.ts';

type Said = Omit<InputRequest, 'room'>;
const steer = (x: number) => ({ steer: { x } });
const fire = (times = 1) => ({ fire: times });

/** What the next tick is told of Ada. */
const ticked = (inputs: InputBuffer): SeatInput | undefined => inputs.takeForTick().get('ada');
const taking = () => {
  const inputs = new InputBuffer(stickGame());
  return { inputs, take: (said: Said, applied = 0, session = 's') => inputs.add('ada', session, applied, said) };
};

describe('inputs at the owner', () => {
  it('[I1] the last that is held counts at every tick; presses are counted, and used up', () => {
    const { inputs, take } = taking();
    take({ n: 1, hold: steer(1), press: fire() });
    take({ n: 2, hold: steer(2), press: fire(2), after: 1 });
    assert.deepEqual(ticked(inputs), { session: 's', n: 2, hold: steer(2), press: fire(3) });
    assert.deepEqual(ticked(inputs), { session: 's', n: 2, hold: steer(2), press: {} });
  });

  it('[I1] more presses than a tick counts are as many as it counts', () => {
    const { inputs, take } = taking();
    for (let n = 1; n <= 4; n++) take({ n, press: fire(limits.pressesPerTick), ...(n > 1 ? { after: n - 1 } : {}) });
    assert.deepEqual(ticked(inputs)!.press, fire(limits.pressesPerTick));
  });

  it('[I2] what comes twice, or too late, counts once', () => {
    const { inputs, take } = taking();
    take({ n: 1, press: fire() });
    take({ n: 1, press: fire() });
    take({ n: 3, hold: steer(3), after: 1 });
    take({ n: 2, hold: steer(2), after: 1 });
    assert.deepEqual(ticked(inputs), { session: 's', n: 3, hold: steer(3), press: fire() });
    take({ n: 1, press: fire() });
    assert.deepEqual(ticked(inputs)!.press, {});
  });

  it('[I2] a press whose message was lost counts when it is said again, and what came after it as well', () => {
    const { inputs, take } = taking();
    take({ n: 3, press: fire(), after: 2 }); // 2 is on its way, or lost
    take({ n: 4, hold: steer(4), after: 3 });
    assert.deepEqual(ticked(inputs), { session: 's', n: 0, hold: steer(4), press: {} }, 'what is held counts at once');
    take({ n: 2, press: fire(5) });
    take({ n: 3, press: fire(), after: 2 });
    assert.deepEqual(ticked(inputs), { session: 's', n: 4, hold: steer(4), press: fire(6) });
  });

  it('[I2] an owner that begins after another goes on from the number that is in the journal', () => {
    const { inputs, take } = taking();
    take({ n: 5, press: fire() }, 5);
    take({ n: 6, press: fire(), after: 5 }, 5);
    assert.deepEqual(ticked(inputs), { session: 's', n: 6, hold: {}, press: fire() });
  });

  it('[I5] a new session begins with nothing, also where the old one is dropped', () => {
    const { inputs, take } = taking();
    take({ n: 40, hold: steer(4), press: fire() });
    take({ n: 1, press: fire(2) }, 0, 't');
    assert.deepEqual(ticked(inputs), { session: 't', n: 1, hold: {}, press: fire(2) });
    inputs.retainHolders(new Map([['ada', 'u']]));
    assert.equal(ticked(inputs), undefined);
  });

  it('[I5] who is not seen for a while holds nothing meanwhile, and then what it held; a press counts when it is seen again, once', () => {
    const { inputs, take } = taking();
    take({ n: 1, hold: steer(4) });
    take({ n: 2, press: fire() });
    inputs.setConnected('ada', false);
    assert.equal(ticked(inputs), undefined);
    inputs.setConnected('ada', true);
    assert.deepEqual(ticked(inputs), { session: 's', n: 2, hold: steer(4), press: fire() });
    inputs.setConnected('ada', false);
    take({ n: 2, press: fire() }); // said again, on a new line
    assert.deepEqual(ticked(inputs), { session: 's', n: 2, hold: steer(4), press: {} });
  });

  it('[I6] what is malformed does nothing at all, also not the half of it that is right', () => {
    const { inputs, take } = taking();
    take({ n: 1, hold: steer(1) });
    const bad: Said[] = [
      { n: 2, hold: { steer: { x: 99 } } },
      { n: 2, hold: { steer: 'left' } },
      { n: 2, hold: { ...steer(2), jump: 1 } },
      { n: 2, hold: steer(2), press: { jump: 1 } },
      { n: 2, hold: steer(2), press: { steer: 1 } },
      { n: 2, hold: { fire: true } },
      { n: 2, hold: { toString: 1 as never } },
      { n: 2, press: { valueOf: 1 } },
    ];
    for (const said of bad) assert.equal(take(said), false, JSON.stringify(said));
    assert.deepEqual(ticked(inputs), { session: 's', n: 1, hold: steer(1), press: {} });
  });

  it('[I6] [W1] what is not even a message is refused by the reader', () => {
    for (const raw of [
      null,
      5,
      'x',
      [],
      {},
      { room: 'r' },
      { room: 'r', n: -1 },
      { room: 'r', n: 1.5 },
      { room: 'r', n: 1, press: { fire: -1 } },
      { room: 'r', n: 1, press: { fire: limits.pressesPerTick + 1 } },
      { room: 'r', n: 1, press: { fire: '1' } },
      { room: 'r', n: 1, hold: [] },
      { room: 'r', n: 1, after: 'x' },
      { room: '../r', n: 1 },
      { room: 'r', n: 1, hold: JSON.parse('{"__proto__":{"x":1}}') as unknown },
    ]) {
      assert.throws(() => messageReaders.input(raw), { name: 'BadRequestError' }, JSON.stringify(raw));
    }
    assert.deepEqual(messageReaders.input({ room: 'r', n: 1, press: null, more: 1 }), { room: 'r', n: 1 });
  });
});

describe('inputs in a room', () => {
  const playing = (spoil: { tick?: boolean } = {}) => {
    const room = seatedRoom(stickGame(undefined, spoil), 2);
    room.act(0, '$start');
    const state = () => room.room.doc.state as unknown as StickState;
    const tick = (said: Record<string, Partial<SeatInput>> = {}) =>
      room.step({
        kind: 'tick',
        inputs: new Map(
          Object.entries(said).map(([player, own]) => [
            player,
            { session: sessionOf(player), n: 0, hold: {}, press: {}, ...own },
          ]),
        ),
      });
    return { room, state, tick, inputs: () => room.room.doc.room.inputs };
  };
  const [ada, bob] = [playerOf(0), playerOf(1)];

  it('[I2] the number that has counted is part of the entry of the tick, by seat', () => {
    const { room, tick, inputs } = playing();
    tick({ [ada]: { n: 3 }, [bob]: { n: 7 } });
    assert.deepEqual(inputs(), [3, 7]);
    assert.deepEqual(room.replayed().room.inputs, [3, 7]);
    tick({ [ada]: { n: 2 } });
    assert.deepEqual(inputs(), [3, 7], 'it does not fall');
  });

  it('[I2] a tick that fails has counted nothing', () => {
    const spoil = { tick: true };
    const { tick, inputs } = playing(spoil);
    tick({ [ada]: { n: 3, press: fire() } });
    assert.deepEqual(inputs(), [0, 0]);
    spoil.tick = false;
    tick({ [ada]: { n: 4 } });
    assert.deepEqual(inputs(), [4, 0]);
  });

  it('[I5] what another session holds is let go of, and its number is not that of the new one', () => {
    const { room, state, tick, inputs } = playing();
    const old = { n: 57, hold: steer(5), press: fire() };
    tick({ [ada]: old });
    // In one batch: the new tab comes, and a tick that was told of the old one.
    room.batch(
      { kind: 'join', player: ada, name: ada, session: 'tab-2' },
      { kind: 'tick', inputs: new Map([[ada, { session: sessionOf(ada), ...old }]]) },
    );
    assert.deepEqual(state().steer, [null, null]);
    assert.deepEqual(inputs(), [0, 0]);
    tick({ [ada]: { session: 'tab-2', n: 1, hold: steer(-5) } });
    assert.deepEqual([state().steer[0], inputs()[0], state().fired[0]], [{ x: -5 }, 1, 1]);
  });

  it('[I5] who has left holds nothing', () => {
    const { room, state, tick } = playing();
    room.join('carl');
    tick({ [bob]: { n: 1, hold: steer(1) } });
    room.act(1, '$leave');
    tick({ [bob]: { n: 2, hold: steer(2), press: fire() } });
    assert.deepEqual([state().steer[1], state().fired[1], room.room.doc.room.inputs[1]], [null, 0, 1]);
  });

  it('[I1] a rule may keep what it is told and change it: the next tick is told the same', () => {
    const { room, state, tick } = playing();
    const own = { n: 1, hold: { steer: { x: 3 } } };
    tick({ [ada]: own });
    (state().steer[0] as { x: number }).x = 8;
    tick({ [ada]: own });
    assert.deepEqual([own.hold.steer.x, state().steer[0]], [3, { x: 3 }]);
    assert.deepEqual(room.failures, []);
  });

  it('[I2] numbers move with their seats when ranks close', () => {
    const { room, tick, inputs } = playing();
    room.join('carl');
    tick({ [ada]: { n: 1 }, [bob]: { n: 2 }, carl: { n: 3 } });
    room.act(1, '$leave');
    room.act(0, 'stop');
    room.act(0, '$start');
    assert.deepEqual(inputs(), [1, 3]);
  });
});

describe('inputs at the client', () => {
  function sender() {
    let now = 0;
    const sent: Said[] = [];
    const timers: { at: number; fn: () => void }[] = [];
    const dropped: [name: string, times: number][] = [];
    const line = { open: true };
    const made = new InputSender(stick.def, {
      send: message => line.open && sent.push(JSON.parse(JSON.stringify(message)) as Said),
      dropped: (...what) => dropped.push(what),
      now: () => now,
      after: (ms, fn) => void timers.push({ at: now + ms, fn }),
    });
    const pass = (ms: number) => {
      now += ms;
      for (const timer of timers.splice(0))
        if (timer.at <= now) timer.fn();
        else timers.push(timer);
    };
    /** One press in each of so many ticks. */
    const fires = (times: number) => {
      for (let i = 0; i < times; i++) {
        pass(50);
        made.set('fire', undefined);
      }
    };
    return { made, sent, pass, fires, line, dropped, said: () => sent.splice(0) };
  }

  it('[I3] what is held goes along with later presses until it is known to have counted: their numbers do not say that it has', () => {
    const { made, pass, said } = sender();
    made.set('steer', { x: 3 }); // lost on its way
    pass(50);
    made.set('fire', undefined);
    assert.deepEqual(said(), [
      { n: 1, hold: steer(3) },
      { n: 2, hold: steer(3), press: fire() },
    ]);
    made.confirm(2);
    pass(50);
    made.set('fire', undefined);
    assert.deepEqual(said(), [{ n: 3, press: fire() }]);
  });

  it('[I1] says at most one message for each tick, and nothing that is held already', () => {
    const { made, pass, said } = sender();
    made.set('steer', { x: 1 });
    for (let i = 2; i < 6; i++) made.set('steer', { x: i });
    made.set('fire', undefined);
    made.set('fire', undefined);
    assert.deepEqual(said(), [{ n: 1, hold: steer(1) }]);
    pass(50);
    made.set('steer', { x: 5 });
    pass(50);
    assert.deepEqual(said(), [{ n: 2, hold: steer(5), press: fire(2) }]);
    assert.throws(() => made.set('jump', undefined), TypeError);
    assert.throws(() => made.set('constructor', undefined), TypeError);
    assert.throws(() => made.set('steer', { x: 99 }), TypeError);
  });

  it('[I3] [I4] to a new owner: presses that have not counted, in order, each naming the one before; then all that is held', () => {
    const { made, pass, said } = sender();
    made.set('steer', { x: 1 });
    for (let i = 0; i < 3; i++) {
      pass(50);
      made.set('fire', undefined);
    }
    assert.deepEqual(
      said().map(m => [m.n, m.after]),
      [
        [1, undefined],
        [2, undefined],
        [3, 2],
        [4, 3],
      ],
    );
    made.confirm(2);
    made.resendAll();
    assert.deepEqual(said(), [
      { n: 3, hold: steer(1), press: fire() },
      { n: 4, hold: steer(1), press: fire(), after: 3 },
      { n: 5, hold: steer(1), after: 4 },
    ]);
    made.confirm(5);
    made.resendAll();
    assert.deepEqual(said(), [{ n: 6, hold: steer(1) }]);
  });

  it('[I3] presses that have not counted while the room goes on are said again, not more often than they can have been heard', () => {
    const { made, pass, said } = sender();
    made.set('fire', undefined);
    said();
    for (let t = 0; t < 450; t += 50) {
      pass(50);
      made.confirm(0);
    }
    assert.deepEqual(said(), []);
    pass(50);
    made.confirm(0);
    made.confirm(0);
    assert.deepEqual(said(), [{ n: 1, press: fire() }]);
    made.confirm(1);
    pass(5_000);
    made.confirm(1);
    assert.deepEqual(said(), []);
  });

  it('[I3] the same for what is held, and then all of it, once', () => {
    const { made, pass, said } = sender();
    made.set('steer', { x: 1 });
    said();
    pass(3_999);
    made.confirm(0);
    assert.deepEqual(said(), []);
    pass(1);
    made.confirm(0);
    made.confirm(0);
    assert.deepEqual(said(), [{ n: 2, hold: steer(1) }]);
    pass(5_000);
    made.confirm(2);
    assert.deepEqual(said(), []);
  });

  it('[I3] a long outage keeps the presses, not all that was ever held, and no more of them than it may', () => {
    const { made, pass, said } = sender();
    made.set('fire', undefined);
    for (let i = 0; i < 80; i++) {
      pass(50);
      made.set('steer', { x: i % 9 });
    }
    said();
    made.resendAll();
    assert.deepEqual(
      said().map(m => m.press ?? m.hold),
      [fire(), steer(79 % 9)],
    );
    for (let i = 0; i < 40; i++) {
      pass(50);
      made.set('fire', undefined);
    }
    said();
    made.resendAll();
    const again = said();
    assert.equal(again.length, limits.inputsResent - 2 + 1);
    assert.equal(again[0]!.after, undefined, 'the first that is left waits for none');
  });

  it('[I3a] presses without a connection all count: the window keeps what a tick counts, the rest follows when that has counted', () => {
    const { made, line, fires, dropped, said } = sender();
    const { inputs, take } = taking();
    fires(2);
    for (const message of said()) take(message); // counted, and nobody has told the client
    assert.deepEqual(ticked(inputs)!.press, fire(2));
    line.open = false;
    fires(limits.inputsResent + 24);
    line.open = true;
    made.resendAll();
    let counted = 0;
    for (let tick = 0; tick < 6; tick++) {
      for (const message of said()) take(message, 2);
      const { press, n } = ticked(inputs)!;
      assert.ok((press.fire ?? 0) <= limits.pressesPerTick);
      counted += press.fire ?? 0;
      made.confirm(n);
    }
    assert.deepEqual([counted, dropped], [limits.inputsResent + 24, []]);
  });

  it('[I3a] what is held does not wait for the window', () => {
    const { made, pass, fires, said } = sender();
    fires(limits.inputsResent);
    said();
    pass(50);
    made.set('steer', { x: 3 });
    pass(50);
    made.set('steer', { x: 4 });
    made.set('fire', undefined);
    pass(50);
    assert.deepEqual(said(), [
      { n: 17, hold: steer(3), after: 16 },
      { n: 18, hold: steer(4), after: 16 },
      { n: 19, hold: steer(4), after: 16 },
    ]);
    made.confirm(3);
    assert.deepEqual(
      said().map(({ n, press, after }) => [n, press, after]),
      [
        [16, fire(2), 14],
        [20, fire(), 16],
      ],
    );
  });

  it('[I3a] presses above what is kept are reported: in one tick, and where joined messages are full', () => {
    const { made, pass, line, dropped } = sender();
    for (let i = 0; i < limits.pressesPerTick + 4; i++) made.set('fire', undefined); // the first is sent at once
    assert.deepEqual(dropped, [
      ['fire', 1],
      ['fire', 1],
      ['fire', 1],
    ]);
    dropped.length = 0;
    line.open = false;
    for (let tick = 0; tick < limits.inputsResent + 2; tick++) {
      pass(50);
      for (let i = 0; i < 10; i++) made.set('fire', undefined);
    }
    assert.deepEqual(
      dropped.map(([, times]) => times),
      [10, 10, 10],
    );
  });
});
