/**
 * A small game of moves that every server of the bench plays by these very functions: four players put their colour on
 * cells of a board, all at the same time. `total` counts moves and `last` says each player's last number, so that a
 * move that was acknowledged and lost is found.
 */
export interface Board {
  total: number;
  last: number[];
  cells: number[];
}
/** The player's k-th move. */
export interface Move {
  cell: number;
  k: number;
}

export const players = 4;
export const cells = 64;

export const emptyBoard = (): Board => ({
  total: 0,
  last: Array.from({ length: players }, () => 0),
  cells: Array.from({ length: cells }, () => 0),
});

export const isMove = ({ cell, k }: Move): boolean =>
  Number.isInteger(cell) && cell >= 0 && cell < cells && Number.isInteger(k);

/** Makes a move, in place. Any object with these three will do: a schema of Colyseus, too. */
export function play(board: Board, seat: number, { cell, k }: Move): void {
  board.total += 1;
  board.last[seat] = k;
  board.cells[cell] = seat + 1;
}
