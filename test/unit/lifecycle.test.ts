import assert from 'node:assert/strict';
import { endMatch } from '../../server/rooms/core/rule-context.ts';
import { newDocument, summaryOf } from '../../server/rooms/core/document.ts';
import { IndexTracker } from '../../server/rooms/actor/index-tracker.ts';
import { offerOf } from '../../server/rooms/actor/offer.ts';
import { RoomLife } from '../../server/rooms/actor/room-life.ts';
import type { Outcome } from '../../server/rooms/core/commands.ts';
import type { AnyGame } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import type { Json } from '../../shared/json.ts';
import { ledgerGame } from './protocol/games.ts';
import { turnBot, turnsGame, type TurnState } from './bot-games.ts';
import { emptyRoom, playerOf, seatedRoom, sessionOf, type RoomMachineFixture } from './room-machine.ts';

const state = (played: RoomMachineFixture): TurnState => played.room.doc.state as unknown as TurnState;
const seats = (played: RoomMachineFixture) => played.room.doc.room.seats;
const who = (played: RoomMachineFixture) => played.room.doc.hidden.seats.map(s => s?.player ?? null);
const journaled = (played: RoomMachineFixture) => assert.deepEqual(played.replayed(), played.room.doc);
const serve = (played: RoomMachineFixture, name: string, data: Json = null): string => {
  const outcome: Outcome = played.step({ kind: 'serve', name, data });
  return outcome.kind === 'refused' ? outcome.refusal.code : 'ok';
};
const goes = (played: RoomMachineFixture, player: string) =>
  played.step({ kind: 'away', player, session: sessionOf(player) });
const playing = (
  n: number,
  more: Parameters<typeof turnsGame>[1] = {},
  joins?: Parameters<typeof turnsGame>[2],
): RoomMachineFixture => {
  const played = seatedRoom(turnsGame(turnBot, more, joins), n);
  assert.equal(played.act(0, '$start'), 'ok');
  return played;
};

describe('how a room is offered', () => {
  it('[Q3] [B1] seats of bots that come with the first player are not free', () => {
    const { def } = ledgerGame.contract;
    const free = (fill: number) =>
      offerOf(
        newDocument(ledgerGame, { id: 'r', code: 'c', private: false, options: {}, seed: [1, 2, 3, 4], now: 0, fill }),
        false,
        'p',
      )!.free;
    assert.deepEqual([free(0), free(1), free(99)], [def.seats.max, (def.seats.max as number) - 1, 0]);
  });
});

