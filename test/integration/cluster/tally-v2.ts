import { tally } from '../../../bench/tally.ts';
import { contract, state } from '../../../shared/contract.ts';

/** The counting game after a change: the state has another shape, by seat; what clients send is the same. */
export interface TallyV2 {
  seats: { last: number; again: number; missing: number }[];
  migratedFrom: number | null;
}

export const tallyV2 = contract('tally', { ...tally.def, version: 2, clientsFrom: 1, state: state<TallyV2>() });

export const tallyV2Game = tallyV2.rules({
  setup: ctx => ({ seats: ctx.players.map(() => ({ last: 0, again: 0, missing: 0 })), migratedFrom: null }),
  actions: {
    add(s, { k }, ctx) {
      const own = s.seats[ctx.seat]!;
      if (k <= own.last) own.again += 1;
      else own.missing += k - own.last - 1;
      own.last = Math.max(k, own.last);
    },
  },
  migrate(s, from) {
    const { last, again, missing } = s as { last: number[]; again: number[]; missing: number[] };
    return { seats: last.map((n, i) => ({ last: n, again: again[i]!, missing: missing[i]! })), migratedFrom: from };
  },
});
