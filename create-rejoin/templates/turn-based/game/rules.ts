import { gameContract, size, turnSeconds, type Board } from './contract.ts';
import { rowOf, valueOf } from './rows.ts';
import type { CtxOf } from 'rejoin/contract';

/** The rules run on the server. They change the state that they receive; a change is stored before anybody sees it. */
export const game = gameContract.rules({
  setup(ctx) {
    ctx.timers.turn.set(turnSeconds * 1_000, {});
    const cells = Array.from({ length: size * size }, () => null);
    return { cells, turn: (ctx.match - 1) % 2, last: null, row: [] };
  },

  actions: {
    place(s, { cell }, ctx) {
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      if (s.cells[cell] !== null) ctx.refuse('taken');
      s.cells[cell] = ctx.seat;
      s.last = cell;
      s.row = rowOf(s.cells, ctx.seat);
      if (s.row.length > 0) return wins(ctx.seat, ctx);
      if (s.cells.every(seat => seat !== null)) return ctx.end({ ranking: [[0, 1]] });
      nextTurn(s, ctx);
    },
  },

  timers: {
    turn: (s, _data, ctx) => wins(1 - s.turn, ctx),
  },

  // The bot sees what its seat sees. It takes the best cell, and one of several at random.
  bot(s, seat, random) {
    if (s.turn !== seat) return null;
    const free = s.cells.flatMap((stone, cell) => (stone === null ? [cell] : []));
    const values = free.map(cell => valueOf(s.cells, cell, seat));
    const best = free.filter((_, i) => values[i] === Math.max(...values));
    return { act: 'place', data: { cell: random.pick(best) } };
  },
});

function nextTurn(s: Board, ctx: CtxOf<typeof gameContract>): void {
  s.turn = 1 - s.turn;
  ctx.timers.turn.set(turnSeconds * 1_000, {});
}

function wins(seat: number, ctx: CtxOf<typeof gameContract>): void {
  ctx.end({ ranking: [[seat], [1 - seat]] });
}