describe('for how long a room is kept', () => {
  /** The life that the next entry tells, or null where it tells none. */
  const lives = (played: RoomMachineFixture, game: AnyGame = turnsGame()) => {
    const told = new IndexTracker(played.room.doc, game, 0);
    return (mono = 0) => told.nextUpdate(played.room.doc, played.journal.at(-1)!.changes, game, mono).life?.ms ?? null;
  };
  const { hold } = turnsGame().contract.def.away as { hold: number };
  /** So much more is told, so that it need not be told with each entry. */
  const told = (need: number): number => (need * 9) / 8;
  const day = limits.roomTtl;

  it('[J7] a day and the hold while it is played, told again before less than that is left', () => {
    const life = lives(playing(2));
    const [need, spare] = [day + hold, (day + hold) / 8];
    assert.deepEqual(
      [life(), life(1_000), life(spare), life(spare + 1), life(spare + 2)],
      [told(need), null, null, told(need), null],
    );
  });

  it('[J7] until its next deadline, the hold, and a day: told at once when a deadline is set far ahead, and when it is not there any more', () => {
    const game = ledgerGame;
    const played = seatedRoom(game, 2);
    const life = lives(played, game);
    assert.equal(life(), told(day + 60_000));
    played.act(0, 'arm', { ms: 30 * day });
    assert.equal(life(), told(31 * day + 60_000));
    played.act(0, 'arm', { ms: 10 * day + 0.3 });
    assert.equal(life(), told(11 * day + 60_000));
    played.act(0, 'arm', { ms: 20_000 });
    assert.equal(life(), told(day + 80_000));
    played.act(0, 'arm', { ms: 40_000 });
    assert.equal(life(), null, 'a turn is no reason to tell it again');
  });

  it('[J18] while players are connected it is renewed though nothing happens; what nobody plays is not', () => {
    const { doc } = playing(2).room;
    const life = new RoomLife(turnsGame(), doc.room.id, 0);
    const due = (mono: number) => life.isRenewalDue(doc, doc.hidden.clock + mono, mono);
    assert.equal(due(1_000), false, 'a new owner has time');
    assert.equal(due(600_000), true);
    assert.equal(life.next(doc, doc.hidden.clock, 600_000)?.ms, told(day + hold));
    assert.deepEqual([600_001, 600_000 + day / 16, 600_000 + day / 8 + hold].map(due), [false, false, true]);
    life.renewalFailed();
    assert.equal(due(600_001), true, 'it did not arrive');
    const left = playing(2);
    for (const seat of [0, 1]) left.act(seat, '$leave');
    assert.equal(new RoomLife(turnsGame(), 'x', 0).isRenewalDue(left.room.doc, 0, 10 * day), false);
  });

  it('[J7] an hour when nobody is here and nobody is waited for; a day again when somebody comes', () => {
    const played = playing(2);
    const life = lives(played);
    goes(played, playerOf(0));
    goes(played, playerOf(1));
    assert.equal(life(), told(2 * hold + day), 'their seats are held');
    played.advance(2_000);
    assert.equal(life(), told(limits.abandonedRoomTtl), 'the bot plays for both');
    played.join(playerOf(1));
    assert.ok(life()! >= told(day + hold));
  });

  it('[J7] a quarter of an hour when all have left, a day while effects are to be done', () => {
    const played = playing(2);
    const life = lives(played);
    for (const seat of [0, 1]) played.act(seat, '$leave');
    assert.equal(life(), told(limits.unjoinedRoomTtl));
    const busy = playing(2);
    const its = lives(busy);
    busy.act(0, 'save', { what: 'x' });
    for (const seat of [0, 1]) busy.act(seat, '$leave');
    assert.equal(its(), told(day + limits.effectRetry));
  });
});

