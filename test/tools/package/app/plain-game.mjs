import { contract, state } from 'rejoin/contract';

const nothing = { '~standard': { version: 1, vendor: 'by hand', validate: () => ({ value: {} }) } };
export const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state(),
  actions: { hit: nothing },
});
export const game = duel.rules({
  setup: () => ({ hits: 0 }),
  actions: {
    hit(s, _, ctx) {
      if (++s.hits === 3) ctx.end({ ranking: [[ctx.seat]] });
    },
  },
  bot: () => ({ act: 'hit', data: {} }),
});
