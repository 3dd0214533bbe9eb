import type { CtxOf } from '../../contract.ts';
import { bot } from './bot.ts';
import { columns, fourInARow, rows, type Four } from './contract.ts';

type FourCtx = CtxOf<typeof fourInARow>;

const directions = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;

/** All cells of lines of four or more through `cell`, or null if there are none. */
export function winningLine(board: Four['board'], cell: number): number[] | null {
  const who = board[cell];
  if (who === null || who === undefined) return null;
  const found = new Set<number>();
  for (const [dr, dc] of directions) {
    const line = [cell];
    for (const way of [1, -1]) {
      let r = Math.floor(cell / columns) + dr * way;
      let c = (cell % columns) + dc * way;
      while (r >= 0 && r < rows && c >= 0 && c < columns && board[r * columns + c] === who) {
        line.push(r * columns + c);
        r += dr * way;
        c += dc * way;
      }
    }
    if (line.length >= 4) line.forEach(l => found.add(l));
  }
  return found.size > 0 ? [...found].sort((a, b) => a - b) : null;
}

/** The cell where a disc in `column` lands, or null if the column is full. */
export function landingCell(board: Four['board'], column: number): number | null {
  for (let r = rows - 1; r >= 0; r--) if (board[r * columns + column] === null) return r * columns + column;
  return null;
}

function startClock(turn: number, ctx: FourCtx): void {
  if (ctx.options.turnSeconds > 0) ctx.timers.turn.set(ctx.options.turnSeconds * 1000, { seat: turn });
}

function endWithWinner(seat: number, ctx: FourCtx): void {
  ctx.timers.turn.clear();
  ctx.end({ ranking: [[seat], [1 - seat]] });
}

export const fourInARowGame = fourInARow.rules({
  setup: ctx => {
    // The loser begins the next match. The first match, and one after a draw, begins at random.
    const last = ctx.previous?.ranking.at(-1);
    const turn = last?.length === 1 ? last[0]! : ctx.random.int(0, 1);
    startClock(turn, ctx);
    return { board: Array<null>(rows * columns).fill(null), turn, last: null, line: null, moves: 0 };
  },
  actions: {
    drop(s, { column }, ctx) {
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      const cell = landingCell(s.board, column);
      if (cell === null) return ctx.refuse('column-full', `column ${column + 1} is full`);
      s.board[cell] = ctx.seat;
      s.last = cell;
      s.moves += 1;
      s.line = winningLine(s.board, cell);
      ctx.emit('dropped', { seat: ctx.seat, cell });
      if (s.line) return endWithWinner(ctx.seat, ctx);
      if (s.moves === rows * columns) {
        ctx.timers.turn.clear();
        return ctx.end({ ranking: [[0, 1]] });
      }
      s.turn = 1 - s.turn;
      startClock(s.turn, ctx);
    },
  },
  timers: {
    turn: (_s, { seat }, ctx) => ctx.end({ ranking: [[1 - seat], [seat]] }),
  },
  left: (_s, ctx) => endWithWinner(1 - ctx.seat, ctx),
  bot,
});
