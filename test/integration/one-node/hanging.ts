import { contract, state } from '../../../shared/contract.ts';
import { z } from 'zod';

export const hanging = contract('hanging', {
  version: 1,
  seats: { min: 1, max: 1 },
  state: state<{ steps: number }>(),
  actions: { step: z.object({ hangs: z.boolean() }) },
});

/** A step that is told to hang never returns. */
export const hangingGame = hanging.rules({
  setup: () => ({ steps: 0 }),
  actions: {
    step(s, { hangs }) {
      for (; hangs;);
      s.steps += 1;
    },
  },
});
