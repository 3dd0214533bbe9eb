import { contract, state } from '../../../shared/contract.ts';
import { z } from 'zod';

/** What the room has executed, per seat: the last number, and how many came again or were left out. */
export interface Counts {
  last: [number, number];
  repeated: number;
  skipped: number;
  /** Runs of the timer, which sets itself again. */
  beats: number;
}

export const BEAT = 250;

/** Two players count up, each by themselves, for as long as the match goes on. */
export const count = contract('count', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<Counts>(),
  actions: { next: z.object({ n: z.int() }) },
  timers: { beat: z.object({}) },
});

export const countGame = count.rules({
  setup(ctx) {
    ctx.timers.beat.set(BEAT, {});
    return { last: [0, 0], repeated: 0, skipped: 0, beats: 0 };
  },
  actions: {
    next(s, { n }, ctx) {
      const last = s.last[ctx.seat as 0 | 1];
      if (n <= last) s.repeated += 1;
      if (n > last + 1) s.skipped += 1;
      s.last[ctx.seat as 0 | 1] = n;
    },
  },
  timers: {
    beat(s, _data, ctx) {
      s.beats += 1;
      ctx.timers.beat.set(BEAT, {});
    },
  },
});
