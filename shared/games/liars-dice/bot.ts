import type { BotMove, DefOf } from '../../contract.ts';
import type { Random } from '../../random.ts';
import { leastCount, matches, type Bid, type DiceView, type liarsDice } from './contract.ts';

/**
 * A player who bids on a face probably holds more of it: the assumed share of the dice that would not match by chance.
 */
const trust = 0.2;
/** Probability of a bluff, and by how many dice. */
const bluff = { often: 0.08, dice: 1 };
/** Random amount added to each value, so that a bid does not reveal the hand. */
const whim = 0.05;
/**
 * A bid that the table believes with probability `even` is challenged half of the time. `steep` is the slope of that
 * curve.
 */
const doubt = { even: 0.55, steep: 5 };

const chanceOf = (face: number, wild: boolean): number => (wild && face !== 1 ? 1 / 3 : 1 / 6);

/** The probability that at least `need` dice match, given the probability of each. */
export function atLeast(need: number, chances: readonly number[]): number {
  // by[n]: the probability that n of the dice so far match
  const by = [1];
  for (const p of chances) {
    by.push(0);
    for (let n = by.length - 1; n >= 0; n--) by[n] = by[n]! * (1 - p) + (by[n - 1] ?? 0) * p;
  }
  return by.reduce((sum, chance, n) => (n >= need ? sum + chance : sum), 0);
}

/** The probability that a bid holds, as one seat sees it: its own dice are known, the bidder's match more often. */
export function chanceOfBid(view: DiceView, { count, face }: Bid, seat: number, bidder: number | null): number {
  const p = chanceOf(face, view.wild);
  const own = (view.hands[seat] ?? []).filter(die => matches(die, face, view.wild)).length;
  return atLeast(
    count - own,
    view.dice.flatMap((dice, i) =>
      i === seat ? [] : Array<number>(dice).fill(i === bidder ? p + (1 - p) * trust : p),
    ),
  );
}

/**
 * Compares each possible bid with a challenge by expected loss and gain. It knows the odds, infers other hands from
 * bids, and sometimes bluffs.
 */
export function diceBot(view: DiceView, seat: number, random: Random): BotMove<DefOf<typeof liarsDice>> | null {
  if (view.stage !== 'bidding' || view.turn !== seat) return null;
  const { bid, wild } = view;
  const total = view.dice.reduce((a, b) => a + b, 0);
  // A die that another player loses benefits all remaining players; a die of one's own is one's own loss.
  const share = 1 / Math.max(1, view.dice.filter(dice => dice > 0).length - 1);
  const pretended = random.next() < bluff.often ? random.int(2, 6) : null;
  const shown = view.dice.flatMap((dice, i) =>
    i === seat ? Array<true>(dice).fill(true) : Array<false>(dice).fill(false),
  );

  const worth = (made: Bid): number => {
    const more = made.face === pretended ? bluff.dice : 0;
    const holds = chanceOfBid(
      view,
      { ...made, count: made.count - more },
      seat,
      bid?.face === made.face ? bid.seat : null,
    );
    // What the others believe of the bid, without knowing this hand: the less, the likelier a challenge.
    const p = chanceOf(made.face, wild);
    const believed = atLeast(
      made.count,
      shown.map(mine => (mine ? p + (1 - p) * trust : p)),
    );
    const challenged = 1 / (1 + Math.exp((believed - doubt.even) * doubt.steep));
    return challenged * (holds * share - (1 - holds));
  };

  const bids = [1, 2, 3, 4, 5, 6]
    .flatMap(face => [0, 1, 2].map(more => ({ count: leastCount(face, bid, wild) + more, face })))
    .filter(b => b.count <= total);
  const weighed = bids.map(b => ({ bid: b, value: worth(b) + random.next() * whim })).sort((a, b) => b.value - a.value);
  const best = weighed[0];
  if (bid) {
    const holds = chanceOfBid(view, bid, seat, bid.seat);
    const value = (1 - holds) * share - holds;
    if (!best || value > best.value) return { act: 'challenge', data: {}, after: random.int(1_200, 2_600) };
  }
  return { act: 'bid', data: best!.bid, after: random.int(800, 2_200) };
}
