import type { BotMove, DefOf } from '../../contract.ts';
import type { Random } from '../../random.ts';
import { columns, rows, type Four, type fourInARow } from './contract.ts';

/** Search depth, in moves of both players. */
const ahead = 6;
/** Value of a line by the number of discs of one color, if it has none of the other. */
const worth = [0, 1, 5, 20] as const;
/** Value of a win. The remaining depth is added, so that the bot wins early and loses late. */
const won = 10_000;
/** Moves within this value of the best are chosen at random, so that matches differ. */
const whim = 3;
/** From the middle outward: more lines cross there, and an early good move prunes the search. */
const order = [3, 2, 4, 1, 5, 0, 6] as const;

/** All lines of four cells, and for each cell the lines through it. */
const lines: readonly (readonly number[])[] = Array.from({ length: rows * columns }, (_, cell) => cell).flatMap(
  cell => {
    const [r, c] = [Math.floor(cell / columns), cell % columns];
    return (
      [
        [0, 1],
        [1, 0],
        [1, 1],
        [1, -1],
      ] as const
    ).flatMap(([dr, dc]) => {
      const [endR, endC] = [r + 3 * dr, c + 3 * dc];
      return endR < rows && endC >= 0 && endC < columns
        ? [[0, 1, 2, 3].map(i => (r + i * dr) * columns + c + i * dc)]
        : [];
    });
  },
);
const through: readonly (readonly number[])[] = Array.from({ length: rows * columns }, (_, cell) =>
  lines.flatMap((line, i) => (line.includes(cell) ? [i] : [])),
);

/** A board for the search: discs are dropped and lifted, and the value of all lines is updated. */
class BoardSearch {
  /** Row of the next disc by column; negative: the column is full. */
  private readonly next: number[];
  /** Discs per line, for each seat. */
  private readonly count: readonly [Uint8Array, Uint8Array] = [
    new Uint8Array(lines.length),
    new Uint8Array(lines.length),
  ];
  /** Value of all lines for seat 0. */
  private score = 0;

  constructor(board: Four['board']) {
    this.next = Array<number>(columns).fill(rows - 1);
    for (let r = rows - 1; r >= 0; r--)
      for (let c = 0; c < columns; c++) {
        const seat = board[r * columns + c];
        if (seat === 0 || seat === 1) this.drop(c, seat);
      }
  }

  has(column: number): boolean {
    return this.next[column]! >= 0;
  }

  /** @returns whether the disc completes a line of four */
  drop(column: number, seat: 0 | 1): boolean {
    let four = false;
    for (const line of through[this.next[column]!-- * columns + column]!) {
      this.score -= this.worthOf(line);
      this.count[seat][line]! += 1;
      if (this.count[seat][line] === 4) four = true;
      this.score += this.worthOf(line);
    }
    return four;
  }

  lift(column: number, seat: 0 | 1): void {
    for (const line of through[++this.next[column]! * columns + column]!) {
      this.score -= this.worthOf(line);
      this.count[seat][line]! -= 1;
      this.score += this.worthOf(line);
    }
  }

  private worthOf(line: number): number {
    const [a, b] = [this.count[0][line]!, this.count[1][line]!];
    return b === 0 ? (worth[a] ?? 0) : a === 0 ? -(worth[b] ?? 0) : 0;
  }

  /**
   * Value of a drop for `seat`, searching `depth` more moves (alpha-beta: values outside `low` and `high` need not be
   * exact).
   */
  value(column: number, seat: 0 | 1, depth: number, low: number, high: number): number {
    const four = this.drop(column, seat);
    const value = four
      ? won + depth
      : depth === 0
        ? seat === 0
          ? this.score
          : -this.score
        : -this.best(seat === 0 ? 1 : 0, depth - 1, -high, -low);
    this.lift(column, seat);
    return value;
  }

  private best(seat: 0 | 1, depth: number, low: number, high: number): number {
    let best = -Infinity;
    for (const column of order) {
      if (!this.has(column)) continue;
      best = Math.max(best, this.value(column, seat, depth, Math.max(low, best), high));
      if (best >= high) break;
    }
    return best === -Infinity ? 0 : best; // the board is full: a draw
  }
}

/** Wins if it can, blocks if it must, otherwise searches a few moves ahead. */
export function bot(view: Four, seat: number, random: Random): BotMove<DefOf<typeof fourInARow>> | null {
  if (view.turn !== seat || view.line || (seat !== 0 && seat !== 1)) return null;
  const thought = new BoardSearch(view.board);
  const think = { after: random.int(600, 1_300) };
  const winning = order.find(
    column => thought.has(column) && thought.value(column, seat, 0, -Infinity, Infinity) >= won,
  );
  if (winning !== undefined) return { act: 'drop', data: { column: winning }, ...think };
  let best = -Infinity;
  const weighed: { column: number; value: number }[] = [];
  for (const column of order) {
    if (!thought.has(column)) continue;
    const value = thought.value(column, seat, ahead - 1, best - whim - 1, Infinity);
    weighed.push({ column, value });
    best = Math.max(best, value);
  }
  if (weighed.length === 0) return null;
  const near = weighed.filter(({ value }) => value === best || (Math.abs(best) < won && value >= best - whim));
  return { act: 'drop', data: { column: random.pick(near).column }, ...think };
}
