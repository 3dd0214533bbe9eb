import { z } from 'zod';
import { contract, state, view, type AnyGame, type ContractDef, type Rules } from '../../shared/contract.ts';

/** What is done is written down, in order: what an action did twice, or not at all, can be read off it. */
export interface Diary {
  /** Version of the rules that wrote it, and how often it was migrated. */
  version: number;
  moved: number;
  done: { seat: number; id: string }[];
  /** Timers that wait, by slot, and those that fired: when they were due, and when they did. */
  armed: Record<string, string>;
  fired: { id: string; due: number; at: number }[];
  /** By seat, what only that seat may see. */
  hands: string[][];
}

export const slots = ['t0', 't1', 't2'] as const;

/** What is done, for an action `id`: ids and what follows from them can be found in any text. */
export const markOf = (id: string): string => `~${id}~`;
export const marks = /~[a-z]+\d+~/g;
/** What only one seat may see, and what nobody may. */
/** The mark of a timer that fired, by that of the action that set it. */
export const firedOf = (mark: string): string => `~f${mark.slice(1)}`;
export const secretOf = (seat: number | 'nobody', id: string): string => `§${seat}:${id}§`;
export const secrets = /§(\w+):[^§]*§/g;

const id = z.object({ id: z.string() });
const diaryDef = {
  version: 1,
  seats: { min: 2, max: 3 },
  state: state<Diary>(),
  actions: {
    add: id,
    book: id,
    deny: id,
    draw: id,
    arm: z.object({ id: z.string(), slot: z.enum(slots), ms: z.number() }),
    crash: id,
  },
  events: { added: id, drawn: z.object({ card: z.string() }) },
  effects: { booked: id },
  timers: {
    t0: z.object({ id: z.string(), hush: z.string() }),
    t1: z.object({ id: z.string(), hush: z.string() }),
    t2: z.object({ id: z.string(), hush: z.string() }),
  },
  clocks: ['t0'],
  refusals: ['denied', 'armed'],
  away: { hold: 120_000, then: 'forfeit' },
} as const satisfies ContractDef;
type DiaryDef = typeof diaryDef;

/** What players of a diary see of it where hands are hidden. */
export type DiaryView = Omit<Diary, 'hands'> & { yours: string[]; counts: number[] };

/** Rules of version 1 or 2, which differ in nothing but in what they write into the state. */
function rulesOf(version: number, hides: boolean): Rules<DiaryDef> {
  const fire =
    (slot: string) =>
    (s: Diary, { id: armed }: { id: string }, ctx: { now: number }) => {
      s.fired.push({ id: firedOf(armed), due: Number(s.armed[slot]?.split('@')[1] ?? 0), at: ctx.now });
      delete s.armed[slot];
    };
  const rules: Rules<DiaryDef> = {
    setup: ctx => ({ version, moved: 0, done: [], armed: {}, fired: [], hands: ctx.players.map(() => []) }),
    actions: {
      add(s, { id: one }, ctx) {
        s.done.push({ seat: ctx.seat, id: one });
        ctx.emit('added', { id: one });
      },
      book(s, { id: one }, ctx) {
        s.done.push({ seat: ctx.seat, id: one });
        ctx.effects.booked({ id: one });
      },
      deny(s, { id: one }, ctx) {
        s.done.push({ seat: ctx.seat, id: one });
        ctx.refuse('denied', one);
      },
      draw(s, { id: one }, ctx) {
        s.done.push({ seat: ctx.seat, id: one });
        if (!hides) return;
        s.hands[ctx.seat]!.push(secretOf(ctx.seat, one));
        ctx.emit('drawn', { card: secretOf(ctx.seat, one) }, [ctx.seat]);
      },
      arm(s, { id: one, slot, ms }, ctx) {
        if (s.armed[slot] !== undefined) ctx.refuse('armed', one);
        s.done.push({ seat: ctx.seat, id: one });
        s.armed[slot] = `${one}@${ctx.now + ms}`;
        ctx.timers[slot].set(ms, { id: one, hush: secretOf('nobody', one) });
      },
      crash(s, { id: one }, ctx) {
        s.done.push({ seat: ctx.seat, id: one });
        throw new Error('as told');
      },
    },
    timers: { t0: fire('t0'), t1: fire('t1'), t2: fire('t2') },
    /** Does so many of its own as the others have together: what it left out, or did twice, can be read off. */
    bot(s, seat) {
      const own = s.done.filter(d => d.seat === seat).length;
      return 2 * own < s.done.length && own < 8
        ? { act: own % 3 === 1 ? 'book' : 'add', data: { id: markOf(`z${own}`) }, after: 60 }
        : null;
    },
  };
  return {
    ...rules,
    ...(hides ? { view: (s: Diary, { seat }: { seat: number | null }) => viewDiary(s, seat) } : {}),
    ...(version > 1 ? { migrate: (s: unknown) => ({ ...(s as Diary), version, moved: (s as Diary).moved + 1 }) } : {}),
  } as unknown as Rules<DiaryDef>;
}

/** What a seat may see. */
export const viewDiary = ({ hands, ...shared }: Diary, seat: number | null): DiaryView => ({
  ...shared,
  yours: seat === null ? [] : (hands[seat] ?? []),
  counts: hands.map(h => h.length),
});

export const diary = contract('diary', diaryDef);
export const diaryGame: AnyGame = diary.rules(rulesOf(1, false));
/** The next version of the same game. */
export const diaryNext: AnyGame = contract('diary', {
  ...diaryDef,
  version: 2,
  clientsFrom: 1,
} as unknown as DiaryDef).rules(rulesOf(2, false));

const hiddenDef = { ...diaryDef, view: view<DiaryView>() } as unknown as DiaryDef;
export const secret = contract('secret', hiddenDef);
export const secretGame: AnyGame = secret.rules(rulesOf(1, true));
