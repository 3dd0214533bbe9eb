import { z } from 'zod';
import { contract, held, state } from '../../shared/contract.ts';
import { hz, move, pack, players, start, unpack, type Craft } from './arena.ts';
import { cells, emptyBoard, play, players as movers, type Board } from './moves.ts';

/** The bench's games as Rejoin has them. */
const steering = { steer: held(z.object({ x: z.int().min(-100).max(100), y: z.int().min(-100).max(100) })) };
const seats = { min: players, max: players };

/** As shared/games/arena does it: all that moves in every tick is one text. */
export const arena = contract('bench-arena', { version: 1, seats, state: state<{ tick: number; crafts: string }>(), actions: {}, inputs: steering, tick: { hz } });
export const arenaGame = arena.rules({
  setup: ctx => ({ tick: 0, crafts: pack(ctx.players.map((_p, seat) => start(seat))) }),
  actions: {},
  tick(s, ctx) {
    const crafts = unpack(s.crafts);
    crafts.forEach((craft, seat) => move(craft, ctx.inputs[seat]?.steer ?? null));
    s.crafts = pack(crafts);
    s.tick += 1;
  },
});

/** The same with objects and names, which nobody had to think about. */
export const arenaPlain = contract('bench-arena-plain', { version: 1, seats, state: state<{ tick: number; crafts: Craft[] }>(), actions: {}, inputs: steering, tick: { hz } });
export const arenaPlainGame = arenaPlain.rules({
  setup: ctx => ({ tick: 0, crafts: ctx.players.map((_p, seat) => start(seat)) }),
  actions: {},
  tick(s, ctx) {
    s.crafts.forEach((craft, seat) => move(craft, ctx.inputs[seat]?.steer ?? null));
    s.tick += 1;
  },
});

export const moves = contract('bench-moves', {
  version: 1, seats: { min: movers, max: movers }, state: state<Board>(),
  actions: { move: z.object({ cell: z.int().min(0).max(cells - 1), k: z.int() }) },
});
export const movesGame = moves.rules({
  setup: () => emptyBoard(),
  actions: { move(s, data, ctx) { play(s, ctx.seat, data); } },
});
