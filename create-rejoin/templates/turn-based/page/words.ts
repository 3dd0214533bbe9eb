import type { Table } from './session.ts';

export const title = 'Five in a Row';
export const tagline = 'Two players, nine by nine cells. The first with five stones in a row wins.';

/** Whether the game waits for this seat. */
export const isActive = (table: Table, seat: number): boolean => table.state?.turn === seat;

/** Below a player's name. */
export const noteOf = (table: Table, seat: number): string =>
  `${table.state?.cells.filter(stone => stone === seat).length ?? 0} stones`;

/** What happens now. */
export function statusOf(table: Table): string {
  const turn = table.state?.turn ?? 0;
  if (turn === table.seat) return 'Your turn';
  return `${table.info.seats[turn]?.name ?? 'The other player'} is thinking`;
}

/** Why a move was refused. */
export function explain(code: string): string {
  if (code === 'not-your-turn') return 'It is not your turn.';
  if (code === 'taken') return 'There is a stone already.';
  return `Refused: ${code}`;
}
