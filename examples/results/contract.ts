import { contract, state } from 'rejoin/contract';
import { z } from 'zod';

/** Twelve matches on a table; each turn takes one to three; the player who takes the last one wins. */
export const nim = contract('nim', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ left: number; turn: number }>(),
  actions: { take: z.object({ count: z.int().min(1).max(3) }) },
  effects: { report: z.object({ winner: z.int(), loser: z.int() }) }, // seats
  refusals: ['not-your-turn', 'too-many'],
});
