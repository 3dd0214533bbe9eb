import { z } from 'zod';
import { contract, held, state, view, type AnyGame } from '../../shared/contract.ts';
import { burn, hz, move, pack, players, start, unpack, type Craft } from './arena.ts';
import { cells, emptyBoard, play, players as movers, type Board } from './moves.ts';

/** The bench's games as Rejoin has them. */
const steering = { steer: held(z.object({ x: z.int().min(-100).max(100), y: z.int().min(-100).max(100) })) };

/** As shared/games/arena does it: all that moves in every tick is one text. */
interface Packed {
  tick: number;
  crafts: string;
}
function packed(name: 'bench-arena' | 'bench-big', seats: number): AnyGame {
  const arena = contract(name, {
    version: 1,
    seats: { min: seats, max: seats },
    state: state<Packed>(),
    actions: {},
    inputs: steering,
    tick: { hz },
  });
  return arena.rules({
    setup: ctx => ({ tick: 0, crafts: pack(ctx.players.map((_p, seat) => start(seat))) }),
    actions: {},
    tick(s, ctx) {
      const crafts = unpack(s.crafts);
      crafts.forEach((craft, seat) => move(craft, ctx.inputs[seat]?.steer ?? null));
      s.crafts = pack(crafts);
      s.tick += 1;
    },
  });
}

/** The same with objects and names, which nobody had to think about. */
const plain = contract('bench-arena-plain', {
  version: 1,
  seats: { min: players.arena, max: players.arena },
  state: state<{ tick: number; crafts: Craft[] }>(),
  actions: {},
  inputs: steering,
  tick: { hz },
});
const plainGame = plain.rules({
  setup: ctx => ({ tick: 0, crafts: ctx.players.map((_p, seat) => start(seat)) }),
  actions: {},
  tick(s, ctx) {
    s.crafts.forEach((craft, seat) => move(craft, ctx.inputs[seat]?.steer ?? null));
    s.tick += 1;
  },
});

/** Everybody sees a number of their own. */
const views = contract('bench-views', {
  version: 1,
  seats: { min: players.views, max: players.views },
  state: state<Packed & { fuel: number[] }>(),
  view: view<Packed & { fuel: number | null }>(),
  actions: {},
  inputs: steering,
  tick: { hz },
});
const viewsGame = views.rules({
  setup: ctx => ({ tick: 0, crafts: pack(ctx.players.map((_p, seat) => start(seat))), fuel: ctx.players.map(() => 0) }),
  actions: {},
  tick(s, ctx) {
    const crafts = unpack(s.crafts);
    crafts.forEach((craft, seat) => {
      move(craft, ctx.inputs[seat]?.steer ?? null);
      s.fuel[seat] = burn(s.fuel[seat]!, craft);
    });
    s.crafts = pack(crafts);
    s.tick += 1;
  },
  view: ({ tick, crafts, fuel }, { seat }) => ({ tick, crafts, fuel: seat === null ? null : fuel[seat]! }),
});

/** For clients, too. */
export const moves = contract('bench-moves', {
  version: 1,
  seats: { min: movers, max: movers },
  state: state<Board>(),
  actions: {
    move: z.object({
      cell: z
        .int()
        .min(0)
        .max(cells - 1),
      k: z.int(),
    }),
  },
});
const movesGame = moves.rules({
  setup: () => emptyBoard(),
  actions: {
    move(s, data, ctx) {
      play(s, ctx.seat, data);
    },
  },
});

/** For the nodes of the bench. */
export const benchGames: readonly AnyGame[] = [
  packed('bench-arena', players.arena),
  plainGame,
  viewsGame,
  packed('bench-big', players.big),
  movesGame,
];
