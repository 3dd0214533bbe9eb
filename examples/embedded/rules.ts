import { race } from './contract.ts';

export const raceGame = race.rules({
  setup: ctx => ({ at: ctx.players.map(() => 0) }),
  actions: {
    step(s, { by }, ctx) {
      s.at[ctx.seat]! += by;
      if (s.at[ctx.seat]! >= 10) ctx.end({ ranking: [[ctx.seat]] });
    },
  },
});
