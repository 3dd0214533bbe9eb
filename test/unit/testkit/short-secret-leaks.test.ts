import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';
import { LeakError, table } from '../../../testkit/index.ts';

interface Hands {
  hands: number[][];
  deck: number[];
  kept: number[];
  asked: number;
}
const fish = contract('fish', {
  version: 1,
  seats: { min: 2, max: 3 },
  state: state<Hands>(),
  view: view<{ hand: number[]; counts: number[]; asked: number }>(),
  refusals: ['no', 'has-it', 'has-not'],
  actions: {
    draw: z.object({}),
    ask: z.object({ seat: z.int(), card: z.int() }),
    pass: z.object({}),
    shout: z.object({}),
    lay: z.object({ at: z.int() }),
  },
  events: {
    drew: z.object({ seat: z.int(), card: z.int().optional() }),
    shouted: z.object({ about: z.object({ seat: z.int(), cards: z.array(z.int()) }) }),
    laid: z.object({ card: z.int() }),
  },
  timers: { tell: z.object({}) },
  start: 'ready',
});
type Fault = 'event' | 'detail' | 'code' | 'log' | 'later' | 'timer' | 'length' | 'view' | 'field';
const fishGame = (fault: Fault | null) =>
  fish.rules({
    setup: ctx => {
      const deck = ctx.random.shuffle(Array.from({ length: 30 }, (_x, i) => 1 + (i % 9)));
      return { hands: ctx.players.map(() => deck.splice(0, 3)), deck, kept: [], asked: 0 };
    },
    actions: {
      draw(s, _data, ctx) {
        const card = s.deck.pop()!;
        s.hands[ctx.seat]!.push(card);
        s.kept.push(card);
        ctx.emit('drew', { seat: ctx.seat, ...(fault === 'event' ? { card } : {}) });
        if (fault === 'timer' || fault === 'length') ctx.timers.tell.set(500 + (fault === 'length' ? card : 0), {});
      },
      ask(s, { seat, card }, ctx) {
        s.asked += 1;
        if (fault === 'detail') ctx.refuse('no', `seat ${seat} has ${s.hands[seat]!.join(' ')}`);
        if (fault === 'code') ctx.refuse(s.hands[seat]![0] === card ? 'has-it' : 'has-not');
      },
      pass(s, _data, ctx) {
        if (fault === 'log') throw new Error(`seat ${1 - ctx.seat} has ${s.hands[1 - ctx.seat]![0]}`);
      },
      shout(s, _data, ctx) {
        if (fault === 'later') ctx.emit('shouted', { about: { seat: 0, cards: s.hands[0]!.map(n => n % 2) } });
      },
      lay(s, { at }, ctx) {
        ctx.emit('laid', { card: s.hands[ctx.seat]!.splice(at, 1)[0]! });
      },
    },
    timers: {
      tell(s, _data, ctx) {
        if (fault === 'timer') ctx.emit('shouted', { about: { seat: 1, cards: s.hands[1]!.slice(0, 1) } });
      },
    },
    view: (s, { seat }) => ({
      hand: seat === null ? [] : (s.hands[seat] ?? []),
      counts: s.hands.map(h => h.length),
      asked: s.asked + (fault === 'view' && seat === null ? s.hands[0]![0]! : 0),
    }),
    left: () => {},
  });

async function played(fault: Fault | null, seed = 4) {
  const t = await table(fishGame(fault), { players: 2, seed, failures: 'collect' });
  const [ann, bob] = t.seats as [(typeof t.seats)[0], (typeof t.seats)[0]];
  // The first card of Bob's hand: any other card there changes the answer, whatever was dealt.
  const card = bob.state.hand[0]!;
  for (let round = 0; round < 3; round++) {
    for (const seat of t.seats) await seat.act.draw();
    await ann.act.ask({ seat: 1, card });
    await bob.act.pass();
    await bob.act.shout();
    await ann.act.lay({ at: 1 });
    if (round === 1) await t.killOwner();
    await t.advance(1_500);
  }
  return t;
}
const secret = (s: Hands, seat: number) => s.hands[seat];

