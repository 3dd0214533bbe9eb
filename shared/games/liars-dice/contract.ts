import { z } from 'zod';
import { contract, state, view } from '../../contract.ts';
import { profileSchema } from '../colors.ts';

/** For how long (ms) all dice lie open after a challenge. */
export const revealMs = 4_000;

/** "At least so many dice, of all at the table, show this face." */
export interface Bid {
  count: number;
  face: number;
}
/** A bid, who made it, and whether it was the clock that made it for them. */
export interface PlacedBid extends Bid {
  seat: number;
  late: boolean;
}

/** How a challenge came out: every hand as it was, and how many dice matched. */
export interface Reveal {
  hands: number[][];
  bid: PlacedBid;
  by: number;
  count: number;
  loser: number;
}

/** What everybody may see at any time. Whatever is added here is public. */
interface PublicDiceState {
  /** Counts the rolls of the match, from 1. */
  round: number;
  /** In `reveal` the dice of the last round lie open; `turn` is who begins the next one. */
  stage: 'bidding' | 'reveal';
  turn: number;
  bid: PlacedBid | null;
  /** The last challenge, for as long as there is no newer one. */
  last: Reveal | null;
  /**
   * The seat that had dice and left, until there is another round: its leaving had these rolled, or ended the match.
   */
  left: number | null;
  /** Seats without dice, in the order in which they lost the last one. */
  fallen: number[];
  /** Ones count as every face. */
  wild: boolean;
}

/** `hands`: the dice by seat, each hand sorted; empty for those who are out. */
export interface Dice extends PublicDiceState {
  hands: number[][];
}

/** `dice`: how many each seat has. `hands`: one's own, and null for the others until the match is over. */
export interface DiceView extends PublicDiceState {
  dice: number[];
  hands: (number[] | null)[];
}

const bidFields = { count: z.int().min(1).max(36), face: z.int().min(1).max(6) };
const placedBidSchema = z.object({ ...bidFields, seat: z.int(), late: z.boolean() });

/**
 * Liar's Dice: two to six players bid on what all the hidden dice show together; whoever is wrong about it loses one.
 */
export const liarsDice = contract('liars-dice', {
  version: 1,
  seats: { min: 2, max: 6 },
  state: state<Dice>(),
  view: view<DiceView>(),
  options: z.object({
    /** Dice that each player begins with. */
    dice: z.int().min(1).max(6).default(5),
    /** Ones count as every face; bids on ones count double in turn. */
    wild: z.boolean().default(true),
    /** Seconds for a turn; who runs out of them makes the smallest bid there is. 0: no clock. */
    turnSeconds: z.int().min(0).max(600).default(45),
  }),
  profile: profileSchema,
  actions: { bid: z.object(bidFields), challenge: z.object({}) },
  events: {
    bid: placedBidSchema,
    revealed: z.object({
      hands: z.array(z.array(z.int())),
      bid: placedBidSchema,
      by: z.int(),
      count: z.int(),
      loser: z.int(),
    }),
  },
  timers: { turn: z.object({ seat: z.int() }), next: z.object({}) },
  clocks: ['turn'],
  signals: { emote: z.enum(['gg', 'hm', 'wow', 'oops', 'really']) },
  effects: { report: z.object({ winner: z.int(), ranking: z.array(z.array(z.int())), rounds: z.int() }) },
  refusals: ['not-your-turn', 'bid-too-low', 'bid-too-high', 'no-bid', 'round-over'],
  start: 'host',
  away: { hold: 60_000, then: 'bot' },
  replay: true,
});

/**
 * The order of bids, as a number: a higher count beats a lower one, and of the same count the higher face. Wild ones
 * are half as many, so a bid on them counts double: k ones stand above 2k sixes and below 2k + 1 of anything.
 */
export const rank = ({ count, face }: Bid, wild: boolean): number =>
  wild && face === 1 ? count * 16 + 7 : count * 8 + face;

/** The lowest count with which a bid on `face` beats the bid `over`. It may be more than there are dice. */
export function leastCount(face: number, over: Bid | null, wild: boolean): number {
  let count = 1;
  while (over && rank({ count, face }, wild) <= rank(over, wild)) count += 1;
  return count;
}

/**
 * The lowest bid that beats `over` with this many dice at the table, or null: then there is nothing left but a
 * challenge.
 */
export function smallestBid(over: Bid | null, dice: number, wild: boolean): Bid | null {
  const bids = [1, 2, 3, 4, 5, 6]
    .map(face => ({ count: leastCount(face, over, wild), face }))
    .filter(bid => bid.count <= dice);
  return bids.sort((a, b) => rank(a, wild) - rank(b, wild))[0] ?? null;
}

/** Whether a die counts for bids on `face`. */
export const matches = (die: number, face: number, wild: boolean): boolean => die === face || (wild && die === 1);
