import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state, view } from '../../../shared/contract.ts';
import type { Random } from '../../../shared/random.ts';
import { LeakError, table } from '../../../testkit/index.ts';

interface Deal {
  hands: number[][];
  deck: number[];
  dealer: number;
}
const deal = contract('deal', {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<Deal>(),
  view: view<{ hand: number[]; counts: number[]; dealer: number }>(),
  actions: { again: z.object({}), pass: z.object({}) },
  clocks: ['turn'],
  timers: { turn: z.object({}), tell: z.object({}) },
  start: 'ready',
  events: {
    dealt: z.object({
      dealer: z.int(),
      coin: z.int(),
      odd: z.int(),
      note: z.string(),
      hash: z.int(),
      own: z.array(z.int()),
    }),
  },
});
interface Given {
  hands: number[][];
  deck: number[];
  random: Random;
  coin: number;
  dealer: number;
  isAgain: boolean;
  emit(data: object, to?: number[]): void;
  turn(ms: number): void;
  tell(ms: number): void;
}

/** `leak` runs where the cards are dealt, by `setup` and by the action `again`. */
function dealGame(leak: (given: Given) => void, cards: 'shuffled' | 'dice' | 'one-by-one' = 'shuffled') {
  const draw = (ctx: { random: Random; players: readonly unknown[] }): { hands: number[][]; deck: number[] } => {
    const { random, players } = ctx;
    if (cards === 'dice') return { hands: players.map(() => random.dice(3)), deck: [] };
    const all = Array.from({ length: 24 }, (_x, i) => 1 + (i % 8));
    const deck = cards === 'shuffled' ? random.shuffle(all) : all;
    return {
      hands: players.map(() =>
        cards === 'shuffled'
          ? deck.splice(0, 3)
          : Array.from({ length: 3 }, () => deck.splice(random.int(0, deck.length - 1), 1)[0]!),
      ),
      deck,
    };
  };
  const blank = { odd: 0, note: '', hash: 0, own: [] };
  return deal.rules({
    setup: ctx => {
      const drawn = draw(ctx);
      const [dealer, coin] = [ctx.random.int(0, 1), ctx.random.int(1, 6)];
      leak({
        ...drawn,
        isAgain: false,
        dealer,
        coin,
        random: ctx.random,
        emit: (data, to) => ctx.emit('dealt', { ...blank, dealer, coin, ...data }, to),
        turn: ms => ctx.timers.turn.set(ms, {}),
        tell: ms => ctx.timers.tell.set(ms, {}),
      });
      return { ...drawn, dealer };
    },
    actions: {
      again(s, _data, ctx) {
        Object.assign(s, draw(ctx));
        const coin = ctx.random.int(1, 6);
        leak({
          ...s,
          isAgain: true,
          coin,
          random: ctx.random,
          emit: (data, to) => ctx.emit('dealt', { ...blank, dealer: s.dealer, coin, ...data }, to),
          turn: ms => ctx.timers.turn.set(ms, {}),
          tell: ms => ctx.timers.tell.set(ms, {}),
        });
      },
      pass() {},
    },
    timers: { turn() {}, tell() {} },
    view: (s, { seat }) => ({
      hand: seat === null ? [] : (s.hands[seat] ?? []),
      counts: s.hands.map(h => h.length),
      dealer: s.dealer,
    }),
  });
}
const secret = (s: Deal, seat: number) => s.hands[seat];
const sum = (cards: readonly number[]) => cards.reduce((a, b) => a + b, 0);

