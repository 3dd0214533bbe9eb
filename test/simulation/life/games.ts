import { z } from 'zod';
import {
  contract,
  held,
  pressed,
  state,
  view,
  type AnyGame,
  type Contract,
  type ContractDef,
  type Rules,
} from '../../../shared/contract.ts';
import { firedOf } from '../games.ts';

/**
 * State of every game here. What was done is appended in order, so that a missing or repeated action can be read from
 * it.
 */
export interface Log {
  version: number;
  migrations: number;
  done: { seat: number; id: string }[];
  armed: Record<string, { id: string; due: number }>;
  fired: { id: string; due: number; at: number }[];
  /** A dictionary whose keys are texts of players. */
  words: Record<string, number>;
  /** An object whose keys are removed and added again. */
  order: Record<string, number>;
  cards: string[];
  deck: number[];
  /** By seat, what only that seat may see. */
  hands: string[][];
  left: number[];
  ticks: number;
  /** A rule ended the match. */
  finished: boolean;
}

export const slots = ['t0', 't1'] as const;
/** A constant of a module that rules put into the state. `resetDeck` undoes what a faulty engine did to it. */
const DECK = [1, 2, 3, 4];
export const resetDeck = (): void => {
  DECK.splice(0, DECK.length, 1, 2, 3, 4);
};
export const isDeckIntact = (): boolean => DECK.join() === '1,2,3,4';
export const secretOf = (seat: number, id: string): string => `§${seat}:${id}§`;
/** A big state: 900 cards of 40 bytes, and 80 kB more where the options say so. */
const cardsOf = (big: boolean): string[] =>
  Array.from({ length: big ? 2_400 : 6 }, (_x, i) => `card ${i} ${'x'.repeat(big ? 24 : 4)}`);

const id = z.object({ id: z.string() });
const fired = z.object({ id: z.string() });
const base = {
  version: 1,
  state: state<Log>(),
  options: z.object({
    goal: z.number().default(1),
    speed: z.number().default(1),
    mods: z.object({ fast: z.boolean(), deep: z.number() }).optional(),
    big: z.boolean().default(false),
    faulty: z.boolean().default(false),
  }),
  profile: z.object({ colour: z.string() }),
  actions: {
    add: id,
    deny: id,
    crash: id,
    finish: id,
    reorder: id,
    drop: id,
    swap: id,
    shift: id,
    take: id,
    touch: id,
    arm: z.object({ id: z.string(), slot: z.enum(slots), ms: z.number() }),
    say: z.object({ id: z.string(), text: z.string() }),
    put: z.object({ id: z.string() }).loose(),
    odd: z.object({ id: z.string(), kind: z.string() }),
  },
  events: { added: z.any(), dealt: z.any() },
  timers: { t0: fired, t1: fired },
  clocks: ['t0'],
  refusals: ['denied', 'armed'],
  signals: { emote: z.string(), cursor: z.object({ x: z.number() }) },
} as const satisfies Omit<ContractDef, 'seats'>;
type Def = typeof base & { seats: { min: number; max: number } };

/** Values that JSON would change silently, by name. */
const oddValues: Record<string, () => unknown> = {
  nan: () => NaN,
  map: () => new Map([[1, 2]]),
  set: () => new Set([1]),
  date: () => new Date(0),
  hole: () => [1, undefined, 2],
  infinity: () => -Infinity,
};
export const oddKinds = Object.keys(oddValues);

export type LogView = Omit<Log, 'hands'> & { yours: string[]; counts: number[] };
/** What a seat may see where hands are hidden. */
export const viewLog = ({ hands, ...shared }: Log, seat: number | null): LogView => ({
  ...shared,
  yours: seat === null ? [] : (hands[seat] ?? []),
  counts: hands.map(h => h.length),
});

