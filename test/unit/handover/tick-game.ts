import { z } from 'zod';
import { contract, state } from '../../../shared/contract.ts';

export const drift = contract('drift', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ x: number; trail: number[]; said: string[] }>(),
  actions: { say: z.object({ text: z.string() }) },
  events: { round: z.object({ x: z.int() }) },
  tick: { hz: 20, durable: { everyMs: 250 } },
});
/** Moves on with each tick, and says so with an event at each round hundred. The trail grows and is cut. */
export const driftGame = drift.rules({
  setup: () => ({ x: 0, trail: [], said: [] }),
  actions: {
    say: (s, { text }) => {
      s.said.push(text);
    },
  },
  tick(s, ctx) {
    s.x += 1;
    s.trail.push(s.x);
    if (s.trail.length > 4) s.trail.splice(0, 3);
    if (s.x % 100 === 0) ctx.emit('round', { x: s.x });
  },
});