describe('short secrets', () => {
  it('[V1] of a game that gives nothing away pass: cards of one digit, drawn, asked for, laid down, over a failover', async () => {
    const t = await played(null);
    t.neverLeaks(secret);
    t.neverLeaks((s, seat) => s.hands[seat]?.[0] ?? null);
  });

  const found: [fault: Fault, says: RegExp][] = [
    [
      'event',
      /state\.hands\.\d\.\d\) shows in the event 'drew', field card, entry \d+, as (spectators|Ann|Bob) received it/,
    ],
    ['detail', /state\.hands\.1\.\d\) shows in the answer to an action, field 1, entry \d+, as Ann received it/],
    ['code', /shows in the answer to an action, field 0, entry \d+, as Ann received it/],
    ['log', /shows in a log line, field 0, entry \d+, as the operator received it/],
    ['later', /state\.hands\.0\.\d\) shows in the event 'shouted', field about\.cards\.\d, entry \d+/],
    ['timer', /state\.hands\.1\.0\) shows in the event 'shouted', field about\.cards\.0, entry \d+/],
    ['length', /state\.hands\.\d\.\d\) shows in the time of a timer, field tell, entry \d+, as everybody received it/],
    ['view', /shows in the view of spectators, field asked, entry \d+/],
  ];
  for (const [fault, says] of found) {
    it(`[V1] [R16] a game that gives one away (${fault}) is found out; the finding names the field, the entry and who received it`, async () => {
      for (const seed of [4, 7, 8, 11]) {
        const t = await played(fault, seed);
        assert.throws(
          () => t.neverLeaks(secret),
          (error: unknown) =>
            (error instanceof LeakError && says.test(error.message)) || assert.fail(`seed ${seed}: ${String(error)}`),
          `seed ${seed}`,
        );
      }
    });
  }

  it('[R16] an action that may reveal something is named, and the others are looked at all the same', async () => {
    const t = await played('code');
    t.neverLeaks(secret, { reveals: ['ask'] });
    const both = await played('event');
    assert.throws(() => both.neverLeaks(secret, { reveals: ['ask'] }), LeakError);
  });
});

interface Picks {
  picks: (number | null)[];
  points: number[];
  hints: number[];
}
const quiz = contract('quiz', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Picks>(),
  view: view<{ mine: number | null; has: boolean[]; points: number[]; hints: number[] }>(),
  actions: { pick: z.object({ choice: z.int().min(0).max(3) }) },
  events: { picked: z.object({ seat: z.int(), choice: z.int().optional() }) },
});
const quizGame = (fault: 'field' | 'event' | 'score' | null) =>
  quiz.rules({
    setup: () => ({ picks: [null, null], points: [0, 0], hints: [] }),
    actions: {
      pick(s, { choice }, ctx) {
        s.picks[ctx.seat] = choice;
        if (fault === 'field') s.hints.push(choice);
        if (fault === 'score' && choice === 2) s.points[ctx.seat]! += 1;
        ctx.emit('picked', { seat: ctx.seat, ...(fault === 'event' ? { choice } : {}) });
      },
    },
    view: (s, { seat }) => ({
      mine: seat === null ? null : (s.picks[seat] ?? null),
      has: s.picks.map(pick => pick !== null),
      points: s.points,
      hints: s.hints,
    }),
  });

describe('a secret that its player chooses', () => {
  for (const [fault, says] of [
    [null, null],
    ['field', /state\.picks\.\d\) shows in the view, field hints\.\d, entry \d+/],
    ['event', /state\.picks\.\d\) shows in the event 'picked', field choice, entry \d+/],
    ['score', /state\.picks\.\d\) shows in the view, field points\.\d, entry \d+/],
  ] as const)
    it(`[V1] ${fault === null ? 'passes' : `is found in what the same action shows others (${fault})`}`, async () => {
      const t = await table(quizGame(fault), { players: 2 });
      const [ann, bob] = t.seats as [(typeof t.seats)[0], (typeof t.seats)[0]];
      await ann.act.pick({ choice: 2 });
      await bob.act.pick({ choice: 1 });
      const check = () => t.neverLeaks((s, seat) => s.picks[seat] ?? null);
      if (says === null) check();
      else
        assert.throws(
          check,
          (error: unknown) => (error instanceof LeakError && says.test(error.message)) || assert.fail(String(error)),
        );
    });
});
