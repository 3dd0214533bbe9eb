import { contract, state, view } from 'rejoin/contract';
import { z } from 'zod';
import { deck, type Card } from './cards.ts';

export const handSize = 6;
export const turnSeconds = 30;

export interface Played {
  seat: number;
  card: Card;
}
interface Common {
  /** The cards of this trick, in the order in which they were played. */
  trick: Played[];
  /** The trick before, and who has won it. */
  previous: { cards: Played[]; winner: number } | null;
  /** The seat whose turn it is. */
  turn: number;
  /** Tricks won, by seat. */
  won: number[];
  trump: number;
}
/** What the server holds. */
export interface State extends Common {
  hands: Card[][];
}
/** What one player sees: the own hand, and how many cards the others have. */
export interface View extends Common {
  hand: Card[];
  counts: number[];
}

/** What page and server agree on. */
export const gameContract = contract('six-tricks', {
  version: 1,
  seats: { min: 2, max: 4 },
  start: 'ready',
  state: state<State>(),
  view: view<View>(),
  actions: {
    play: z.object({
      card: z
        .int()
        .min(0)
        .max(deck.length - 1),
    }),
  },
  timers: { turn: z.object({}) },
  clocks: ['turn'], // players see how much time is left
  refusals: ['not-your-turn', 'not-in-hand', 'follow-suit'],
  away: { hold: 60_000, then: 'bot' }, // a bot plays until the player returns
});
