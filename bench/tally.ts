import { z } from 'zod';
import { contract, state } from '../shared/contract.ts';

/** A game for measuring: each player adds numbers, and the state is the whole history, so that nothing can hide. */
export const tally = contract('tally', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ log: number[][] }>(),
  actions: { add: z.object({ k: z.int() }) },
  away: { hold: 600_000, then: 'leave' },
});

export const tallyGame = tally.rules({
  setup: ctx => ({ log: ctx.players.map(() => []) }),
  actions: { add(s, { k }, ctx) { s.log[ctx.seat]!.push(k); } },
});