describe('the host', () => {
  it('[H1] frees a seat; who had it cannot come back, whatever the session', () => {
    const played = seatedRoom(turnsGame(), 3);
    assert.equal(played.act(1, '$kick', { seat: 2 }), 'not-host');
    assert.equal(played.act(0, '$kick', { seat: 2 }), 'ok');
    assert.deepEqual(who(played), [playerOf(0), playerOf(1), null, null]);
    assert.equal(played.join(playerOf(2)), 'kicked');
    assert.equal(played.join(playerOf(2), 'another'), 'kicked');
    assert.equal(played.join('carl'), 'ok');
    journaled(played);
  });

  it('[H1] in a match the seat goes out of play, as if it had left', () => {
    const played = playing(3);
    assert.equal(played.act(0, '$kick', { seat: 1 }), 'ok');
    assert.deepEqual([seats(played)[1]!.out, who(played)[1]], [true, null]);
    assert.ok(state(played).log.includes('left 1'));
    assert.equal(played.act(0, '$kick', { seat: 2 }), 'ok');
    assert.deepEqual(state(played).log.slice(-2), ['left 1', 'left 2']);
    journaled(played);
  });

  it('[H1] nonsense is refused: a free seat, one that was left, his own, no seat', () => {
    const played = playing(4);
    played.act(3, '$leave');
    for (const data of [
      { seat: 0 },
      { seat: 3 },
      { seat: 9 },
      { seat: -1 },
      { seat: '1' },
      { seat: 1.5 },
      {},
      null,
      [],
      { player: playerOf(0) },
      { player: '' },
      { player: 5 },
      { player: null },
      { player: '$bot-9' },
      { player: 'x'.repeat(limits.playerIdLength + 1) },
    ])
      assert.equal(played.act(0, '$kick', data), 'bad-data', JSON.stringify(data));
    for (const data of [{ seat: 3 }, {}, { seat: 7 }]) assert.equal(played.act(0, '$host', data), 'bad-data');
    for (const name of ['$end', '$close', '$nothing'])
      assert.equal(played.act(0, name, { ranking: [[0]] }), 'no-such-action');
    assert.deepEqual(who(played), [0, 1, 2].map(playerOf).concat(null as never));
  });

  it('[H1a] names a player who sits, or one who has no seat: neither comes back', () => {
    const played = seatedRoom(turnsGame(), 3);
    assert.equal(played.act(1, '$kick', { player: 'eve' }), 'not-host');
    for (let times = 0; times < 2; times++) assert.equal(played.act(0, '$kick', { player: 'eve' }), 'ok');
    assert.equal(played.join('eve'), 'kicked');
    assert.equal(played.act(0, '$kick', { player: playerOf(2) }), 'ok');
    assert.deepEqual(who(played), [playerOf(0), playerOf(1), null, null]);
    assert.deepEqual(played.room.doc.hidden.banned, [playerOf(2), 'eve']);
    for (let n = 0; n < limits.banned + 3; n++) played.act(0, '$kick', { player: `guest ${n}` });
    assert.equal(played.room.doc.hidden.banned.length, limits.banned);
    journaled(played);
  });

  it('[H1] one who is thrown out before the match may be the last who was waited for', () => {
    const played = seatedRoom(turnsGame(turnBot, { start: 'ready' }), 3);
    for (const seat of [0, 1]) played.act(seat, '$ready');
    played.act(0, '$kick', { seat: 2 });
    assert.equal(played.room.doc.room.phase, 'playing');
  });

  it('[H2] hands over, and is followed by somebody who is here', () => {
    const played = seatedRoom(turnsGame(), 3);
    assert.equal(played.act(1, '$host', { seat: 1 }), 'not-host');
    assert.equal(played.act(0, '$host', { seat: 1 }), 'ok');
    assert.equal(played.act(0, '$kick', { seat: 2 }), 'not-host');
    goes(played, playerOf(0));
    played.act(1, '$leave');
    assert.equal(played.room.doc.room.host, 2, 'seat 0 is away');
    journaled(played);
  });

  it('[H5] begins the next match, too, with those who are still there', () => {
    const played = playing(3);
    played.act(0, 'finish');
    played.act(2, '$leave');
    assert.equal(played.act(1, '$start'), 'not-host');
    assert.equal(played.act(0, '$start'), 'ok');
    assert.deepEqual([played.room.doc.room.match, who(played).filter(Boolean).length], [2, 2]);
    assert.equal(played.act(0, '$start'), 'not-now');
    journaled(played);
  });

  it('[H5] too few are too few, before and after a match', () => {
    const played = seatedRoom(turnsGame(), 1);
    assert.equal(played.act(0, '$start'), 'not-now');
    played.join('bob');
    played.act(0, '$start');
    played.act(0, 'finish');
    played.act(1, '$leave');
    assert.equal(played.act(0, '$start'), 'not-now');
  });
});

