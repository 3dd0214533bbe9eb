import assert from 'node:assert/strict';
import fc from 'fast-check';
import { copy } from '../../shared/delta.ts';
import type { JsonObject } from '../../shared/json.ts';
import { createRandom, type Random } from '../../shared/random.ts';
import { atLeast, chanceOfBid, diceBot } from '../../shared/games/liars-dice/bot.ts';
import {
  leastCount,
  liarsDice,
  matches,
  rank,
  revealMs,
  smallestBid,
  type Bid,
  type Dice,
  type DiceView,
  type Reveal,
} from '../../shared/games/liars-dice/contract.ts';
import { liarsDiceGame } from '../../shared/games/liars-dice/rules.ts';
import type { RoomDocument } from '../../server/rooms/core/document.ts';
import { emptyRoom, seatedRoom, type RoomMachineFixture } from './room-machine.ts';

interface Dealt extends RoomMachineFixture {
  state: Dice;
}
interface How {
  options?: JsonObject;
  hands?: number[][];
  turn?: number;
  seed?: number;
}

const stateOf = (played: RoomMachineFixture): Dice => played.room.doc.state as unknown as Dice;
const reports = (played: RoomMachineFixture): unknown[] =>
  Object.values(played.room.doc.hidden.effects).map(effect => effect.data);
const look = (s: Dice, seat: number | null, more: { ended?: boolean; replay?: boolean } = {}): DiceView =>
  liarsDiceGame.rules.view(s, { seat, ended: false, replay: false, ...more });

/** A room whose document somebody has put right, with all numbers of the sessions at their beginning. */
function reopened(before: RoomMachineFixture, put: (doc: RoomDocument) => void): Dealt {
  const doc = copy(before.room.doc);
  put(doc);
  for (const seat of doc.hidden.seats) if (seat) Object.assign(seat, { base: 0, verdicts: {} });
  const played = emptyRoom(liarsDiceGame, { doc, now: before.now() });
  return Object.defineProperty(played, 'state', { get: () => stateOf(played) }) as Dealt;
}

/** A match that has begun; with `hands`, these lie under the cups. */
function deal(players: number, { options = {}, hands, turn, seed = 1 }: How = {}): Dealt {
  const waiting = seatedRoom(liarsDiceGame, players, { options });
  const seated = reopened(waiting, doc => {
    doc.hidden.seed = [seed, seed ^ 0x5bd1, seed * 31, 7];
  });
  assert.equal(seated.act(0, '$start'), 'ok');
  return reopened(seated, doc => {
    const s = doc.state as unknown as Dice;
    if (hands) s.hands = hands.map(hand => [...hand]);
    if (turn !== undefined) s.turn = turn;
    if (doc.hidden.timers['turn']) doc.hidden.timers['turn'].data = { seat: s.turn };
  });
}

const bid = (played: RoomMachineFixture, count: number, face: number): string =>
  played.act(stateOf(played).turn, 'bid', { count, face });
const challenge = (played: RoomMachineFixture): string => played.act(stateOf(played).turn, 'challenge');
const events = (played: RoomMachineFixture, name: string): unknown[] =>
  played.journal
    .flatMap(entry => entry.events)
    .filter(event => event.name === name)
    .map(event => event.data);

