import { contract, held, state } from 'rejoin/contract';
import { z } from 'zod';

/** The field is a square; a runner and a gem are circles in it. */
export const field = { side: 1_000, runner: 34, gem: 18 };
/** Distance per tick. */
export const speed = 13;
export const gemsToWin = 15;

/** What is held: a direction, and how far the stick is pushed, from -100 to 100. */
export interface Steer {
  x: number;
  y: number;
}
export interface Runner {
  x: number;
  y: number;
  gems: number;
}
export interface Arena {
  /** Ticks since the match began. */
  tick: number;
  /** By seat; null: the player has left. */
  runners: (Runner | null)[];
  gems: { x: number; y: number }[];
}

/** What page and server agree on. */
export const gameContract = contract('gem-rush', {
  version: 1,
  seats: { min: 2, max: 6 },
  start: 'ready',
  late: true, // players join a running match
  state: state<Arena>(),
  actions: {},
  inputs: {
    steer: held(z.object({ x: z.int().min(-100).max(100), y: z.int().min(-100).max(100) })),
  },
  // A crash takes at most half a second of movement; gems and results are never lost.
  tick: { hz: 20, durable: { everyMs: 500 } },
  away: { hold: 30_000, then: 'leave' },
});
