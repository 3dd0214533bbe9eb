import { contract, state } from 'rejoin/contract';
import { z } from 'zod';

export const size = 9;
export const turnSeconds = 30;

export interface Board {
  /** By cell, row by row: the seat whose stone is there. */
  cells: (number | null)[];
  /** The seat whose turn it is. */
  turn: number;
  /** The cell of the last stone. */
  last: number | null;
  /** The cells of a row of five. */
  row: number[];
}

/** What page and server agree on. */
export const gameContract = contract('five-in-a-row', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Board>(),
  actions: {
    place: z.object({
      cell: z
        .int()
        .min(0)
        .max(size * size - 1),
    }),
  },
  timers: { turn: z.object({}) },
  clocks: ['turn'], // players see how much time is left
  refusals: ['not-your-turn', 'taken'],
  away: { hold: 60_000, then: 'forfeit' },
});
