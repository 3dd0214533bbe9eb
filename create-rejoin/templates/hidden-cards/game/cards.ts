/** A card is a number from 0 to 35: nine ranks in each of four suits. */
export type Card = number;

export const suits = ['♠', '♥', '♦', '♣'] as const;
const ranks = ['6', '7', '8', '9', '10', 'J', 'Q', 'K', 'A'] as const;
const suitNames = ['spades', 'hearts', 'diamonds', 'clubs'] as const;

export const deck: readonly Card[] = Array.from({ length: suits.length * ranks.length }, (_, card) => card);
export const suitOf = (card: Card): number => Math.floor(card / ranks.length);
export const strengthOf = (card: Card): number => card % ranks.length;
export const rankOf = (card: Card): string => ranks[strengthOf(card)]!;
export const isRed = (card: Card): boolean => suitOf(card) === 1 || suitOf(card) === 2;
export const nameOf = (card: Card): string => `${rankOf(card)} of ${suitNames[suitOf(card)]!}`;

/** The cards that may be played: those of the suit that was led; any card if there is none. */
export function playableOf(hand: readonly Card[], lead: Card | undefined): Card[] {
  const following = lead === undefined ? [] : hand.filter(card => suitOf(card) === suitOf(lead));
  return following.length > 0 ? following : [...hand];
}

/** Whether a card beats the best card so far. */
export function beats(card: Card, best: Card, trump: number): boolean {
  if (suitOf(card) === suitOf(best)) return strengthOf(card) > strengthOf(best);
  return suitOf(card) === trump;
}
