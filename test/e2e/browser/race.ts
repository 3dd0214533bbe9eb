/** A race to ten, as small pages play it: two seats, nothing hidden. Runs on both sides. */
import { contract, schema, state } from '../../../shared/index.ts';

export const race = contract('race', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ at: number[]; cheers: number }>(),
  away: { hold: 120_000, then: 'forfeit' },
  actions: { step: schema<{ by: number }>(({ by }) => [1, 2, 3].includes(by)), cheer: schema<object>(() => true) },
  refusals: ['tired'],
});

export const raceGame = race.rules({
  setup: ctx => ({ at: ctx.players.map(() => 0), cheers: 0 }),
  actions: {
    step(s, { by }, ctx) {
      s.at[ctx.seat]! += by;
      if (s.at[ctx.seat]! >= 10) ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] });
    },
    cheer: s => {
      s.cheers += 1;
    },
  },
});