describe('dealt secrets', () => {
  const found: [how: string, leak: (given: Given) => void, says: RegExp][] = [
    [
      'a card in an event',
      g => g.emit({ odd: g.hands[1]![0]! }),
      /seat 1 alone may know \(state\.hands\.1\.0\) shows in the event 'dealt', field odd, entry \d+, as (Ann|spectators) received it/,
    ],
    [
      'whether a card is odd',
      g => g.emit({ odd: g.hands[0]![2]! % 2 }),
      /state\.hands\.0\.2\) shows in the event 'dealt', field odd, entry \d+, as (Bob|spectators) received it/,
    ],
    [
      'the sum of a hand',
      g => g.emit({ odd: sum(g.hands[1]!) }),
      /state\.hands\.1\.\d\) shows in the event 'dealt', field odd, entry \d+/,
    ],
    [
      'a word of a text beside a random one',
      g => g.emit({ note: `${g.coin}: ${g.hands[1]![1]} of 8` }),
      /state\.hands\.1\.1\) shows in the event 'dealt', field note, entry \d+/,
    ],
    [
      'a card for one other seat',
      g => g.emit({ own: [g.hands[1]![1]!] }, [0]),
      /state\.hands\.1\.1\) shows in the event 'dealt', field own\.0, entry \d+, as Ann received it/,
    ],
    [
      'an event that is sent or not',
      g => {
        if (g.hands[1]![0]! > 4) g.emit({});
      },
      /state\.hands\.1\.0\) shows in the event 'dealt', entry \d+/,
    ],
    [
      'the deadline of a clock',
      g => g.turn(10_000 + 100 * g.hands[0]![0]!),
      /state\.hands\.0\.0\) shows in the public room, field clocks\.turn, entry \d+, as everybody received it/,
    ],
    [
      'the time of a timer that is not shown',
      g => g.tell(500_000 + 1_000 * Math.max(...g.hands[1]!)),
      /state\.hands\.1\.\d\) shows in the time of a timer, field tell, entry \d+, as everybody received it/,
    ],
  ];
  for (const [how, leak, says] of found) {
    it(`[R16] a setup that gives a short one away is found out: ${how}`, async () => {
      for (const cards of ['shuffled', 'dice', 'one-by-one'] as const) {
        const t = await table(dealGame(leak, cards), { players: 2, seed: 4 });
        assert.throws(
          () => t.neverLeaks(secret),
          (error: unknown) =>
            (error instanceof LeakError && says.test(error.message)) || assert.fail(`${cards}: ${String(error)}`),
          cards,
        );
      }
    });
  }

  it('[R16] so is an action that deals again, unless it is named as one that reveals', async () => {
    const t = await table(
      dealGame(g => {
        if (g.isAgain) g.emit({ odd: g.hands[1]![0]! % 3 });
      }, 'dice'),
      { players: 2, seed: 5 },
    );
    t.neverLeaks(secret);
    await t.seats[0]!.act.again();
    assert.throws(() => t.neverLeaks(secret), /state\.hands\.1\.0\) shows in the event 'dealt', field odd, entry \d+/);
    t.neverLeaks(secret, { reveals: ['again'] });
  });

  const right: [how: string, leak: (given: Given) => void][] = [
    [
      'random numbers of their own',
      g => g.emit({ odd: g.random.int(1, 8), note: `${g.random.pick(['sun', 'rain'])}` }),
    ],
    [
      'what all may see',
      g => {
        g.emit({ dealer: g.dealer });
        g.turn(1_000 * (1 + g.dealer));
      },
    ],
    [
      'own cards, and what comes of them',
      g => g.hands.forEach((hand, seat) => g.emit({ own: hand, odd: sum(hand) % 2 }, [seat])),
    ],
    [
      'a card of the deck that is laid open, and a text of it',
      g => {
        if (g.deck.length > 0) {
          const card = g.random.pick(g.deck);
          g.emit({ odd: card % 2, note: `card ${card}` });
        }
      },
    ],
    [
      'a commitment',
      g =>
        g.emit({
          hash: [...g.hands.flat(), ...g.deck, g.random.int(0, 1e9)].reduce((h, n) => (Math.imul(h, 31) + n) | 0, 7),
        }),
    ],
    [
      'times of their own',
      g => {
        g.turn(g.random.int(1_000, 9_000));
        g.tell(500_000);
      },
    ],
  ];
  for (const [how, leak] of right) {
    it(`[R16] a setup that gives nothing away passes: ${how}`, async () => {
      for (const cards of ['shuffled', 'dice', 'one-by-one'] as const) {
        for (const players of [2, 4]) {
          const t = await table(dealGame(leak, cards), { players, seed: 1 });
          await t.seats[0]!.act.again();
          t.neverLeaks(secret);
        }
      }
    });
  }

  for (const [how, isFirst, isShuffled, cards] of [
    ['the last of a deck that is dealt to the end', true, true, 7],
    ['drawn before the hands, one by one', true, false, 12],
    ['drawn after them', false, false, 9],
  ] as const) {
    it(`[R16] a card in an event, which no view shows, is no leak: ${how}`, async () => {
      const open = contract('open', {
        version: 1,
        seats: { min: 2, max: 2 },
        state: state<{ hands: string[][] }>(),
        view: view<{ hand: string[] }>(),
        actions: { pass: z.object({}) },
        events: { open: z.string() },
      });
      const t = await table(
        open.rules({
          setup: ctx => {
            const sorted = Array.from({ length: cards }, (_x, i) => String.fromCharCode(65 + i));
            const deck = isShuffled ? ctx.random.shuffle(sorted) : sorted;
            const draw = () => (isShuffled ? deck.pop()! : deck.splice(ctx.random.int(0, deck.length - 1), 1)[0]!);
            if (isFirst) ctx.emit('open', draw());
            const hands = [0, 1].map(() => [draw(), draw(), draw()]);
            if (!isFirst) ctx.emit('open', draw());
            return { hands };
          },
          actions: { pass() {} },
          view: (s, { seat }) => ({ hand: seat === null ? [] : s.hands[seat]! }),
        }),
        { players: 2 },
      );
      t.neverLeaks((s, seat) => s.hands[seat]);
    });
  }
});
