import * as v from 'valibot';
import { contract, state, type ContractDef, type LeftCtx } from '../../shared/contract.ts';

export interface FaultyState {
  cards: number[];
  log: string[];
  deep: { list: { n: number }[] };
  draws: number[];
  ticks: number;
}

/** A game made to be ill-treated. Its schemas are valibot's: the engine knows the Standard Schema alone. */
const def = {
  version: 2,
  seats: { min: 2, max: 4 },
  state: state<FaultyState>(),
  actions: {
    play: v.object({ card: v.pipe(v.number(), v.integer()) }),
    /** Changes a lot, and then refuses. */
    cheat: v.object({
      then: v.picklist([
        'refuse',
        'throw',
        'nan',
        'undefined',
        'share',
        'promise',
        'later',
        'freeze',
        'cycle',
        'unknown-code',
        'bad-event',
        'bad-timer',
      ]),
    }),
    draw: v.object({}),
    end: v.object({ ranking: v.array(v.array(v.number())) }),
    arm: v.object({ timer: v.picklist(['good', 'bad', 'late']), ms: v.number() }),
    disarm: v.object({ timer: v.picklist(['good', 'bad', 'late']) }),
    grow: v.object({ bytes: v.number() }),
    zero: v.object({}),
  },
  events: { played: v.object({ card: v.number() }), said: v.object({ text: v.string() }) },
  timers: { good: v.object({ n: v.number() }), bad: v.object({ n: v.number() }), late: v.object({ n: v.number() }) },
  clocks: ['good'],
  refusals: ['not-yours', 'dealt'],
  away: { hold: 10_000, then: 'leave' },
  tick: { hz: 20 },
} as const satisfies ContractDef;

type PartyDef = typeof def;
/** What a test wants to happen in the game's hooks. */
export interface FailingHooks {
  tick?: boolean;
  setup?: boolean;
  joined?: boolean;
  left?: boolean;
  away?: boolean;
  back?: boolean;
  ends?: boolean;
  /** The rules have no `left`. */
  noLeft?: boolean;
  resolveLater?: (run: () => void) => void;
}

export function faultyGame(
  spoil: FailingHooks = {},
  more: Partial<Pick<ContractDef, 'start' | 'away' | 'seats'>> = {},
) {
  const party = contract('party', { ...def, ...more } as PartyDef);
  const maybe = (name: keyof FailingHooks) => {
    if (spoil[name]) throw new Error(`${name} fails`);
  };
  return party.rules({
    setup: ctx => {
      maybe('setup');
      return {
        cards: ctx.random.shuffle([1, 2, 3, 4, 5, 6, 7, 8]),
        log: [`match ${ctx.match}`],
        deep: { list: [{ n: 1 }] },
        draws: [],
        ticks: 0,
      };
    },
    actions: {
      play(s, { card }, ctx) {
        const at = s.cards.indexOf(card);
        s.cards.splice(at, at < 0 ? 0 : 1);
        if (at < 0) ctx.refuse('dealt', `no card ${card}`);
        s.log.push(`${ctx.seat} plays ${card}`);
        ctx.emit('played', { card });
      },
      cheat(s, { then }, ctx) {
        s.cards.length = 0;
        s.deep.list.push({ n: 99 });
        s.log = ['spoiled'];
        ctx.emit('said', { text: 'spoiled' });
        ctx.timers.good.set(5, { n: 99 });
        ctx.random.next();
        const any = s as unknown as Record<string, unknown>;
        switch (then) {
          case 'refuse':
            return ctx.refuse('not-yours', 'hands off');
          case 'throw':
            throw new Error('cheated');
          case 'nan':
            any.deep = { list: [{ n: NaN }] };
            return;
          case 'undefined':
            any.more = undefined;
            return;
          case 'share':
            any.other = s.deep;
            return;
          case 'cycle':
            any.self = s;
            return;
          case 'freeze':
            Object.freeze(s.deep);
            Object.freeze(s);
            throw new Error('frozen');
          case 'promise':
            return (async () => {
              throw new Error('nobody waits');
            })() as never;
          case 'later':
            return new Promise<void>(resolve =>
              spoil.resolveLater?.(() => {
                s.log.push('too late');
                s.deep.list.length = 0;
                resolve();
              }),
            ) as never;
          case 'unknown-code':
            return ctx.refuse('never-heard' as never);
          case 'bad-event':
            return ctx.emit('said', { text: 5 } as never);
          case 'bad-timer':
            return ctx.timers.good.set(-1, { n: 1 });
        }
      },
      draw: (s, _data, ctx) => {
        s.draws.push(ctx.random.int(1, 1_000_000));
      },
      end: (_s, { ranking }, ctx) => ctx.end({ ranking }),
      arm: (_s, { timer, ms }, ctx) => ctx.timers[timer].set(ms, { n: ms }),
      disarm: (_s, { timer }, ctx) => ctx.timers[timer].clear(),
      grow: (s, { bytes }) => {
        s.log.push('x'.repeat(bytes));
      },
      zero: s => {
        s.draws.push(-0);
      },
    },
    timers: {
      good: (s, { n }, ctx) => {
        s.log.push(`good ${n} at ${ctx.now}`);
      },
      bad: s => {
        s.log.push('bad');
        throw new Error('the timer fails');
      },
      late: (s, { n }, ctx) => {
        s.log.push(`late ${n}`);
        ctx.timers.good.clear();
      },
    },
    tick(s) {
      s.ticks += 1;
      maybe('tick');
    },
    joined: (s, ctx) => {
      maybe('joined');
      s?.log.push(`joined ${ctx.seat}`);
    },
    away: (s, ctx) => {
      s.log.push(`away ${ctx.seat}`);
      maybe('away');
    },
    back: (s, ctx) => {
      s.log.push(`back ${ctx.seat}`);
      maybe('back');
    },
    ...(spoil.noLeft
      ? {}
      : {
          left: (s: FaultyState, ctx: LeftCtx<PartyDef>) => {
            s.log.push(`left ${ctx.seat}`);
            maybe('left');
            if (spoil.ends) ctx.end({ ranking: [[0]] });
          },
        }),
    migrate: (s, from) => ({ ...(s as FaultyState), log: [...(s as FaultyState).log, `from ${from}`] }),
  });
}
