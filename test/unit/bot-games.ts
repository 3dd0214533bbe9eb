import { z } from 'zod';
import {
  contract,
  held,
  pressed,
  state,
  view,
  type BotMove,
  type ContractDef,
  type SeatInputs,
} from '../../shared/contract.ts';
import type { Random } from '../../shared/random.ts';

export interface TurnState {
  turn: number;
  moves: number[];
  joined: number[];
  log: string[];
  secret: string;
}

const parlourDef = {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<TurnState>(),
  actions: {
    play: z.object({ n: z.int() }),
    save: z.object({ what: z.string(), then: z.enum(['ok', 'refuse', 'throw']).default('ok') }),
    finish: z.object({}),
  },
  signals: { emote: z.enum(['hi', 'gg']), point: z.object({ x: z.number() }) },
  effects: { save: z.object({ what: z.string() }) },
  refusals: ['not-your-turn', 'no'],
  away: { hold: 2_000, then: 'bot' },
  start: 'host',
} as const satisfies ContractDef;
type ParlourDef = typeof parlourDef;
type ParlourBot = (view: TurnState, seat: number, random: Random) => BotMove<ParlourDef> | null;

/** Plays when it is its turn. */
export const turnBot: ParlourBot = (s, seat) =>
  s.turn === seat ? { act: 'play', data: { n: s.moves.length }, after: 600 } : null;

export const turns = contract('parlour', parlourDef);

/** Turn by turn, and each move says the how-manieth it is: one that is made twice, or out of turn, is refused. */
export function turnsGame(
  bot: ParlourBot | null = turnBot,
  more: Partial<Pick<ContractDef, 'start' | 'away' | 'seats' | 'late' | 'teams'>> = {},
  joins: (state: TurnState | null, seat: number) => unknown = () => {},
) {
  return contract('parlour', { ...parlourDef, ...more } as ParlourDef).rules({
    setup: ctx => ({ turn: 0, moves: [], joined: [], log: [`match ${ctx.match}`], secret: 'none' }),
    actions: {
      play(s, { n }, ctx) {
        if (s.turn !== ctx.seat || n !== s.moves.length) ctx.refuse('not-your-turn');
        s.moves.push(ctx.seat);
        do s.turn = (s.turn + 1) % ctx.players.length;
        while (ctx.players[s.turn]!.out);
      },
      save(s, { what, then }, ctx) {
        s.log.push(what);
        ctx.effects.save({ what });
        if (then === 'refuse') ctx.refuse('no');
        if (then === 'throw') throw new Error('as told');
      },
      finish(_s, _data, ctx) {
        ctx.effects.save({ what: `match ${ctx.match}` });
        ctx.end({ ranking: [ctx.players.map((_p, i) => i)] });
      },
    },
    joined: (s, ctx) => {
      s?.joined.push(ctx.seat);
      return joins(s, ctx.seat) as never;
    },
    left: (s, ctx) => {
      s.log.push(`left ${ctx.seat}`);
    },
    ...(bot ? { bot } : {}),
  });
}

export interface StickState {
  ticks: number;
  fired: number[];
  steer: ({ x: number } | null)[];
  kept: { x: number }[];
}

const stickDef = {
  version: 1,
  seats: { min: 1, max: 4 },
  state: state<StickState>(),
  actions: { stop: z.object({}) },
  inputs: { steer: held(z.object({ x: z.int().min(-9).max(9) })), fire: pressed() },
  tick: { hz: 20 },
  start: 'host',
  late: true,
  away: { hold: 60_000, then: 'leave' },
} as const satisfies ContractDef;
type StickDef = typeof stickDef;
export const stick = contract('stick', stickDef);

/** Shows what its ticks were told. */
export function stickGame(
  bot: ((view: StickState, seat: number) => BotMove<StickDef> | null) | null = () => ({
    hold: { steer: { x: -1 } },
    press: ['fire'],
  }),
  spoil: { tick?: boolean } = {},
) {
  return stick.rules({
    setup: ctx => ({ ticks: 0, fired: ctx.players.map(() => 0), steer: ctx.players.map(() => null), kept: [] }),
    actions: { stop: (_s, _data, ctx) => ctx.end({ ranking: [ctx.players.map((_p, i) => i)] }) },
    tick(s, ctx) {
      if (spoil.tick) throw new Error('the tick fails');
      s.ticks += 1;
      ctx.inputs.forEach((input: SeatInputs<StickDef>, seat) => {
        s.fired[seat] = (s.fired[seat] ?? 0) + input.fire;
        s.steer[seat] = input.steer;
        if (input.steer) input.steer.x = Math.trunc(input.steer.x); // it is the rule's own
      });
    },
    ...(bot ? { bot } : {}),
  });
}

export interface HiddenCardState {
  hand: string;
  round: number;
}
export const hiddenCards = contract('cards', {
  version: 1,
  seats: { min: 1, max: 2 },
  state: state<HiddenCardState>(),
  view: view<{ hand: string | null; round: number }>(),
  actions: { next: z.object({}), end: z.object({}) },
  start: 'host',
});
/** What it hides it shows when the match is over. */
export const hiddenCardsGame = hiddenCards.rules({
  setup: () => ({ hand: 'HIDDEN', round: 0 }),
  actions: {
    next: s => {
      s.round += 1;
    },
    end: (_s, _data, ctx) => ctx.end({ ranking: [[0]] }),
  },
  view: (s, { seat, ended }) => ({ hand: ended || seat === 0 ? s.hand : null, round: s.round }),
});
