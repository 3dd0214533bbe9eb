import { z } from 'zod';
import { contract, state, view, type ContractDef, type Rules } from '../../../shared/contract.ts';

export interface Ledger {
  done: { seat: number; id: string }[];
  fired: number[];
  dice: number[];
}

const ledgerDef = {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Ledger>(),
  actions: {
    add: z.object({ id: z.string() }),
    book: z.object({ id: z.string() }),
    deny: z.object({ id: z.string() }),
    roll: z.object({}),
    arm: z.object({ ms: z.number() }),
    crash: z.object({}),
  },
  events: { added: z.object({ id: z.string() }) },
  effects: { booked: z.object({ id: z.string() }) },
  timers: { turn: z.object({}) },
  clocks: ['turn'],
  refusals: ['denied'],
  away: { hold: 60_000, then: 'forfeit' },
} as const satisfies ContractDef;

/** Writes down what was done, in order: what an action did twice, or not at all, can be read off it. */
export const ledger = contract('ledger', ledgerDef);

const ledgerRules: Rules<typeof ledgerDef> = {
  setup: () => ({ done: [], fired: [], dice: [] }),
  actions: {
    add(s, { id }, ctx) {
      s.done.push({ seat: ctx.seat, id });
      ctx.emit('added', { id });
    },
    book(s, { id }, ctx) {
      s.done.push({ seat: ctx.seat, id });
      ctx.effects.booked({ id });
    },
    deny(s, { id }, ctx) {
      s.done.push({ seat: ctx.seat, id });
      ctx.refuse('denied', id);
    },
    roll: (s, _data, ctx) => {
      s.dice.push(ctx.random.int(1, 1_000_000));
    },
    arm: (_s, { ms }, ctx) => ctx.timers.turn.set(ms, {}),
    crash: () => {
      throw new Error('as told');
    },
  },
  timers: {
    turn: (s, _data, ctx) => {
      s.fired.push(ctx.now);
    },
  },
};
export const ledgerGame = ledger.rules(ledgerRules);

/**
 * The same with a bot in the second of three seats. It writes down so many of its own, c0, c1, …, as the others have
 * together.
 */
export const ledgerWithBot = contract('ledger', {
  ...ledgerDef,
  seats: { min: 2, max: 3 },
} as unknown as typeof ledgerDef).rules({
  ...ledgerRules,
  bot(s, seat) {
    const own = s.done.filter(d => d.seat === seat).length;
    return 2 * own < s.done.length ? { act: own % 2 === 0 ? 'add' : 'book', data: { id: `c${own}` }, after: 60 } : null;
  },
});

export interface Hands {
  hands: string[][];
  table: string[];
  deck: string[];
}
export interface HandsView {
  yours: string[];
  table: string[];
  others: number[];
}

/** Every card is a word that only its holder may ever receive. */
export const hands = contract('hands', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Hands>(),
  view: view<HandsView>(),
  actions: {
    draw: z.object({}),
    show: z.object({ card: z.int() }),
    whisper: z.object({ text: z.string() }),
    spoil: z.object({ how: z.enum(['throw', 'key', 'undefined', 'heal']) }),
  },
  events: { whispered: z.object({ text: z.string() }), drew: z.object({ seat: z.int() }) },
  away: { hold: 60_000, then: 'forfeit' },
});

export const handsGame = hands.rules({
  setup: ctx => ({
    hands: ctx.players.map(() => []),
    table: [],
    deck: ctx.random.shuffle(Array.from({ length: 40 }, (_x, i) => `SECRET${i}x`)),
  }),
  actions: {
    draw(s, _data, ctx) {
      s.hands[ctx.seat]!.push(s.deck.pop()!);
      ctx.emit('drew', { seat: ctx.seat });
    },
    show(s, { card }, ctx) {
      s.table.push(...s.hands[ctx.seat]!.splice(card, 1));
    },
    whisper: (_s, { text }, ctx) => ctx.emit('whispered', { text }, [ctx.seat]),
    spoil: (s, { how }) => {
      s.table = how === 'heal' ? [] : [`spoil:${how}`];
    },
  },
  view(s, { seat }) {
    // A view that fails, for seat 1 alone.
    if (seat === 1 && s.table[0] === 'spoil:throw') throw new Error('the view fails');
    if (seat === 1 && s.table[0] === 'spoil:key') return { hand: new Map() } as never;
    if (seat === 1 && s.table[0] === 'spoil:undefined') return undefined as never;
    return { yours: seat === null ? [] : s.hands[seat]!, table: s.table, others: s.hands.map(h => h.length) };
  },
});
