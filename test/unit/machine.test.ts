import assert from 'node:assert/strict';
import { limits } from '../../shared/limits.ts';
import type { Outcome } from '../../server/rooms/core/commands.ts';
import { faultyGame, type FaultyState, type FailingHooks } from './faulty-game.ts';
import {
  emptyRoom,
  playerOf,
  seatedRoom,
  sessionOf,
  term,
  outcomeCode,
  type RoomMachineFixture,
} from './room-machine.ts';

const state = (played: RoomMachineFixture): FaultyState => played.room.doc.state as unknown as FaultyState;
const party = (spoil: FailingHooks = {}) => seatedRoom(faultyGame(spoil), 4);
const journaled = (played: RoomMachineFixture) => assert.deepEqual(played.replayed(), played.room.doc);

describe('room: actions and verdicts', () => {
  it('[A1] a stamp of another term is answered with base and verdicts, and nothing is applied', () => {
    const room = party();
    const card = state(room).cards[0];
    room.act(0, 'play', { card });
    room.act(0, 'cheat', { then: 'refuse' });
    const before = room.journal.length;
    const answer = room.step(room.input(0, 'play', { card: state(room).cards[0] }, { n: 3, term: term - 1 }));
    assert.deepEqual(answer, {
      kind: 'stale',
      base: 2,
      verdicts: [
        [1, { seq: before - 1 }],
        [2, { seq: before, code: 'not-yours', detail: 'hands off' }],
      ],
    });
    assert.equal(outcomeCode(room.step(room.input(0, 'play', {}, { n: 3, term: term + 1 }))), 'stale, base 2');
    assert.equal(room.journal.length, before);
  });

  it('[A1] of the last 16 numbers the verdicts are kept', () => {
    const room = party();
    for (let i = 0; i < 40; i++) room.act(0, 'draw');
    const answer = room.step(room.input(0, 'draw', {}, { n: 41, term: 1 })) as Outcome & { kind: 'stale' };
    assert.deepEqual(
      answer.verdicts.map(([n]) => n),
      Array.from({ length: limits.verdicts }, (_x, i) => 25 + i),
    );
    assert.equal(outcomeCode(room.step(room.input(0, 'draw', {}, { n: 24, term }))), 'bad-request', 'long past');
  });

  it('[A2] a number that leaves one out is answered with the base, and nothing is applied', () => {
    const room = party();
    assert.equal(outcomeCode(room.step(room.input(0, 'draw', {}, { n: 2, term }))), 'gap, base 0');
    assert.equal(outcomeCode(room.step(room.input(0, 'draw', {}, { n: 1, term }))), 'ok');
    assert.equal(outcomeCode(room.step(room.input(0, 'draw', {}, { n: 3, term }))), 'gap, base 1');
    assert.equal(state(room).draws.length, 1);
  });

  it('[A3] a retry gets its recorded verdict, whatever its payload', () => {
    const room = party();
    const first = room.step(room.input(0, 'draw', {}, { n: 1, term }));
    const second = room.step(room.input(0, 'cheat', { then: 'refuse' }, { n: 2, term }));
    const entries = room.journal.length;
    assert.deepEqual(room.step(room.input(0, 'end', { ranking: [[0]] }, { n: 1, term })), first);
    assert.deepEqual(room.step(room.input(0, 'draw', {}, { n: 2, term })), second);
    assert.equal(room.journal.length, entries);
  });

  it('[A3] a repetition within one batch is done once', () => {
    const room = party();
    const input = room.input(0, 'draw', {}, { n: 1, term });
    const [one, two] = room.batch(input, input);
    assert.deepEqual(one, two);
    assert.equal(state(room).draws.length, 1);
  });

  it('[A4] the verdict is part of the entry that holds the effect', () => {
    const room = party();
    room.act(1, 'draw');
    const entry = room.journal.at(-1)!;
    assert.ok(JSON.stringify(entry.changes.state).includes(String(state(room).draws[0])));
    assert.deepEqual((entry.changes.hidden as { seats: Record<string, unknown> }).seats[1], {
      base: 1,
      verdicts: { 1: entry.seq },
    });
  });

  it('[A4] refusals by rules, engine and schema use up the number', () => {
    const room = party();
    const codes: [string, unknown, string][] = [
      ['cheat', { then: 'refuse' }, 'not-yours'],
      ['cheat', { then: 'throw' }, 'rule-failed'],
      ['play', { card: 'x' }, 'bad-data'],
      ['play', null, 'bad-data'],
      ['toString', {}, 'no-such-action'],
      ['$nothing', {}, 'no-such-action'],
      ['$ready', {}, 'not-now'],
      ['$rematch', {}, 'not-now'],
      ['$start', {}, 'not-now'],
    ];
    codes.forEach(([name, data, code], i) => {
      assert.equal(room.act(0, name, data), code);
      assert.equal(room.room.doc.hidden.seats[0]!.base, i + 1);
    });
    assert.equal(room.act(0, 'draw'), 'ok');
    journaled(room);
  });

  it('[A4] what is refused before the room is asked uses up none', () => {
    const room = party();
    assert.equal(
      outcomeCode(
        room.step({ kind: 'act', player: 'stranger', session: 's', name: 'draw', data: {}, number: { n: 1, term } }),
      ),
      'seat-lost',
    );
    assert.equal(
      outcomeCode(room.step({ kind: 'act', player: 'stranger', session: 's', name: 'draw', data: {}, number: null })),
      'not-seated',
    );
    assert.equal(
      outcomeCode(
        room.step({
          kind: 'act',
          player: playerOf(0),
          session: 'never opened',
          name: 'draw',
          data: {},
          number: { n: 1, term },
        }),
      ),
      'not-in-room',
    );
    assert.equal(room.room.doc.hidden.seats[0]!.base, 0);
  });

  it('[A6] a new session begins at 1, and the old one is refused; the last four are remembered', () => {
    const room = party();
    room.act(0, 'draw');
    const player = playerOf(0);
    assert.equal(room.join(player, 'tab-2'), 'ok');
    assert.equal(
      outcomeCode(
        room.step({ kind: 'act', player, session: sessionOf(player), name: 'draw', data: {}, number: { n: 2, term } }),
      ),
      'session-replaced',
    );
    assert.equal(room.act(0, 'draw'), 'ok');
    assert.equal(room.join(player, sessionOf(player)), 'session-replaced', 'the old tab does not take it back');
    for (const tab of ['tab-3', 'tab-4', 'tab-5']) assert.equal(room.join(player, tab), 'ok');
    assert.deepEqual(
      room.room.doc.hidden.seats[0]!.closed,
      ['tab-4', 'tab-3', 'tab-2', sessionOf(player)].slice(0, limits.closedSessions),
    );
    journaled(room);
  });

  it('[A7] an action without a number leaves no verdict', () => {
    const room = party();
    assert.equal(outcomeCode(room.step(room.input(0, 'draw', {}, null))), 'ok');
    assert.equal(outcomeCode(room.step(room.input(0, 'draw', {}, null))), 'ok');
    assert.equal(state(room).draws.length, 2);
    assert.equal(room.room.doc.hidden.seats[0]!.base, 0);
    const entries = room.journal.length;
    assert.equal(outcomeCode(room.step(room.input(0, 'cheat', { then: 'refuse' }, null))), 'not-yours');
    assert.equal(room.journal.length, entries, 'a refusal without a number is no history');
  });

  for (const then of [
    'refuse',
    'throw',
    'nan',
    'undefined',
    'share',
    'cycle',
    'freeze',
    'promise',
    'unknown-code',
    'bad-event',
    'bad-timer',
  ] as const) {
    it(`[A8] an action that changes things and then fails (${then}) leaves nothing, also between two that do not`, () => {
      const room = party();
      const twin = party();
      const [a, b] = state(room).cards as [number, number];
      const outcomes = room.batch(
        room.input(0, 'play', { card: a }),
        room.input(1, 'cheat', { then }),
        room.input(0, 'play', { card: b }),
      );
      assert.deepEqual(outcomes.map(outcomeCode), ['ok', then === 'refuse' ? 'not-yours' : 'rule-failed', 'ok']);
      twin.batch(twin.input(0, 'play', { card: a }), twin.input(0, 'play', { card: b }));
      assert.deepEqual(room.room.doc.state, twin.room.doc.state);
      assert.deepEqual(room.room.doc.hidden.seed, twin.room.doc.hidden.seed, 'what it drew is drawn again');
      assert.deepEqual(room.room.doc.hidden.timers, {});
      assert.deepEqual(
        room.journal.at(-1)!.events.map(e => e.name),
        ['played', 'played'],
      );
      journaled(room);
    });
  }
});

