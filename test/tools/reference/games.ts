/** The games that the examples of the API reference and of the documents speak of. */
import { contract, held, pressed, state, view } from 'rejoin/contract';
import { z } from 'zod';

/** A race in turns, to a goal. */
export const race = contract('race', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ at: number[]; turn: number }>(),
  replay: true,
  options: z.object({ goal: z.int().min(1).default(10) }),
  metadata: z.object({ round: z.int(), stage: z.string() }),
  profile: z.object({ colour: z.enum(['coral', 'mint', 'sky']) }),
  actions: { step: z.object({ by: z.int().min(1).max(3) }) },
  events: { lap: z.object({ seat: z.int(), lap: z.int() }) },
  signals: { emote: z.string().max(20) },
  timers: { turn: z.object({ seat: z.int() }) },
  clocks: ['turn'],
  refusals: ['not-your-turn'],
});
export const raceGame = race.rules({
  setup(ctx) {
    ctx.timers.turn.set(20_000, { seat: 0 });
    return { at: ctx.players.map(() => 0), turn: 0 };
  },
  actions: {
    step(s, { by }, ctx) {
      s.at[ctx.seat]! += by;
      if (s.at[ctx.seat]! >= ctx.options.goal) ctx.end({ ranking: [[ctx.seat]] });
    },
  },
  timers: {
    turn: (s, { seat }) => {
      s.turn = seat + 1;
    },
  },
  bot: () => ({ act: 'step', data: { by: 1 } }),
});

/** Each sees the own hand alone. */
export const cards = contract('cards', {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<{ hands: string[][] }>(),
  view: view<{ hand: string[]; left: number[] }>(),
  actions: { play: z.object({ card: z.int().min(0) }) },
  start: 'ready',
});
export const cardsGame = cards.rules({
  setup(ctx) {
    const deck = ctx.random.shuffle(
      ['clubs', 'spades', 'hearts'].flatMap(suit =>
        ['seven', 'eight', 'queen', 'king'].map(rank => `${rank} of ${suit}`),
      ),
    );
    return { hands: ctx.players.map(() => deck.splice(0, 3)) };
  },
  view: (s, { seat }) => ({ hand: seat === null ? [] : s.hands[seat]!, left: s.hands.map(hand => hand.length) }),
  actions: {
    play: (s, { card }, ctx) => {
      s.hands[ctx.seat]!.splice(card, 1);
    },
  },
});

/** Has its results saved. */
export const nim = contract('nim', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ left: number }>(),
  actions: { take: z.object({ count: z.int().min(1).max(3) }) },
  effects: { report: z.object({ winner: z.int(), loser: z.int() }) },
});
export const nimGame = nim.rules({
  setup: () => ({ left: 21 }),
  actions: {
    take: (s, { count }) => {
      s.left -= count;
    },
  },
});

/** Something that flies. */
export interface Ship {
  x: number;
  y: number;
  [more: string]: number;
}
export interface Flight {
  tick: number;
  ships: Ship[];
}
/** A game with a tick. */
export const ships = contract('ships', {
  version: 1,
  seats: { min: 2, max: 8 },
  state: state<Flight>(),
  actions: {},
  tick: { hz: 20 },
  inputs: { steer: held(z.object({ x: z.int(), y: z.int() })), dash: pressed() },
});

/** Has a server action. */
export const clocks = contract('clocks', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ left: number[] }>(),
  actions: {},
  serverActions: { grantTime: z.object({ seat: z.int(), ms: z.int() }) },
});
export const clocksGame = clocks.rules({
  setup: ctx => ({ left: ctx.players.map(() => 60_000) }),
  actions: {},
  serverActions: {
    grantTime: (s, { seat, ms }) => {
      s.left[seat]! += ms;
    },
  },
});
