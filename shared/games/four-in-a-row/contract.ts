import { z } from 'zod';
import { contract, state } from '../../contract.ts';
import { profileSchema } from '../colors.ts';

export const columns = 7;
export const rows = 6;

/** `board` has rows × columns cells, row 0 on top; a cell holds the seat of its disc, or null. */
export interface Four {
  board: (number | null)[];
  turn: number;
  /** Cell of the last disc. */
  last: number | null;
  /** The four (or more) cells of the winning line. */
  line: number[] | null;
  moves: number;
}

/** Four in a Row: two players drop discs into a grid of 7 × 6; four in a line win. */
export const fourInARow = contract('four-in-a-row', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Four>(),
  options: z.object({
    /** Seconds per move; a player who runs out of time loses. 0: no clock. */
    turnSeconds: z.int().min(0).max(600).default(60),
  }),
  profile: profileSchema,
  actions: {
    drop: z.object({
      column: z
        .int()
        .min(0)
        .max(columns - 1),
    }),
  },
  events: { dropped: z.object({ seat: z.int(), cell: z.int() }) },
  timers: { turn: z.object({ seat: z.int() }) },
  clocks: ['turn'],
  refusals: ['not-your-turn', 'column-full'],
  signals: { emote: z.enum(['gg', 'nice', 'hm', 'oops', 'again']) },
  away: { hold: 60_000, then: 'forfeit' },
  replay: true,
});
