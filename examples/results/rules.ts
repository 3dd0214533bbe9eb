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
      // Asked for in the very entry that ends the match: either both are in the journal, or none.
      ctx.effects.report({ winner: ctx.players[ctx.seat]!.name, loser: ctx.players[s.turn]!.name });
      ctx.end({ ranking: [[ctx.seat], [s.turn]] });
    },
  },
});
