import { z } from 'zod';
import { contract, state } from '../shared/contract.ts';

/**
 * A game for measuring. Each player says 1, 2, 3, …; the state counts, per seat, the last number that was applied, and
 * every number that came twice, out of order, or after one that is missing. If each player's last number is at least
 * the last one acknowledged and nothing was counted against it, then each of its actions happened once, in order. The
 * state stays small, as a game's would.
 */
export const tally = contract('tally', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ last: number[]; again: number[]; missing: number[] }>(),
  actions: { add: z.object({ k: z.int() }) },
  away: { hold: 600_000, then: 'leave' },
});

export const tallyGame = tally.rules({
  setup: ctx => ({
    last: ctx.players.map(() => 0),
    again: ctx.players.map(() => 0),
    missing: ctx.players.map(() => 0),
  }),
  actions: {
    add(s, { k }, ctx) {
      if (k <= s.last[ctx.seat]!) s.again[ctx.seat]! += 1;
      else s.missing[ctx.seat]! += k - s.last[ctx.seat]! - 1;
      s.last[ctx.seat] = Math.max(k, s.last[ctx.seat]!);
    },
  },
});