function rulesOf(version: number, how: { hides: boolean; leftHook: boolean; ticks: boolean }): Rules<Def> {
  const did = (s: Log, seat: number, one: string) => void s.done.push({ seat, id: one });
  const fire =
    (slot: string) =>
    (s: Log, { id: one }: { id: string }, ctx: { now: number }) => {
      s.fired.push({ id: firedOf(one), due: s.armed[slot]?.due ?? 0, at: ctx.now });
      delete s.armed[slot];
    };
  const rules: Rules<Def> = {
    setup(ctx) {
      if (ctx.options.faulty) throw new Error('a setup that fails');
      return {
        version,
        migrations: 0,
        done: [],
        armed: {},
        fired: [],
        words: {},
        order: { a: 1, b: 2, c: 3 },
        cards: cardsOf(ctx.options.big),
        deck: [],
        hands: ctx.players.map(() => []),
        left: [],
        ticks: 0,
        finished: false,
      };
    },
    actions: {
      add(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        ctx.emit('added', { id: one });
        if (!how.hides) return;
        (s.hands[ctx.seat] ??= []).push(secretOf(ctx.seat, one));
        ctx.emit('dealt', { card: secretOf(ctx.seat, one) }, [ctx.seat]);
      },
      deny(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        ctx.refuse('denied', one);
      },
      crash(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        throw new Error('as asked');
      },
      finish(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        s.finished = true;
        ctx.end({ ranking: [[ctx.seat]] });
      },
      reorder(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        const { a } = s.order;
        delete s.order['a'];
        s.order['a'] = (a ?? 0) + 1;
      },
      drop(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        delete s.order['b'];
      },
      swap(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        const { c = 0, b = 0 } = s.order;
        delete s.order['b'];
        delete s.order['c'];
        Object.assign(s.order, { c, b });
      },
      shift(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        const first = s.cards.shift();
        if (first !== undefined) s.cards.push(first);
      },
      take(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        s.deck = DECK;
      },
      touch(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
        s.deck.push(s.deck.length);
      },
      arm(s, { id: one, slot, ms }, ctx) {
        if (s.armed[slot] !== undefined) ctx.refuse('armed', one);
        did(s, ctx.seat, one);
        s.armed[slot] = { id: one, due: ctx.now + ms };
        ctx.timers[slot].set(ms, { id: one });
      },
      say(s, { id: one, text }, ctx) {
        did(s, ctx.seat, one);
        s.words[text] = (Object.hasOwn(s.words, text) ? s.words[text]! : 0) + 1;
      },
      put(s, { id: one }, ctx) {
        did(s, ctx.seat, one);
      },
      odd(s, { id: one, kind }, ctx) {
        did(s, ctx.seat, one);
        ctx.emit('added', { id: one, value: oddValues[kind]!() });
      },
    },
    timers: { t0: fire('t0'), t1: fire('t1') },
    joined(s, ctx) {
      if (s) s.hands[ctx.seat] = [];
    },
    bot: (s, seat) =>
      (s as Log).done.filter(d => d.seat === seat).length < 2
        ? { act: 'add', data: { id: `~z${seat}~` }, after: 200 }
        : null,
    ...(how.leftHook ? { left: (s: Log, ctx: { seat: number }) => void s.left.push(ctx.seat) } : {}),
    ...(version > 1
      ? { migrate: (s: unknown) => ({ ...(s as Log), version, migrations: (s as Log).migrations + 1 }) }
      : {}),
  };
  return {
    ...rules,
    ...(how.hides ? { view: (s: Log, { seat }: { seat: number | null }) => viewLog(s, seat) } : {}),
    ...(how.ticks ? { tick: (s: Log) => void (s.ticks += 1) } : {}),
  } as unknown as Rules<Def>;
}

export interface LifeGame {
  name: string;
  contract: Contract;
  next: Contract;
  game: AnyGame;
  nextGame: AnyGame;
  def: ContractDef;
  hides: boolean;
  leftHook: boolean;
}

function lifeGame(
  name: string,
  more: Omit<ContractDef, 'version' | 'state' | 'actions'>,
  how: { hides?: boolean; leftHook?: boolean } = {},
): LifeGame {
  const { hides = false, leftHook = false } = how;
  const def = { ...base, ...more, ...(hides ? { view: view<LogView>() } : {}) } as unknown as Def;
  const [first, second] = [
    contract(name, def),
    contract(name, { ...def, version: 2, clientsFrom: 1 } as unknown as Def),
  ];
  const of = (version: number) => rulesOf(version, { hides, leftHook, ticks: more.tick !== undefined });
  return {
    name,
    contract: first as unknown as Contract,
    next: second as unknown as Contract,
    game: first.rules(of(1)),
    nextGame: second.rules(of(2)),
    def: def as unknown as ContractDef,
    hides,
    leftHook,
  };
}

export const lifeGames: readonly LifeGame[] = [
  lifeGame('pair', { seats: { min: 2, max: 2 }, away: { hold: 8_000, then: 'forfeit' }, replay: true }),
  lifeGame(
    'inn',
    { seats: { min: 1, max: 4 }, start: 'ready', late: true, away: { hold: 16_000, then: 'leave' } },
    { leftHook: true },
  ),
  lifeGame('club', {
    seats: { min: 2, max: 5 },
    start: 'host',
    teams: ['red', 'blue'],
    away: { hold: 15_000, then: 'bot' },
  }),
  lifeGame(
    'hands',
    { seats: { min: 2, max: 3 }, away: { hold: 30_000, then: 'forfeit' } },
    { hides: true, leftHook: true },
  ),
  lifeGame(
    'arena',
    {
      seats: { min: 1, max: 3 },
      start: 'ready',
      late: true,
      tick: { hz: 2 },
      inputs: { steer: held(z.object({ x: z.number() })), dash: pressed() },
      away: { hold: 5_000, then: 'leave' },
    },
    { leftHook: true },
  ),
  lifeGame('letters', { seats: { min: 2, max: 2 }, late: true, away: { hold: 40 * 3_600_000, then: 'forfeit' } }),
];
