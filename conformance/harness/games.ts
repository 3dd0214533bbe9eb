import { contract, held, pressed, schema, state, view } from '../../shared/contract.ts';
import type { Json } from '../../shared/json.ts';

/** State of the game that scenarios play: what each action changed can be read from it. */
export interface ConformanceState {
  total: number;
  /** The tag of each accepted `add`, in order: an action that is executed twice is here twice. */
  tags: string[];
  byTag: Record<string, { seat: number; by: number }>;
  /** Keys that are written with one more `#` in a change. */
  odd: Record<string, Json>;
  board: (number | null)[][];
  hands: number[][];
}
/** What one member sees: its own hand, and the size of the others. */
export type ConformanceView = Omit<ConformanceState, 'hands'> & { hands: (number[] | number)[] };

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 40;

/** Two seats, no turns: both players may act at any time. */
export const conformanceContract = contract('conformance', {
  version: 3,
  clientsFrom: 2,
  seats: { min: 2, max: 2 },
  state: state<ConformanceState>(),
  view: view<ConformanceView>(),
  actions: {
    add: schema<{ tag: string; by: number }>(
      data => isText(data?.tag) && Number.isInteger(data.by),
      '{ tag: a text, by: an integer }',
    ),
    /** Inserts, removes and moves parts of the state, so that a change has all forms. */
    shuffle: schema<{ round: number }>(data => Number.isInteger(data?.round), '{ round: an integer }'),
    /** Draws a card that no other member sees. */
    draw: schema<Record<string, never>>(data => typeof data === 'object', '{}'),
    finish: schema<Record<string, never>>(data => typeof data === 'object', '{}'),
  },
  events: { added: schema<{ tag: string }>(() => true) },
  refusals: ['too-much'],
  away: { hold: 600_000, then: 'leave' },
});

export const conformanceGame = conformanceContract.rules({
  setup: ctx => ({
    total: 0,
    tags: [],
    byTag: {},
    odd: { '#': 1, '##': { deep: [1, 2] } },
    board: Array.from({ length: 3 }, () => Array<number | null>(4).fill(null)),
    hands: ctx.players.map(() => []),
  }),
  actions: {
    add(s, { tag, by }, ctx) {
      s.total += by;
      if (by > 9) ctx.refuse('too-much', 'at most 9');
      s.tags.push(tag);
      s.byTag[tag] = { seat: ctx.seat, by };
      ctx.emit('added', { tag });
    },
    shuffle(s, { round }, ctx) {
      s.board[round % 3]![round % 4] = ctx.seat;
      s.board.splice(round % 2, 1);
      s.board.push([round, null, null, round]);
      s.odd = { ...s.odd, [`#${round % 2}`]: { deep: [round], at: ctx.seat } };
      const first = Object.keys(s.byTag)[0];
      if (first !== undefined) {
        const { [first]: moved, ...rest } = s.byTag;
        s.byTag = { ...rest, [first]: moved! };
      }
      if (s.odd['##'] !== undefined) delete s.odd['##'];
      else s.odd['##'] = { deep: [] };
    },
    draw(s, _data, ctx) {
      s.hands[ctx.seat]!.push(ctx.random.int(1_000_000, 1_999_999));
    },
    finish(_s, _data, ctx) {
      ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] });
    },
  },
  view: (s, who) => ({ ...s, hands: s.hands.map((hand, seat) => (seat === who.seat ? hand : hand.length)) }),
});

/** State of the game with a tick: where each seat is, and how often it jumped. */
export interface DriveState {
  at: number[];
  jumps: number[];
}

const drive = {
  version: 1,
  seats: { min: 1, max: 2 },
  start: 'ready',
  state: state<DriveState>(),
  actions: {},
  inputs: { speed: held(schema<number>(value => Number.isInteger(value))), jump: pressed() },
  away: { hold: 600_000, then: 'leave' },
} as const;

/** Inputs: each tick is an entry. */
export const driveContract = contract('conformance-drive', { ...drive, tick: { hz: 20 } });
/** The same with volatile state between entries. */
export const volatileDriveContract = contract('conformance-volatile-drive', {
  ...drive,
  tick: { hz: 20, durable: { everyMs: 400 } },
});

const setup = (ctx: { readonly players: readonly unknown[] }): DriveState => ({
  at: ctx.players.map(() => 0),
  jumps: ctx.players.map(() => 0),
});
function tick(
  s: DriveState,
  ctx: { readonly inputs: readonly { readonly speed: number | null; readonly jump: number }[] },
): void {
  ctx.inputs.forEach(({ speed, jump }, seat) => {
    s.at[seat]! += speed ?? 0;
    s.jumps[seat]! += jump;
  });
}

export const driveGame = driveContract.rules({ setup, actions: {}, tick });
export const volatileDriveGame = volatileDriveContract.rules({ setup, actions: {}, tick });
