import type { Bid, DiceView, Reveal } from '../../../shared/games/liars-dice/contract.ts';

const numbers = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const one = ['', 'one', 'two', 'three', 'four', 'five', 'six'];
const many = ['', 'ones', 'twos', 'threes', 'fours', 'fives', 'sixes'];

const number = (n: number): string => numbers[n] ?? String(n);
export const faceName = (face: number): string => many[face] ?? '';
export const describeBid = ({ count, face }: Bid): string => `${number(count)} ${(count === 1 ? one : many)[face]}`;
export const describeDiceCount = (count: number): string => (count === 1 ? '1 die' : `${count} dice`);

/** The subject and verb form for a seat: `You bid`, `Ann bids`. */
export interface Listener {
  seat: number | null;
  names: readonly string[];
}
const verb = (voice: Listener, seat: number, own: string, other: string): string =>
  seat === voice.seat ? `You ${own}` : `${voice.names[seat]} ${other}`;

export const describeReveal = (
  voice: Listener,
  { bid, by, count, loser }: Reveal,
): { found: string; loss: string } => ({
  found: `${verb(voice, by, 'doubt', 'doubts')} ${describeBid(bid)}: there ${count === 1 ? 'is' : 'are'} ${count === 0 ? 'none' : number(count)}.`,
  loss: `${verb(voice, loser, 'lose', 'loses')} a die.`,
});

/** The last move for screen readers, with one's own dice after a roll. */
export function describeLastMove(voice: Listener, view: DiceView): string {
  const own = voice.seat === null ? null : view.hands[voice.seat];
  const dice = own && own.length > 0 ? ` Your dice: ${own.join(', ')}.` : '';
  if (view.stage === 'reveal' && view.last) {
    const { found, loss } = describeReveal(voice, view.last);
    return `${found} ${loss}`;
  }
  if (view.bid) return `${verb(voice, view.bid.seat, 'bid', 'bids')} ${describeBid(view.bid)}.`;
  if (view.left !== null) return `${voice.names[view.left]} has left. New roll.${dice}`;
  return `Round ${view.round}.${dice}`;
}

/** The text for a refused bid or challenge. Null: the page shows it anyway. Undefined: not a refusal of this game. */
export function describeRefusedBid(code: string): string | null | undefined {
  switch (code) {
    case 'bid-too-low':
      return 'Somebody has bid more than that.';
    case 'bid-too-high':
      return 'There are not that many dice.';
    case 'no-bid':
      return 'There is nothing to doubt yet.';
    case 'round-over':
      return null;
    default:
      return undefined;
  }
}
