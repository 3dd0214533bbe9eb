import { z } from 'zod';
import { contract, state, view } from '../../contract.ts';
import { profileSchema } from '../colors.ts';

/** How long all dice are shown after a challenge, in ms. */
export const revealMs = 4_000;

/** "At least `count` of all dice show `face`." */
export interface Bid {
  count: number;
  face: number;
}
/** A bid with its seat; `late`: the clock made it because the player's time ran out. */
export interface PlacedBid extends Bid {
  seat: number;
  late: boolean;
}

/** Result of a challenge: all hands, and the number of matching dice. */
export interface Reveal {
  hands: number[][];
  bid: PlacedBid;
  by: number;
  count: number;
  loser: number;
}

/** The public part of the state. Every field added here is visible to all. */
interface PublicDiceState {
  /** Rolls of the match, counted from 1. */
  round: number;
  /** In `reveal` all dice of the round are shown; `turn` begins the next round. */
  stage: 'bidding' | 'reveal';
  turn: number;
  bid: PlacedBid | null;
  /** The last challenge. */
  last: Reveal | null;
  /** The seat whose player left with dice, until the next round: leaving caused this roll, or ended the match. */
  left: number | null;
  /** Seats without dice, in the order in which they lost their last one. */
  fallen: number[];
  /** Ones match every face. */
  wild: boolean;
}

/** `hands`: the dice by seat, sorted; empty for seats that are out. */
export interface Dice extends PublicDiceState {
  hands: number[][];
}

/** `dice`: number of dice by seat. `hands`: the viewer's own; null for others until the match ends. */
export interface DiceView extends PublicDiceState {
  dice: number[];
  hands: (number[] | null)[];
}

const bidFields = { count: z.int().min(1).max(36), face: z.int().min(1).max(6) };
const placedBidSchema = z.object({ ...bidFields, seat: z.int(), late: z.boolean() });

/** Liar's Dice: two to six players bid on what all hidden dice show together. The player who is wrong loses a die. */
export const liarsDice = contract('liars-dice', {
  version: 1,
  seats: { min: 2, max: 6 },
  state: state<Dice>(),
  view: view<DiceView>(),
  options: z.object({
    /** Dice per player at the start. */
    dice: z.int().min(1).max(6).default(5),
    /** Ones match every face; a bid on ones counts double. */
    wild: z.boolean().default(true),
    /** Seconds per turn; a player who runs out of time makes the smallest possible bid. 0: no clock. */
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
 * The order of bids as a number: the higher count wins, then the higher face. With wild ones, a bid of k ones ranks
 * above 2k sixes and below 2k + 1 of any face, because half as many dice match it.
 */
export const rank = ({ count, face }: Bid, wild: boolean): number =>
  wild && face === 1 ? count * 16 + 7 : count * 8 + face;

/** The lowest count with which a bid on `face` beats `over`. It may exceed the number of dice. */
export function leastCount(face: number, over: Bid | null, wild: boolean): number {
  let count = 1;
  while (over && rank({ count, face }, wild) <= rank(over, wild)) count += 1;
  return count;
}

/** The lowest bid that beats `over` with this many dice, or null: only a challenge is left. */
export function smallestBid(over: Bid | null, dice: number, wild: boolean): Bid | null {
  const bids = [1, 2, 3, 4, 5, 6]
    .map(face => ({ count: leastCount(face, over, wild), face }))
    .filter(bid => bid.count <= dice);
  return bids.sort((a, b) => rank(a, wild) - rank(b, wild))[0] ?? null;
}

/** Whether a die counts for bids on `face`. */
export const matches = (die: number, face: number, wild: boolean): boolean => die === face || (wild && die === 1);
