import { contract, state } from 'rejoin/contract';
import { z } from 'zod';

/** A race to ten, in steps of one to three. Any Standard Schema works; this one is a zod schema. */
export const race = contract('race', {
  version: 1,
  seats: { min: 2, max: 4 },
  state: state<{ at: number[] }>(),
  actions: { step: z.object({ by: z.int().min(1).max(3) }) },
  away: { hold: 20_000, then: 'forfeit' },
  start: 'ready',
});