describe('late players', () => {
  it('[H3] without `late` a match takes nobody', () => {
    assert.equal(playing(2).join('carl'), 'room-started');
  });

  it('[H3] into a fresh seat, then into one that was left; the rules get the state of the match', () => {
    const played = playing(3, { late: true });
    assert.equal(played.join('carl'), 'ok');
    assert.deepEqual(state(played).joined, [3]);
    assert.equal(played.join('dora'), 'room-full');
    played.act(1, '$leave');
    assert.equal(seats(played)[1]!.out, true);
    assert.ok(summaryOf(played.room.doc, true)!.open, 'a quick join finds the seat');
    assert.equal(played.join('dora'), 'ok');
    assert.deepEqual([state(played).joined, seats(played)[1]!.out, who(played)[1]], [[3, 1], false, 'dora']);
    assert.equal(summaryOf(played.room.doc, true)!.open, false);
    assert.equal(played.act(1, 'save', { what: 'x' }), 'ok');
    journaled(played);
  });

  it('[H3] who left may come again, as somebody new', () => {
    const played = playing(3, { late: true, seats: { min: 2, max: 3 } });
    played.act(2, '$leave');
    assert.equal(played.join(playerOf(2), 'again'), 'ok');
    assert.deepEqual(played.room.doc.hidden.seats[2]!.closed, []);
  });

  it('[H3] [R4] [R7] rules that refuse a late player, or are asynchronous, leave no trace', () => {
    for (const how of ['throw', 'async'] as const) {
      const played = playing(2, { late: true }, s => {
        if (!s) return;
        s.log.push('spoilt');
        if (how === 'throw') throw new Error('not now');
        return Promise.reject(new Error('nobody waits'));
      });
      assert.equal(played.join('carl'), 'join-refused');
      assert.deepEqual([who(played)[2], state(played).log], [null, ['match 1']]);
      assert.equal(played.act(0, '$bot'), 'rule-failed');
      journaled(played);
    }
  });

  it('[H3] the host may fill up with bots while the match is on', () => {
    const played = playing(2, { late: true });
    played.act(0, '$bot');
    assert.deepEqual(state(played).joined, [2]);
    assert.equal(playing(2).act(0, '$bot'), 'not-now');
  });
});

describe('teams', () => {
  const teams = ['red', 'blue'] as const;
  const of = (played: RoomMachineFixture) => seats(played).map(s => s?.team ?? null);

  it('[H4] each is put into the smallest, bots and late players too', () => {
    const played = seatedRoom(turnsGame(turnBot, { teams, late: true }), 2);
    assert.deepEqual(of(played), [0, 1, null, null]);
    assert.equal(played.act(1, '$team', { team: 0 }), 'ok');
    played.act(0, '$bot');
    played.act(0, '$start');
    played.join('carl');
    assert.deepEqual(of(played), [0, 0, 1, 1]);
    played.act(0, '$leave');
    played.join('dora');
    assert.deepEqual(of(played), [0, 0, 1, 1]);
    assert.equal(played.act(1, '$team', { team: 1 }), 'not-now');
    journaled(played);
  });

  it('[H4] a team that is none is refused', () => {
    const played = seatedRoom(turnsGame(turnBot, { teams }), 2);
    for (const team of [2, -1, 0.5, '0', null]) assert.equal(played.act(0, '$team', { team }), 'bad-data');
    assert.equal(seatedRoom(turnsGame(), 2).act(0, '$team', { team: 0 }), 'not-now');
  });
});

