import { nim } from './contract.ts';

export const nimGame = nim.rules({
  setup: () => ({ left: 12, turn: 0 }),
  actions: {
    take(s, { count }, ctx) {
      if (ctx.seat !== s.turn) ctx.refuse('not-your-turn');
      if (count > s.left) ctx.refuse('too-many');
      s.left -= count;
      s.turn = 1 - s.turn;
      if (s.left > 0) return;
      // Requested in the entry that ends the match: the journal contains both or neither.
      ctx.effects.report({ winner: ctx.seat, loser: s.turn });
      ctx.end({ ranking: [[ctx.seat], [s.turn]] });
    },
  },
});
