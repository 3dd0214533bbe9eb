import { size, type Board } from './contract.ts';

/** All rows of five cells: across, down, and both diagonals. */
export const rows: readonly (readonly number[])[] = Array.from({ length: size * size }, (_, cell) => cell).flatMap(
  cell => {
    const [x, y] = [cell % size, Math.floor(cell / size)];
    return [
      [1, 0],
      [0, 1],
      [1, 1],
      [-1, 1],
    ].flatMap(([dx = 0, dy = 0]) => {
      const [endX, endY] = [x + dx * 4, y + dy * 4];
      if (endX < 0 || endX >= size || endY >= size) return [];
      return [Array.from({ length: 5 }, (_, i) => cell + i * (dx + dy * size))];
    });
  },
);

/** The first row of five stones of one seat, or none. */
export const rowOf = (cells: Board['cells'], seat: number): number[] => [
  ...(rows.find(row => row.every(cell => cells[cell] === seat)) ?? []),
];

/** How much a seat gains by a stone in this cell: the rows that it extends, and those of the opponent that it stops. */
export function valueOf(cells: Board['cells'], cell: number, seat: number): number {
  const own = [1, 8, 60, 600, 100_000];
  const others = [1, 6, 40, 400, 10_000];
  let value = 0;
  for (const row of rows) {
    if (!row.includes(cell)) continue;
    const mine = row.filter(c => cells[c] === seat).length;
    const theirs = row.filter(c => cells[c] !== null && cells[c] !== seat).length;
    if (theirs === 0) value += own[mine]!;
    else if (mine === 0) value += others[theirs]!;
  }
  return value;
}