describe('what the server asks of a room', () => {
  const kept = (reserved: string[], fill = 0) => {
    const game = turnsGame();
    return emptyRoom(game, {
      doc: newDocument(game, {
        id: 'room',
        code: 'ABCDE',
        private: false,
        options: {},
        seed: [1, 2, 3, 4],
        now: 0,
        reserved,
        fill,
      }),
    });
  };

  it('[X2] seats that are kept are for nobody else, nor for bots', () => {
    const played = kept(['ada', 'bob', 'carl'], 3);
    assert.equal(played.join('eve'), 'reserved');
    assert.equal(played.join('ada'), 'ok');
    assert.deepEqual(who(played), ['ada', null, null, '$bot-1']);
    assert.equal(played.act(0, '$bot'), 'room-full');
    assert.equal(summaryOf(played.room.doc, false)!.open, false);
    for (const player of ['bob', 'carl']) assert.equal(played.join(player), 'ok');
    assert.equal(serve(played, '$kick', { player: 'bob' }), 'ok');
    assert.equal(played.join('bob'), 'kicked');
    assert.equal(played.act(0, '$bot'), 'ok', 'nobody is expected there any more');
  });

  it('[X1] it starts, ends and hands over as a host would, and names players, not seats', () => {
    const played = seatedRoom(turnsGame(turnBot, { start: 'full' }), 3);
    assert.equal(serve(played, '$kick', { seat: 1 }), 'bad-data');
    assert.equal(serve(played, '$host', { player: playerOf(2) }), 'ok');
    assert.equal(played.room.doc.room.host, 2);
    assert.equal(serve(played, '$start'), 'ok');
    for (const ranking of [null, 5, [[9]], [[0, 0]], [[0], 1], ['x'], [['0']]])
      assert.equal(serve(played, '$end', { ranking } as Json), 'bad-data', JSON.stringify(ranking));
    assert.equal(played.room.doc.room.phase, 'playing');
    assert.equal(serve(played, '$end', { ranking: [[1], [0, 2]] }), 'ok');
    assert.deepEqual(played.room.doc.room.result, { ranking: [[1], [0, 2]] });
    assert.equal(serve(played, '$end', { ranking: [[0]] }), 'not-now');
    for (const name of ['$rematch', '$leave', '$ready', '$team', '$nothing', 'play'])
      assert.notEqual(serve(played, name, { team: 0 }), 'ok', name);
    journaled(played);
  });

  it('[X1] to throw out twice is to throw out once', () => {
    const played = playing(3, { late: true });
    assert.equal(serve(played, '$kick', { player: playerOf(1) }), 'ok');
    played.join('carl');
    played.join('dora');
    assert.equal(serve(played, '$kick', { player: playerOf(1) }), 'ok');
    assert.deepEqual(who(played), [playerOf(0), 'dora', playerOf(2), 'carl']);
  });

  it('[X3] a closed room has nobody, takes nobody, and does nothing but what it has promised', () => {
    const played = playing(3);
    played.act(0, 'play', { n: 0 });
    played.act(0, 'save', { what: 'x' });
    goes(played, playerOf(1));
    assert.equal(serve(played, '$close'), 'ok');
    assert.deepEqual(who(played), [null, null, null, null]);
    assert.deepEqual(Object.keys(played.room.doc.hidden.timers), ['$effects']);
    assert.equal(Object.keys(played.room.doc.hidden.effects).length, 1);
    assert.equal(played.join(playerOf(0)), 'room-missing');
    assert.equal(serve(played, '$start'), 'room-missing');
    assert.equal(serve(played, '$close'), 'ok');
    assert.equal(summaryOf(played.room.doc, false), null);
    played.advance(5_000);
    journaled(played);
  });
});

describe('rules that forget something', () => {
  it('a setup that returns nothing is told so', () => {
    const game = turnsGame();
    (game.rules as { setup: unknown }).setup = () => {};
    const played = seatedRoom(game, 2);
    assert.equal(played.act(0, '$start'), 'rule-failed');
    assert.match(played.failures.join(), /setup returned nothing/);
  });
});

describe('a ranking', () => {
  const ended =
    (...rankings: unknown[]) =>
    () => {
      const { doc } = seatedRoom(turnsGame(), 2).room;
      doc.room.phase = 'playing';
      for (const ranking of rankings) endMatch(doc, ranking as number[][]);
    };

  it('is a list of lists, and given once', () => {
    assert.doesNotThrow(ended([[0], [1]]));
    assert.throws(ended([0, 1]), /a ranking is a list of places, each a list of seats/);
    assert.throws(ended([[0], [1]], [[0], [1]]), /the match has already ended/);
  });
});

describe('rules that are asynchronous', () => {
  it('[R7] setup, too: the match does not begin, and nothing is left that could end the process', () => {
    const game = turnsGame();
    (game.rules as { setup: unknown }).setup = async () => {
      throw new Error('nobody waits');
    };
    const played = seatedRoom(game, 2);
    assert.equal(played.act(0, '$start'), 'rule-failed');
    assert.equal(played.room.doc.room.phase, 'waiting');
  });
});
