import assert from 'node:assert/strict';
import fc from 'fast-check';
import { seatOf } from '../../server/rooms/core/document.ts';
import { beginHold, endHold, lossOf } from '../../server/rooms/core/holds.ts';
import type { Command } from '../../server/rooms/core/commands.ts';
import type { HangReport } from '../../server/rooms/core/hangs.ts';
import { contract, schema, state as stateOf } from '../../shared/contract.ts';
import { copy } from '../../shared/delta.ts';
import { limits } from '../../shared/limits.ts';
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
const leaves = (played: RoomMachineFixture, seat: number) => assert.equal(played.act(seat, '$leave'), 'ok');
const goes = (played: RoomMachineFixture, player: string) =>
  played.step({ kind: 'away', player, session: sessionOf(player) });

const guise = contract('guise', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: stateOf<object>(),
  actions: {},
  profile: schema<string>(text => {
    if (text === 'hang') throw new Error('it ran again');
    return true;
  }),
}).rules({ setup: () => ({}), actions: {} });

describe('room: seats and matches', () => {
  it('[S1] joining again finds the seat, and changes nothing', () => {
    const room = seatedRoom(faultyGame(), 2);
    const entries = room.journal.length;
    assert.deepEqual(
      room.step({
        kind: 'join',
        player: playerOf(1),
        name: room.room.doc.room.seats[1]!.name,
        session: sessionOf(playerOf(1)),
      }),
      { kind: 'seated', seated: { seat: 1, replacedSession: null, isNew: false, wasAway: false } },
    );
    assert.equal(room.journal.length, entries);
  });

  it('[S8] the last holds are kept of the players who lost one last', () => {
    const { doc } = emptyRoom(faultyGame()).room;
    const loses = (player: string) => {
      beginHold(doc, 0, player, `of ${player}`, false);
      endHold({ doc, events: [] }, 0, 'left');
    };
    loses('Ann');
    for (let i = 1; i < limits.seatLosses; i++) loses(`other ${i}`);
    loses('Ann');
    loses('one more');
    assert.deepEqual([lossOf(doc, 'Ann')?.why, lossOf(doc, 'other 1')?.why], ['left', undefined]);
  });

  it('[S7] a room of before there were profiles is read, and nobody in it has one', () => {
    const before = copy(seatedRoom(faultyGame(), 2).room.doc);
    for (const seat of before.room.seats) if (seat) delete (seat as Partial<typeof seat>).profile;
    const room = emptyRoom(faultyGame(), { doc: before });
    assert.deepEqual(
      room.room.doc.room.seats.map(s => s?.profile),
      [null, null, undefined, undefined],
    );
    room.join(playerOf(0), 'tab-2');
    assert.deepEqual(room.failures, []);
  });

  it('[S7] [R8] a profile that hung is not read again: the seat of its player is there all the same', () => {
    const room = seatedRoom(guise, 2);
    room.step({
      kind: 'hung',
      hangReports: [
        {
          id: 'a',
          room: 'room',
          seq: 0,
          game: 'guise',
          input: 'join',
          rule: 'profile',
          player: playerOf(0),
          session: 'tab-2',
          n: 0,
          who: '',
          ms: 1_000,
        } as unknown as HangReport,
      ],
    });
    assert.equal(
      outcomeCode(room.step({ kind: 'join', player: playerOf(0), name: 'Ann', session: 'tab-2', profile: 'hang' })),
      'ok',
    );
    assert.equal(room.room.doc.room.seats[0]!.profile, null);
    assert.equal(
      outcomeCode(room.step({ kind: 'join', player: playerOf(1), name: 'Bob', session: 'tab-2', profile: 'fine' })),
      'ok',
    );
    assert.equal(room.room.doc.room.seats[1]!.profile, 'fine');
  });

  it('[S2] whose hold ends before the match is left, and the seat is free', () => {
    const room = seatedRoom(faultyGame(), 2);
    goes(room, playerOf(0));
    assert.equal(room.room.doc.room.seats[0]!.until, room.now() + 10_000);
    room.advance(9_999);
    assert.ok(room.room.doc.room.seats[0]);
    room.advance(1);
    assert.equal(room.room.doc.room.seats[0], null);
    assert.equal(room.room.doc.room.host, 1);
    assert.deepEqual(room.room.doc.hidden.timers, {});
    journaled(room);
  });

  it('[S2] who comes back in time keeps the seat, and the rules hear of both', () => {
    const room = party();
    goes(room, playerOf(0));
    room.advance(9_000);
    room.join(playerOf(0));
    room.advance(60_000);
    assert.equal(room.room.doc.room.seats[0]!.here, true);
    assert.equal(room.room.doc.room.seats[0]!.until, null);
    assert.deepEqual(state(room).log, ['match 1', 'away 0', 'back 0']);
  });

  it('[S2] the absence of an older session says nothing about the seat', () => {
    const room = party();
    room.join(playerOf(0), 'tab-2');
    goes(room, playerOf(0));
    assert.equal(room.room.doc.room.seats[0]!.here, true);
  });

  it('[S2] the end of a hold during a match: `leave` frees the player, `forfeit` keeps the seat out of play', () => {
    for (const then of ['leave', 'forfeit'] as const) {
      const room = seatedRoom(faultyGame({}, { away: { hold: 10_000, then } }), 4);
      goes(room, playerOf(1));
      room.advance(10_000);
      const { doc } = room.room;
      assert.equal(doc.room.seats[1]!.out, true);
      assert.deepEqual(state(room).log, ['match 1', 'away 1', 'left 1']);
      assert.equal(seatOf(doc, playerOf(1)), then === 'leave' ? -1 : 1);
      assert.equal(room.join(playerOf(1)), then === 'leave' ? 'seat-lost' : 'ok');
      assert.equal(room.join(playerOf(1), 'another'), then === 'leave' ? 'room-full' : 'ok');
      if (then === 'forfeit') assert.equal(room.act(1, 'draw'), 'out-of-play');
      journaled(room);
    }
  });

  it('[S3] when fewer than the game needs are in play the engine ends the match: those in play first', () => {
    const room = party({ noLeft: true });
    leaves(room, 1);
    leaves(room, 3);
    assert.equal(room.room.doc.room.phase, 'playing');
    leaves(room, 0);
    assert.deepEqual(room.room.doc.room.result, { ranking: [[2], [0, 1, 3]] });
    assert.equal(room.room.doc.room.phase, 'ended');
    journaled(room);
  });

  it('[S3] where the rules end the match, the engine does not', () => {
    const room = party({ ends: true });
    leaves(room, 1);
    assert.deepEqual(room.room.doc.room.result, { ranking: [[0]] });
  });

  it('[S3] who left is out: no action, no second leaving, no way back during the match', () => {
    const room = party();
    leaves(room, 1);
    assert.equal(room.act(1, 'draw'), 'seat-lost');
    assert.equal(room.join(playerOf(1), 'another'), 'room-full');
    assert.equal(room.room.doc.room.host, 0);
    leaves(room, 0);
    assert.equal(room.room.doc.room.host, 2);
  });

  it('[S4] full: begins when all seats are taken', () => {
    const room = seatedRoom(faultyGame(), 3);
    assert.equal(room.room.doc.room.phase, 'waiting');
    assert.equal(room.act(0, 'draw'), 'not-playing');
    room.join(playerOf(3));
    assert.equal(room.room.doc.room.phase, 'playing');
  });

  it('[S4] ready: begins when everybody is, with seats that leave no gaps', () => {
    const room = seatedRoom(faultyGame({}, { start: 'ready' }), 4);
    leaves(room, 1);
    assert.deepEqual(
      room.room.doc.room.seats.map(s => s?.player ?? null),
      [playerOf(0), null, playerOf(2), playerOf(3)],
    );
    assert.equal(room.act(0, '$ready'), 'ok');
    assert.equal(room.act(2, '$ready'), 'ok');
    assert.equal(room.act(2, '$ready', { yes: false }), 'ok');
    assert.equal(room.act(3, '$ready'), 'ok');
    assert.equal(room.room.doc.room.phase, 'waiting');
    assert.equal(room.act(2, '$ready'), 'ok');
    assert.equal(room.room.doc.room.phase, 'playing');
    assert.deepEqual(
      room.room.doc.room.seats.map(s => s?.player ?? null),
      [playerOf(0), playerOf(2), playerOf(3), null],
    );
    assert.equal(room.act(1, 'draw'), 'ok', 'the session has moved with its player');
    assert.equal(room.room.doc.hidden.seats[1]!.player, playerOf(2));
    journaled(room);
  });

  it('[S4] ready: the departure of the last who was not begins the match', () => {
    for (const how of ['leaves', 'hold'] as const) {
      const room = seatedRoom(faultyGame({}, { start: 'ready' }), 3);
      room.act(0, '$ready');
      room.act(1, '$ready');
      if (how === 'leaves') leaves(room, 2);
      else {
        goes(room, playerOf(2));
        room.advance(10_000);
      }
      assert.equal(room.room.doc.room.phase, 'playing', how);
      journaled(room);
    }
  });

  it('[S4] host: begins when the host says so, from the smallest number on', () => {
    const room = seatedRoom(faultyGame({}, { start: 'host' }), 1);
    assert.equal(room.act(0, '$start'), 'not-now');
    room.join(playerOf(1));
    room.join(playerOf(2));
    assert.equal(room.act(1, '$start'), 'not-host');
    leaves(room, 0);
    assert.equal(room.act(1, '$start'), 'ok', 'the longest-seated is the host now');
    assert.deepEqual(
      room.room.doc.room.seats.map(s => s?.player ?? null),
      [playerOf(1), playerOf(2), null, null],
    );
    assert.equal(room.room.doc.room.host, 0);
    journaled(room);
  });

  it('[S5] a rematch needs all who are still seated, and goes on in the same room', () => {
    const room = party();
    room.act(0, 'end', { ranking: [[3], [0, 1], [2]] });
    for (const seat of [0, 1, 2]) assert.equal(room.act(seat, '$rematch'), 'ok');
    assert.equal(room.room.doc.room.phase, 'ended');
    assert.equal(room.act(3, '$rematch'), 'ok');
    const { doc } = room.room;
    assert.equal(doc.room.phase, 'playing');
    assert.equal(doc.room.match, 2);
    assert.equal(doc.room.result, null);
    assert.deepEqual(doc.hidden.previous, { ranking: [[3], [0, 1], [2]], players: [0, 1, 2, 3].map(playerOf) });
    assert.ok(doc.room.seats.every(s => s && !s.rematch && !s.out));
    journaled(room);
  });

  it('[S5] after somebody left in the match, the others play on: seats close up, and the last ranking speaks of the new ones', () => {
    const room = party();
    leaves(room, 1);
    room.act(0, 'end', { ranking: [[3], [0], [2], [1]] });
    for (const seat of [0, 2, 3]) assert.equal(room.act(seat, '$rematch'), 'ok');
    const { doc } = room.room;
    assert.equal(doc.room.phase, 'playing');
    assert.deepEqual(
      doc.room.seats.map(s => s?.player ?? null),
      [playerOf(0), playerOf(2), playerOf(3), null],
    );
    assert.deepEqual(doc.hidden.previous!.ranking, [[2], [0], [1]]);
    journaled(room);
  });

  it('[S5] a seat that forfeited and is not there holds up no rematch', () => {
    const room = seatedRoom(faultyGame({}, { away: { hold: 10_000, then: 'forfeit' } }), 4);
    goes(room, playerOf(1));
    room.advance(10_000);
    room.act(0, 'end', { ranking: [[0, 2, 3], [1]] });
    room.advance(60_000);
    for (const seat of [0, 2, 3]) room.act(seat, '$rematch');
    assert.equal(room.room.doc.room.phase, 'playing');
    journaled(room);
  });

  describe('[S5e] the next match and players who are away', () => {
    const away = { hold: 60_000, then: 'leave' } as const;
    const ended = (more: object = {}) => {
      const room = seatedRoom(faultyGame({}, { away, ...more }), 4);
      room.act(0, 'end', { ranking: [[3], [0, 1], [2]] });
      return room;
    };
    const agree = (room: RoomMachineFixture, ...seats: number[]) => {
      for (const seat of seats) assert.equal(room.act(seat, '$rematch'), 'ok');
    };
    const of = ({ room: { doc } }: RoomMachineFixture) => [
      doc.room.phase,
      ...doc.room.seats.map(s => s?.player ?? null),
    ];

    it('[S5e] it begins without those who have been away for 10 s, whose holds end, and not before', () => {
      const room = ended();
      agree(room, 1); // an agreement does not keep the seat of a player who goes away
      goes(room, playerOf(1));
      room.advance(4_000);
      agree(room, 0, 2, 3);
      room.advance(5_999);
      assert.equal(of(room)[0], 'ended');
      room.advance(1);
      assert.deepEqual(of(room), ['playing', playerOf(0), playerOf(2), playerOf(3), null]);
      const { doc } = room.room;
      assert.deepEqual(lossOf(doc, playerOf(1)), { session: sessionOf(playerOf(1)), why: 'forfeited' });
      assert.deepEqual(room.journal.at(-1)!.events, [
        { name: '$left', data: { seat: 1, name: doc.hidden.previous!.players[1], why: 'forfeited' } },
      ]);
      assert.deepEqual(doc.hidden.previous!.ranking, [[2], [0], [1]]);
      assert.deepEqual(Object.keys(doc.hidden.timers), [], 'neither its hold nor the wait');
      journaled(room);
    });

    it('[S5e] at once if they went away before; also if they go away when all others have agreed', () => {
      const room = ended();
      goes(room, playerOf(3));
      room.advance(10_000);
      agree(room, 0, 1);
      assert.equal(of(room)[0], 'ended', 'one who is there has not agreed');
      agree(room, 2);
      assert.deepEqual(of(room), ['playing', ...[0, 1, 2].map(playerOf), null]);
      const later = ended();
      agree(later, 0, 1, 2);
      goes(later, playerOf(3));
      later.advance(10_000);
      assert.deepEqual(of(later), ['playing', ...[0, 1, 2].map(playerOf), null]);
      for (const one of [room, later]) journaled(one);
    });

    it('[S5e] a player who is back in time is asked again', () => {
      const room = ended();
      agree(room, 0, 1, 2);
      goes(room, playerOf(3));
      room.advance(9_999);
      assert.equal(room.join(playerOf(3)), 'ok');
      room.advance(20_000);
      assert.equal(of(room)[0], 'ended');
      assert.deepEqual(room.room.doc.hidden.timers, {});
      agree(room, 3);
      assert.deepEqual(of(room), ['playing', ...[0, 1, 2, 3].map(playerOf)]);
      journaled(room);
    });

    it('[S5e] an agreement that is taken back ends the wait; two players are too few without one of them', () => {
      const room = ended();
      agree(room, 0, 1, 2);
      goes(room, playerOf(3));
      assert.equal(room.act(2, '$rematch', { yes: false }), 'ok');
      room.advance(20_000);
      assert.equal(of(room)[0], 'ended');
      goes(room, playerOf(2));
      goes(room, playerOf(1));
      room.advance(20_000);
      assert.equal(of(room)[0], 'ended', 'one is left');
      journaled(room);
    });

    it('[S5e] a setup that fails begins nothing, and is not tried again by itself', () => {
      const spoil: FailingHooks = {};
      const room = seatedRoom(faultyGame(spoil, { away }), 4);
      room.act(0, 'end', { ranking: [[3], [0, 1], [2]] });
      agree(room, 0, 1, 2);
      goes(room, playerOf(3));
      spoil.setup = true;
      room.advance(10_000);
      room.advance(10_000);
      assert.deepEqual([of(room)[0], room.failures.length], ['ended', 1]);
      assert.deepEqual(of(room).slice(1), [0, 1, 2, 3].map(playerOf));
      journaled(room);
    });

    it("[S5f] a game with away.rematch 'wait' waits for them until their hold ends", () => {
      const room = ended({ away: { ...away, rematch: 'wait' } });
      goes(room, playerOf(3));
      agree(room, 0, 1, 2);
      room.advance(59_000);
      assert.equal(of(room)[0], 'ended');
      assert.equal(room.join(playerOf(3)), 'ok');
      agree(room, 3);
      assert.equal(of(room)[0], 'playing');
      journaled(room);
    });
  });

  it('[S5] who leaves after the end is not waited for', () => {
    const room = party();
    room.act(0, 'end', { ranking: [[0, 1, 2, 3]] });
    leaves(room, 3);
    for (const seat of [0, 1, 2]) room.act(seat, '$rematch');
    assert.equal(room.room.doc.room.phase, 'playing');
    assert.equal(room.room.doc.room.match, 2);
    journaled(room);
  });

  it('[S5] a ranking that names no seat, or one twice, ends nothing', () => {
    const room = party();
    for (const ranking of [[[4]], [[0], [0]], [[-1]], [[0.5]], [[NaN]]])
      assert.notEqual(room.act(0, 'end', { ranking }), 'ok');
    assert.equal(room.room.doc.room.phase, 'playing');
    assert.equal(room.act(0, 'end', { ranking: [] }), 'ok', 'a match without a winner');
  });

  it('[S6] refusals of a join', () => {
    const room = seatedRoom(faultyGame({}, { start: 'host' }), 2);
    room.act(0, '$start');
    assert.equal(room.join('late'), 'room-started');
    room.act(0, 'end', { ranking: [[0, 1]] });
    assert.equal(room.join('late'), 'room-ended');
    assert.equal(party().join('late'), 'room-full');
  });
});