describe('room: rules that fail', () => {
  it('[R1] [R6] the log names rule and path', () => {
    const room = party();
    for (const then of ['throw', 'nan', 'undefined', 'share'] as const) room.act(0, 'cheat', { then });
    assert.deepEqual(room.failures, [
      'actions.cheat: cheated',
      'actions.cheat: state.deep.list[0].n is NaN',
      'actions.cheat: state.more is undefined (use null)',
      'actions.cheat: state.other is the same object as another place of the state (copy it)',
    ]);
  });

  it('[R6] −0 becomes 0', () => {
    const room = party();
    room.act(0, 'zero');
    assert.ok(Object.is(state(room).draws[0], 0));
    journaled(room);
  });

  it('[R7] what a rule does after it was refused for being asynchronous reaches nothing', () => {
    let later = () => {};
    const room = party({
      resolveLater: run => {
        later = run;
      },
    });
    assert.equal(room.act(0, 'cheat', { then: 'later' }), 'rule-failed');
    later();
    room.act(1, 'draw');
    assert.deepEqual(state(room).log, ['match 1']);
    assert.deepEqual(state(room).deep, { list: [{ n: 1 }] });
    journaled(room);
  });

  it('[R2] a tick that throws changes nothing; after 100 in a row the room is out of play and refuses', () => {
    const spoil: FailingHooks = { tick: true };
    const room = party(spoil);
    const tick = () => room.step({ kind: 'tick' });
    for (let i = 0; i < 99; i++) tick();
    spoil.tick = false;
    tick();
    assert.equal(state(room).ticks, 1);
    spoil.tick = true;
    for (let i = 0; i < limits.failedTicksInRow - 1; i++) tick();
    assert.equal(room.room.doc.room.phase, 'playing');
    room.act(0, 'arm', { timer: 'good', ms: 1_000 });
    tick();
    assert.equal(room.room.doc.room.phase, 'quarantined');
    assert.match(room.room.fault!, /tick failed 100 times/);
    assert.equal(state(room).ticks, 1);
    assert.equal(room.act(0, 'draw'), 'room-quarantined');
    assert.equal(room.join(playerOf(0)), 'room-quarantined');
    assert.equal(room.join('another'), 'room-quarantined');
    assert.deepEqual(room.room.doc.hidden.timers, {});
    assert.deepEqual(room.room.doc.room.clocks, {});
    journaled(room);
  });

  it('[R3] a timer that throws is consumed, and leaves nothing else', () => {
    const room = party();
    room.act(0, 'arm', { timer: 'bad', ms: 100 });
    room.advance(100);
    assert.deepEqual(room.failures, ['timers.bad: the timer fails']);
    assert.deepEqual(room.room.doc.hidden.timers, {});
    assert.deepEqual(state(room).log, ['match 1']);
    room.advance(1_000);
    assert.equal(room.failures.length, 1);
    journaled(room);
  });

  it('[R4] joined that throws refuses the join', () => {
    const spoil: FailingHooks = { joined: true };
    const room = emptyRoom(faultyGame(spoil));
    assert.equal(room.join('ada'), 'join-refused');
    assert.deepEqual(room.room.doc.room.seats, [null, null, null, null]);
    assert.equal(room.room.doc.room.host, null);
    assert.equal(room.journal.length, 0);
    spoil.joined = false;
    assert.equal(room.join('ada'), 'ok');
  });

  it('[R4] a match whose setup throws does not begin, and who would have filled the table stands', () => {
    const spoil: FailingHooks = { setup: true };
    const room = seatedRoom(faultyGame(spoil), 3);
    assert.equal(room.join('dora'), 'join-refused');
    assert.equal(room.room.doc.room.phase, 'waiting');
    spoil.setup = false;
    assert.equal(room.join('dora'), 'ok');
    assert.equal(room.room.doc.room.phase, 'playing');
  });

  it('[R4] left that throws frees the seat all the same; away and back are logged', () => {
    const room = party({ left: true, away: true, back: true });
    const session = sessionOf(playerOf(2));
    room.step({ kind: 'away', player: playerOf(2), session });
    assert.equal(room.room.doc.room.seats[2]!.here, false);
    room.join(playerOf(2));
    assert.equal(room.room.doc.room.seats[2]!.here, true);
    assert.equal(room.act(2, '$leave'), 'ok');
    assert.equal(room.room.doc.room.seats[2]!.out, true);
    assert.equal(room.room.doc.hidden.seats[2], null);
    assert.deepEqual(room.failures, ['away: away fails', 'back: back fails', 'left: left fails']);
    assert.deepEqual(state(room).log, ['match 1'], 'what they wrote before they threw is not there');
    journaled(room);
  });

  it('a change that would not fit into an entry is refused', () => {
    const room = party();
    assert.equal(room.act(0, 'grow', { bytes: limits.entryBytes }), 'rule-failed');
    assert.equal(room.act(0, 'grow', { bytes: 1_000 }), 'ok');
    journaled(room);
  });

  it('an older state is brought up to this version; one that cannot be is taken out of play', () => {
    const old = () => {
      const { doc } = party().room;
      doc.hidden.stateVersion = doc.room.version = 1;
      return doc;
    };
    const room = emptyRoom(faultyGame(), { doc: old() });
    room.step({ kind: 'migrate' });
    assert.deepEqual(state(room).log, ['match 1', 'from 1']);
    assert.deepEqual([room.room.doc.room.version, room.room.doc.hidden.stateVersion], [2, 2]);
    journaled(room);
    const game = faultyGame();
    delete (game.rules as { migrate?: unknown }).migrate;
    const stuck = emptyRoom(game, { doc: old() });
    stuck.step({ kind: 'migrate' });
    assert.equal(stuck.room.doc.room.phase, 'quarantined');
    journaled(stuck);
  });
});