describe("Liar's Dice", () => {
  describe('the order of bids', () => {
    const all = [1, 2, 3, 4, 5, 6, 7, 8].flatMap(count => [1, 2, 3, 4, 5, 6].map(face => ({ count, face })));
    /** The same order in the words of the table. */
    const beats = (a: Bid, b: Bid, wild: boolean): boolean => {
      if (wild && a.face === 1 && b.face !== 1) return a.count * 2 >= b.count;
      if (wild && b.face === 1 && a.face !== 1) return a.count >= b.count * 2 + 1;
      return a.count > b.count || (a.count === b.count && a.face > b.face);
    };
    for (const wild of [true, false]) {
      it(`is what the table says, with ones ${wild ? 'wild' : 'plain'}`, () => {
        for (const a of all)
          for (const b of all) assert.equal(rank(a, wild) > rank(b, wild), beats(a, b, wild), JSON.stringify({ a, b }));
        assert.equal(new Set(all.map(b => rank(b, wild))).size, all.length, 'no two bids are equal');
      });
      it(`the least count and the smallest bid are the ones that a search finds, with ones ${wild ? 'wild' : 'plain'}`, () => {
        for (const over of [null, ...all])
          for (const dice of [2, 5, 8]) {
            const higher = all.filter(b => b.count <= dice && (!over || beats(b, over, wild)));
            const first = higher.find(b => higher.every(c => c === b || beats(c, b, wild))) ?? null;
            assert.deepEqual(smallestBid(over, dice, wild), first);
            for (const b of higher) assert.ok(b.count >= leastCount(b.face, over, wild));
          }
      });
    }
    it('some bids, as examples', () => {
      assert.deepEqual(smallestBid(null, 10, true), { count: 1, face: 2 });
      assert.deepEqual(smallestBid(null, 10, false), { count: 1, face: 1 });
      assert.deepEqual(smallestBid({ count: 4, face: 6 }, 10, true), { count: 2, face: 1 });
      assert.deepEqual(smallestBid({ count: 3, face: 6 }, 10, true), { count: 4, face: 2 });
      assert.deepEqual(smallestBid({ count: 2, face: 1 }, 10, true), { count: 5, face: 2 });
      assert.deepEqual(
        smallestBid({ count: 2, face: 1 }, 4, true),
        { count: 3, face: 1 },
        'five of anything are more than there are',
      );
      assert.equal(smallestBid({ count: 4, face: 1 }, 4, true), null);
      assert.equal(smallestBid({ count: 4, face: 6 }, 4, false), null);
    });
  });

  describe('a round', () => {
    it('begins with as many dice as were agreed, and a clock', () => {
      for (const [players, dice] of [
        [2, 5],
        [6, 6],
        [3, 1],
      ] as const) {
        const { state, room } = deal(players, { options: { dice } });
        assert.deepEqual(
          state.hands.map(hand => hand.length),
          Array(players).fill(dice),
        );
        assert.ok(state.hands.flat().every(die => die >= 1 && die <= 6));
        for (const hand of state.hands)
          assert.deepEqual(
            hand,
            hand.toSorted((a, b) => a - b),
          );
        assert.ok(state.turn >= 0 && state.turn < players);
        assert.equal(state.round, 1);
        assert.ok(room.doc.room.clocks['turn']);
      }
    });

    it('goes around, bid over bid', () => {
      const table = deal(3, { turn: 1 });
      assert.deepEqual(
        [bid(table, 2, 3), bid(table, 2, 4), bid(table, 3, 2), bid(table, 2, 1), bid(table, 5, 2)],
        Array(5).fill('ok'),
      );
      assert.deepEqual(table.state.bid, { count: 5, face: 2, seat: 2, late: false });
      assert.equal(table.state.turn, 0);
      assert.deepEqual(events(table, 'bid')[0], { count: 2, face: 3, seat: 1, late: false });
    });

    const refused: [string, Bid, Bid, string, boolean?][] = [
      ['the same again', { count: 3, face: 4 }, { count: 3, face: 4 }, 'bid-too-low'],
      ['a lower face', { count: 3, face: 4 }, { count: 3, face: 2 }, 'bid-too-low'],
      ['a lower count', { count: 3, face: 4 }, { count: 2, face: 6 }, 'bid-too-low'],
      ['too few wild ones', { count: 5, face: 4 }, { count: 2, face: 1 }, 'bid-too-low'],
      ['too few after wild ones', { count: 2, face: 1 }, { count: 4, face: 6 }, 'bid-too-low'],
      ['plain ones like the lowest face', { count: 3, face: 2 }, { count: 3, face: 1 }, 'bid-too-low', false],
      ['more than there are dice', { count: 3, face: 4 }, { count: 11, face: 4 }, 'bid-too-high'],
    ];
    for (const [what, first, second, code, wild = true] of refused) {
      it(`refuses ${what}: ${code}`, () => {
        const table = deal(2, { options: { wild } });
        assert.equal(bid(table, first.count, first.face), 'ok');
        const before = copy(table.state);
        assert.equal(bid(table, second.count, second.face), code);
        assert.deepEqual(table.state, before, 'and costs no turn');
      });
    }

    it('refuses what is out of turn, a challenge of nothing, and bids that are none', () => {
      const table = deal(3, { turn: 0 });
      assert.equal(table.act(1, 'bid', { count: 1, face: 2 }), 'not-your-turn');
      assert.equal(table.act(0, 'challenge'), 'no-bid');
      for (const data of [
        { count: 0, face: 2 },
        { count: 1, face: 7 },
        { count: 1, face: 0 },
        { count: 1.5, face: 2 },
        { count: 37, face: 2 },
        { count: '1', face: 2 },
        {},
        null,
      ])
        assert.equal(table.act(0, 'bid', data), 'bad-data');
      assert.equal(bid(table, 1, 2), 'ok');
      assert.equal(table.act(0, 'challenge'), 'not-your-turn');
      assert.equal(table.act(2, 'challenge'), 'not-your-turn', 'only who is next may doubt a bid');
    });
  });

  describe('a challenge', () => {
    // [what, hands, bid of seat 0, how many match, who loses, are ones wild]
    const outcomes: [string, number[][], Bid, number, number, boolean?][] = [
      [
        'finds too few: the bidder loses',
        [
          [2, 3],
          [4, 4],
        ],
        { count: 3, face: 4 },
        2,
        0,
      ],
      [
        'finds just enough: the challenger loses',
        [
          [2, 4],
          [4, 6],
        ],
        { count: 2, face: 4 },
        2,
        1,
      ],
      [
        'finds more than enough: the challenger loses',
        [
          [4, 4],
          [4, 6],
        ],
        { count: 2, face: 4 },
        3,
        1,
      ],
      [
        'counts wild ones as everything',
        [
          [1, 4],
          [1, 6],
        ],
        { count: 3, face: 4 },
        3,
        1,
      ],
      [
        'counts plain ones as ones',
        [
          [1, 4],
          [1, 6],
        ],
        { count: 3, face: 4 },
        1,
        0,
        false,
      ],
      [
        'counts nothing but ones for a bid on ones',
        [
          [1, 4],
          [6, 6],
        ],
        { count: 2, face: 1 },
        1,
        0,
      ],
      [
        'counts ones for a bid on plain ones',
        [
          [1, 1],
          [6, 6],
        ],
        { count: 2, face: 1 },
        2,
        1,
        false,
      ],
    ];
    for (const [what, hands, said, count, loser, wild = true] of outcomes) {
      it(what, () => {
        const table = deal(2, { hands, turn: 0, options: { wild, dice: 2 } });
        assert.equal(bid(table, said.count, said.face), 'ok');
        assert.equal(challenge(table), 'ok');
        const reveal: Reveal = { hands, bid: { ...said, seat: 0, late: false }, by: 1, count, loser };
        assert.deepEqual(table.state.last, reveal);
        assert.deepEqual(events(table, 'revealed'), [reveal]);
        assert.deepEqual(
          table.state.hands.map(hand => hand.length),
          loser === 0 ? [1, 2] : [2, 1],
        );
        assert.equal(table.state.turn, loser, 'whoever lost begins');
      });
    }

    it('leaves the dice open for a while, then all roll again', () => {
      const table = deal(3, {
        hands: [
          [2, 3],
          [4, 4],
          [5, 5],
        ],
        turn: 0,
        options: { dice: 2 },
      });
      bid(table, 3, 6);
      challenge(table);
      assert.equal(table.state.stage, 'reveal');
      assert.equal(table.state.bid, null);
      assert.equal(table.room.doc.room.clocks['turn'], undefined, "nobody's time runs");
      for (const seat of [0, 1, 2]) {
        assert.equal(table.act(seat, 'bid', { count: 1, face: 2 }), 'round-over');
        assert.equal(table.act(seat, 'challenge'), 'round-over');
      }
      table.advance(revealMs - 1);
      assert.equal(table.state.stage, 'reveal');
      table.advance(1);
      assert.equal(table.state.stage, 'bidding');
      assert.equal(table.state.round, 2);
      assert.deepEqual(
        table.state.hands.map(hand => hand.length),
        [1, 2, 2],
      );
      assert.equal(table.state.last?.loser, 0, 'what was revealed can still be read');
      assert.equal(bid(table, 1, 2), 'ok');
    });
  });

  describe('losing the last die', () => {
    const fall = () => {
      const table = deal(4, { hands: [[2], [3, 3], [4, 4], [5, 5]], turn: 0, options: { dice: 2 } });
      bid(table, 3, 6);
      challenge(table);
      return table;
    };
    it('puts a player out, and the next one in begins', () => {
      const table = fall();
      assert.deepEqual(table.state.fallen, [0]);
      assert.equal(table.state.turn, 1);
      assert.equal(table.room.doc.room.phase, 'playing');
    });
    it('the turn passes over who is out', () => {
      const table = fall();
      table.advance(revealMs);
      const turns = [2, 3, 4, 5].map(face => {
        const { turn } = table.state;
        assert.equal(bid(table, 1, face), 'ok');
        return turn;
      });
      assert.deepEqual(turns, [1, 2, 3, 1]);
      assert.equal(table.act(0, 'bid', { count: 2, face: 2 }), 'not-your-turn');
      assert.equal(table.act(0, 'challenge'), 'not-your-turn');
    });
    it('of the second last ends the match: ranking, report, no clock', () => {
      const table = deal(3, { hands: [[2], [3], [4]], turn: 2, options: { dice: 1 } });
      bid(table, 2, 6);
      challenge(table); // seat 2 falls, and seat 0 begins
      table.advance(revealMs);
      assert.equal(table.state.turn, 0);
      bid(table, 2, 1);
      const wasTrue = table.state.hands.flat().every(die => die === 1);
      assert.equal(challenge(table), 'ok');
      const [winner, loser] = wasTrue ? [0, 1] : [1, 0];
      const ranking = [[winner], [loser], [2]];
      assert.equal(table.room.doc.room.phase, 'ended');
      assert.deepEqual(table.room.doc.room.result, { ranking });
      assert.deepEqual(table.room.doc.room.clocks, {});
      assert.deepEqual(reports(table), [{ winner, ranking, rounds: 2 }]);
      assert.deepEqual(table.failures, []);
    });
  });

  describe('the clock', () => {
    it('[T3] bids the smallest for who runs out of time', () => {
      const table = deal(3, { turn: 1 });
      table.advance(44_999);
      assert.equal(table.state.bid, null);
      table.advance(1);
      assert.deepEqual(table.state.bid, { count: 1, face: 2, seat: 1, late: true });
      assert.equal(table.state.turn, 2);
      bid(table, 4, 6);
      table.advance(44_999);
      assert.equal(table.state.turn, 0, 'the next one has all the time');
      table.advance(1);
      assert.deepEqual(table.state.bid, { count: 2, face: 1, seat: 0, late: true });
    });
    it('challenges where there is no higher bid', () => {
      const table = deal(2, { hands: [[1], [1]], turn: 0, options: { dice: 1 } });
      bid(table, 2, 1);
      table.advance(45_000);
      assert.deepEqual(table.room.doc.room.result, { ranking: [[0], [1]] });
      assert.equal(table.state.last?.by, 1);
    });
    it('does not run where there is none', () => {
      const table = deal(2, { options: { turnSeconds: 0 } });
      bid(table, 1, 2);
      table.advance(3_600_000);
      assert.deepEqual(table.room.doc.room.clocks, {});
      assert.equal(table.state.bid?.count, 1);
      challenge(table);
      table.advance(revealMs);
      assert.equal(table.state.stage, 'bidding', 'the next round comes all the same');
    });
  });

  describe('[S3] who leaves', () => {
    const hands = [
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
    ];
    const rolledAnew = (table: Dealt, turn: number, gone: number) => {
      assert.deepEqual(
        [table.state.stage, table.state.bid, table.state.turn, table.state.left, table.state.round],
        ['bidding', null, turn, gone, 2],
      );
      assert.deepEqual(
        table.state.hands.map(hand => hand.length),
        [0, 1, 2, 3].map(seat => (seat === gone ? 0 : 2)),
        'nobody else loses a die',
      );
      assert.deepEqual(table.room.doc.hidden.timers['turn']?.data, { seat: turn });
      assert.equal(bid(table, 1, 2), 'ok');
    };
    it('on turn: the next one starts again', () => {
      const table = deal(4, { hands, turn: 1, options: { dice: 2 } });
      bid(table, 2, 2);
      table.act(2, '$leave');
      rolledAnew(table, 3, 2);
    });
    it('having made the last bid: nobody answers for it', () => {
      const table = deal(4, { hands, turn: 1, options: { dice: 2 } });
      bid(table, 2, 2);
      table.act(1, '$leave');
      rolledAnew(table, 2, 1);
    });
    it('while others bid: their dice were part of the bids', () => {
      const table = deal(4, { hands, turn: 3, options: { dice: 2 } });
      bid(table, 2, 2);
      table.act(2, '$leave');
      rolledAnew(table, 0, 2);
    });
    it('while the dice lie open: the next round comes in its time, without them', () => {
      const table = deal(4, { hands, turn: 0, options: { dice: 2 } });
      bid(table, 3, 6);
      challenge(table);
      table.act(0, '$leave'); // lost, and would have begun
      assert.equal(table.state.stage, 'reveal');
      assert.equal(table.state.turn, 1);
      table.advance(revealMs);
      assert.deepEqual(
        table.state.hands.map(hand => hand.length),
        [0, 2, 2, 2],
      );
      assert.equal(table.state.left, null);
      assert.equal(bid(table, 1, 2), 'ok');
    });
    it('without dice: changes nothing', () => {
      const table = deal(3, { hands: [[2], [3, 3], [4, 4]], turn: 0, options: { dice: 2 } });
      bid(table, 3, 6);
      challenge(table);
      table.advance(revealMs);
      bid(table, 1, 2);
      const before = copy(table.state);
      table.act(0, '$leave');
      assert.deepEqual(table.state, before);
      assert.equal(table.room.doc.room.phase, 'playing');
    });
    it('as the second last: the match is over', () => {
      const table = deal(3, { hands: [[2], [3, 3], [4, 4]], turn: 0, options: { dice: 2 } });
      bid(table, 3, 6);
      challenge(table);
      table.act(1, '$leave');
      const ranking = [[2], [1], [0]];
      assert.deepEqual(table.room.doc.room.result, { ranking });
      assert.deepEqual(reports(table), [{ winner: 2, ranking, rounds: 1 }]);
      assert.deepEqual(table.failures, []);
    });
  });

  it('[S5] who came last begins the next match', () => {
    const table = deal(3, { hands: [[2], [3], [4]], turn: 0, options: { dice: 1 } });
    bid(table, 3, 6);
    challenge(table);
    table.advance(revealMs);
    bid(table, 2, 1);
    challenge(table);
    assert.equal(table.room.doc.room.phase, 'ended');
    for (const seat of [0, 1, 2]) assert.equal(table.act(seat, '$rematch'), 'ok');
    assert.equal(table.room.doc.room.match, 2);
    assert.equal(table.state.turn, 0);
    assert.deepEqual([table.state.last, table.state.fallen, table.state.round], [null, [], 1]);
  });

  describe('what is seen', () => {
    it("one's own dice; of the others how many they have", () => {
      const table = deal(3, { hands: [[2, 2], [3, 3], [4]], turn: 0 });
      assert.deepEqual(look(table.state, 1).hands, [null, [3, 3], null]);
      assert.deepEqual(look(table.state, null).hands, [null, null, null]);
      assert.deepEqual(look(table.state, null).dice, [2, 2, 1]);
      assert.deepEqual(look(table.state, null, { ended: true }).hands, table.state.hands);
      assert.deepEqual(look(table.state, null, { replay: true }).hands, table.state.hands);
    });
    it('nothing that would be different if the others had other dice', () => {
      const dice = fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), {
        minLength: 3,
        maxLength: 3,
      });
      fc.assert(
        fc.property(dice, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 5 }), (hands, own, by) => {
          const one = deal(3, { hands, turn: 0 });
          const other = deal(3, {
            hands: hands.map((hand, i) => (i === own ? hand : hand.map(die => ((die + by - 1) % 6) + 1))),
            turn: 0,
          });
          for (const table of [one, other]) bid(table, 1, 3);
          assert.deepEqual(look(one.state, own), look(other.state, own));
          const nobody = { ...one.state, hands: one.state.hands.map(hand => hand.map(() => 6)) };
          assert.deepEqual(look(one.state, null), look(nobody, null));
        }),
        { numRuns: 40 },
      );
    });
  });

  describe('the bot', () => {
    const seen = (more: Partial<DiceView>): DiceView => ({
      round: 1,
      stage: 'bidding',
      turn: 0,
      bid: null,
      last: null,
      left: null,
      fallen: [],
      wild: true,
      dice: [3, 3],
      hands: [[2, 4, 5], null],
      ...more,
    });
    const random = () => createRandom([4, 3, 2, 1]);
    it('knows the odds', () => {
      assert.ok(Math.abs(atLeast(1, [1 / 6, 1 / 6]) - 11 / 36) < 1e-12);
      assert.equal(atLeast(0, []), 1);
      assert.equal(atLeast(1, []), 0);
      assert.ok(
        Math.abs(chanceOfBid(seen({}), { count: 2, face: 4 }, 0, null) - (1 - (2 / 3) ** 3)) < 1e-12,
        'one four of its own, three dice unknown',
      );
    });
    it('does nothing out of turn, and while the dice lie open', () => {
      assert.equal(diceBot(seen({ turn: 1 }), 0, random()), null);
      assert.equal(diceBot(seen({ stage: 'reveal' }), 0, random()), null);
    });
    it('challenges what cannot be, and what is the highest bid', () => {
      for (const bid of [
        { count: 6, face: 3, seat: 1, late: false },
        { count: 6, face: 1, seat: 1, late: false },
      ])
        assert.equal((diceBot(seen({ bid }), 0, random()) as { act: string }).act, 'challenge');
    });
    it('does not challenge what its own dice prove', () => {
      for (let seed = 1; seed < 50; seed++) {
        const move = diceBot(
          seen({ hands: [[4, 4, 1], null], bid: { count: 3, face: 4, seat: 1, late: false } }),
          0,
          createRandom([seed, 2, 3, 4]),
        );
        assert.equal((move as { act: string }).act, 'bid');
      }
    });
    it('takes a moment', () => {
      const { after } = diceBot(seen({}), 0, random()) as { after: number };
      assert.ok(after >= 500 && after <= 3_000);
    });
  });

  describe('whole matches', () => {
    type Mind = (view: DiceView, seat: number, random: Random) => { act: string; data: unknown };
    const bot: Mind = (view, seat, random) => diceBot(view, seat, random) as { act: string; data: unknown };
    /** Anything that is allowed. */
    const anything: Mind = (view, _seat, random) => {
      const dice = view.dice.reduce((a, b) => a + b, 0);
      const legal = [1, 2, 3, 4, 5, 6]
        .map(face => ({ count: leastCount(face, view.bid, view.wild) + random.int(0, 1), face }))
        .filter(b => b.count <= dice);
      return legal.length === 0 || (view.bid && random.next() < 0.3)
        ? { act: 'challenge', data: {} }
        : { act: 'bid', data: random.pick(legal) };
    };

    /** Plays to the end; `mischief`: turns run out and players leave. @returns the seats as they came in */
    function playOut(minds: readonly Mind[], seed: number, options: JsonObject, mischief: boolean): number[] {
      const table = deal(minds.length, { options, seed });
      const random = createRandom([seed, 77, seed << 3, 5]);
      for (let steps = 0; table.room.doc.room.phase === 'playing'; steps++) {
        assert.ok(steps < 2_000, 'a match comes to an end');
        const before = table.state.hands.map(hand => hand.length);
        const { turn, stage } = table.state;
        const fate = mischief ? random.int(1, 60) : 60;
        if (fate === 1) table.act(random.int(0, minds.length - 1), '$leave');
        else if (stage === 'reveal') table.advance(revealMs);
        else if (fate < 4) table.advance(45_000);
        else {
          const { act, data } = minds[turn]!(structuredClone(look(table.state, turn)), turn, random);
          assert.equal(
            table.act(turn, act, data),
            'ok',
            `seed ${seed}: ${JSON.stringify({ act, data, bid: table.state.bid })}`,
          );
        }
        check(table, before, seed);
      }
      assert.deepEqual(table.failures, []);
      assert.deepEqual(table.replayed(), table.room.doc, 'the journal tells the same story');
      const places = table.room.doc.room.result!.ranking.flat();
      assert.deepEqual(
        places.toSorted(),
        minds.map((_, i) => i),
      );
      assert.equal(table.state.hands[places[0]!]!.length > 0, true);
      assert.equal(reports(table).length, 1);
      return places;
    }

    function check({ state, room }: Dealt, before: readonly number[], seed: number): void {
      const now = state.hands.map(hand => hand.length);
      assert.ok(
        now.every((dice, i) => dice <= before[i]!),
        `seed ${seed}: dice never become more`,
      );
      assert.deepEqual(
        state.fallen.toSorted(),
        now.flatMap((dice, i) => (dice === 0 ? [i] : [])),
      );
      assert.ok(now[state.turn]! > 0, `seed ${seed}: the turn is with somebody who has dice`);
      assert.ok(
        !state.bid || state.bid.count <= now.reduce((a, b) => a + b, 0),
        `seed ${seed}: a bid is never on more dice than there are`,
      );
      if (room.doc.room.phase === 'playing')
        for (const seat of [...now.keys(), null])
          look(state, seat).hands.forEach((hand, i) => assert.equal(hand === null, i !== seat));
      if (state.stage === 'reveal')
        assert.equal(
          state.last!.count,
          state.last!.hands.flat().filter(die => matches(die, state.last!.bid.face, state.wild)).length,
        );
    }

    it('of players who do anything that is allowed, who stall and who leave', () => {
      for (let seed = 1; seed <= 80; seed++)
        playOut(Array<Mind>(2 + (seed % 5)).fill(anything), seed, { dice: 1 + (seed % 4), wild: seed % 3 > 0 }, true);
    });
    it('of bots', () => {
      for (let seed = 1; seed <= 10; seed++)
        playOut(Array<Mind>(2 + (seed % 5)).fill(bot), seed, { dice: 2 + (seed % 4), wild: seed % 2 > 0 }, false);
    });
    it('the bot wins most of them against three who do anything', () => {
      const won = Array.from(
        { length: 20 },
        (_, i) =>
          playOut(
            [0, 1, 2, 3].map(seat => (seat === i % 4 ? bot : anything)),
            1_000 + i,
            { dice: 3 },
            false,
          )[0] ===
          i % 4,
      ).filter(Boolean).length;
      assert.ok(won >= 14, `${won} of 20`);
    });
    it('the same seed is the same match', () => {
      const options = { dice: 3 };
      assert.deepEqual(
        playOut([bot, bot, anything], 9, options, true),
        playOut([bot, bot, anything], 9, options, true),
      );
    });
  });

  it('is begun by the host, and can be watched again', () => {
    assert.deepEqual([liarsDice.def.start, liarsDice.def.replay], ['host', true]);
    const table = seatedRoom(liarsDiceGame, 3);
    assert.equal(table.room.doc.room.phase, 'waiting', 'three of six are enough, but somebody has to say so');
    assert.equal(table.act(1, '$start'), 'not-host');
    assert.equal(table.act(0, '$start'), 'ok');
  });

  it('the bot plays on for who is away, until they are back', () => {
    const table = deal(2, { turn: 1, options: { turnSeconds: 0 } });
    const { player, session } = table.room.doc.hidden.seats[1]!;
    table.step({ kind: 'away', player, session });
    table.advance(59_999);
    assert.equal(stateOf(table).bid, null, 'the seat is held');
    table.advance(1);
    table.advance(5_000);
    assert.equal(table.state.bid?.seat, 1);
    assert.equal(table.room.doc.room.seats[1]!.bot, true);
    assert.equal(table.join(player, session), 'ok');
    assert.equal(bid(table, 9, 6), 'ok');
    table.advance(60_000);
    assert.deepEqual([table.state.turn, table.state.stage], [1, 'bidding'], 'they are back, and take their time');
    assert.deepEqual(table.failures, []);
  });
});