describe('room: time', () => {
  it('[T1] the clock does not go back, also for a new owner with a wall clock that does', () => {
    const room = party();
    room.act(0, 'arm', { timer: 'good', ms: 1_000 });
    const armed = room.room.doc.hidden.timers.good!.at;
    const back = room.now() - 3_600_000;
    room.room.step(room.input(0, 'arm', { timer: 'good', ms: 1_000 }), back);
    assert.equal(room.room.doc.hidden.timers.good!.at, armed);
    const next = emptyRoom(faultyGame(), { doc: copy(room.room.doc), now: back });
    next.act(0, 'arm', { timer: 'good', ms: 1_000 });
    assert.equal(next.room.doc.hidden.timers.good!.at, armed);
  });

  it('[T2] a shift moves all deadlines, shown ones and holds too, in the journal', () => {
    const room = party();
    room.act(0, 'arm', { timer: 'good', ms: 1_000 });
    goes(room, playerOf(1));
    const { good } = copy(room.room.doc.hidden.timers);
    room.step({ kind: 'shift', by: 7_000 });
    const { doc } = room.room;
    assert.equal(doc.hidden.timers.good!.at, good!.at + 7_000);
    assert.equal(doc.room.clocks.good, good!.at + 7_000);
    assert.equal(doc.room.seats[1]!.until, room.now() + 17_000);
    assert.equal(doc.hidden.timers[`$hold-${playerOf(1)}`]!.at, room.now() + 17_000);
    journaled(room);
  });

  it('[T3] timers fire once, in the order of their deadlines, and one may clear another', () => {
    const room = party();
    room.act(0, 'arm', { timer: 'good', ms: 300 });
    room.act(0, 'arm', { timer: 'late', ms: 200 });
    room.advance(1_000);
    assert.deepEqual(state(room).log, ['match 1', 'late 200']);
    room.act(0, 'arm', { timer: 'good', ms: 10 });
    room.advance(10);
    room.advance(0);
    assert.deepEqual(state(room).log, ['match 1', 'late 200', `good 10 at ${room.now()}`]);
    assert.deepEqual(room.room.doc.room.clocks, {});
    journaled(room);
  });

  it('[T3] the end of a match stops its timers; a new match begins without any', () => {
    const room = party();
    room.act(0, 'arm', { timer: 'good', ms: 1_000 });
    room.act(0, 'end', { ranking: [[0]] });
    assert.deepEqual(room.room.doc.hidden.timers, {});
    room.advance(2_000);
    assert.deepEqual(state(room).log, ['match 1']);
  });

  it('[T4] a tick changes only a match that is on', () => {
    const room = seatedRoom(faultyGame(), 3);
    room.step({ kind: 'tick' });
    assert.equal(room.journal.length, 3);
    room.join(playerOf(3));
    room.step({ kind: 'tick' });
    assert.equal(state(room).ticks, 1);
  });
});

describe('room: random play', () => {
  const player = fc.integer({ min: 0, max: 5 }).map(playerOf);
  const action = fc.oneof(
    fc.record({ name: fc.constant('play'), data: fc.record({ card: fc.integer({ min: 1, max: 8 }) }) }),
    fc.record({
      name: fc.constant('cheat'),
      data: fc.record({
        then: fc.constantFrom('refuse', 'throw', 'nan', 'undefined', 'share', 'freeze', 'cycle', 'promise'),
      }),
    }),
    fc.record({
      name: fc.constant('arm'),
      data: fc.record({ timer: fc.constantFrom('good', 'bad', 'late'), ms: fc.integer({ min: 0, max: 5_000 }) }),
    }),
    fc.record({ name: fc.constant('disarm'), data: fc.record({ timer: fc.constantFrom('good', 'bad', 'late') }) }),
    fc.record({
      name: fc.constant('end'),
      data: fc.record({ ranking: fc.constantFrom([[0], [1]], [[1, 0]], [[3]], []) }),
    }),
    fc.record({
      name: fc.constantFrom('draw', 'zero', '$leave', '$ready', '$start', '$rematch'),
      data: fc.constant({}),
    }),
    fc.record({ name: fc.constant('$ready'), data: fc.constant({ yes: false }) }),
  );
  const event = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('join' as const), player, session: fc.constantFrom('a', 'b') }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('act' as const), player, action, repeat: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('away' as const), player }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 12_000 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'tick' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('shift' as const), by: fc.integer({ min: 1, max: 9_000 }) }),
    },
  );
  const games = fc.record({
    start: fc.constantFrom('full' as const, 'ready' as const, 'host' as const),
    then: fc.constantFrom('leave' as const, 'forfeit' as const),
  });

  it('[J4] [A4] [A8] entries applied to the snapshot give the document; seats, verdicts and clocks stay whole', () => {
    fc.assert(
      fc.property(
        games,
        fc.array(fc.array(event, { minLength: 1, maxLength: 4 }), { maxLength: 25 }),
        ({ start, then }, batches) => {
          const room = emptyRoom(faultyGame({}, { start, away: { hold: 10_000, then }, seats: { min: 2, max: 3 } }));
          const hiddenOf = (id: string) => room.room.doc.hidden.seats.find(s => s?.player === id);
          for (const events of batches) {
            const inputs: Command[] = [];
            for (const e of events) {
              if (e.kind === 'join')
                inputs.push({ kind: 'join', player: e.player, name: e.player, session: `${e.player}-${e.session}` });
              else if (e.kind === 'act') {
                const hidden = hiddenOf(e.player);
                const input: Command = {
                  kind: 'act',
                  player: e.player,
                  session: hidden?.session ?? 'none',
                  name: e.action.name,
                  data: e.action.data as never,
                  number: { n: (hidden?.base ?? 0) + 1, term },
                };
                inputs.push(input, ...(e.repeat ? [input] : []));
              } else if (e.kind === 'away')
                inputs.push({ kind: 'away', player: e.player, session: hiddenOf(e.player)?.session ?? 'none' });
              else if (e.kind === 'advance') room.advance(e.ms);
              else inputs.push(e);
            }
            room.batch(...inputs);
            whole(room);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  /** What must be true of a room after every entry. */
  function whole(played: RoomMachineFixture): void {
    const { doc } = played.room;
    assert.deepEqual(played.replayed(), doc);
    assert.deepEqual(JSON.parse(JSON.stringify(doc)), doc, 'JSON, nothing more');
    played.journal.forEach((entry, i) => assert.equal(entry.seq, i + 1));
    const { room, hidden } = doc;
    const players = hidden.seats.flatMap(s => (s ? [s.player] : []));
    assert.equal(new Set(players).size, players.length, 'one seat each');
    hidden.seats.forEach((seat, i) => {
      if (seat) {
        assert.equal(room.seats[i]?.player, seat.player);
        assert.ok(!seat.closed.includes(seat.session));
        assert.ok(Object.keys(seat.verdicts).length <= limits.verdicts);
        assert.deepEqual(
          Object.keys(seat.verdicts).map(Number),
          Array.from(
            { length: Math.min(seat.base, limits.verdicts) },
            (_x, k) => seat.base - Math.min(seat.base, limits.verdicts) + 1 + k,
          ),
        );
      } else if (room.phase === 'waiting') assert.equal(room.seats[i], null);
    });
    if (room.host !== null) assert.ok(hidden.seats[room.host], 'the host is somebody');
    else assert.equal(players.length, 0, 'somebody is the host');
    if (room.phase === 'playing')
      assert.ok(
        room.seats.findIndex(s => s === null) < 0 ||
          room.seats.slice(room.seats.findIndex(s => s === null)).every(s => s === null),
        'no gaps in a match',
      );
    if (room.phase !== 'playing')
      assert.deepEqual(
        Object.keys(hidden.timers).filter(t => !t.startsWith('$')),
        [],
        'timers belong to a match',
      );
    for (const [name, at] of Object.entries(room.clocks)) assert.equal(hidden.timers[name]?.at, at);
    for (const s of room.seats)
      if (s?.until !== null && s?.until !== undefined) assert.equal(hidden.timers[`$hold-${s.player}`]?.at, s.until);
    for (const t of Object.keys(hidden.timers))
      if (t.startsWith('$')) assert.ok(players.includes(t.slice(6)), 'holds are held for somebody');
    assert.equal(outcomeCode({ kind: 'done' }), 'ok');
  }
});
