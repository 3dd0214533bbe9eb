import type { ComponentChildren } from 'preact';
import type { Bid } from '../../../shared/games/liars-dice/contract.ts';
import { matches } from '../../../shared/games/liars-dice/contract.ts';
import { Die } from './die.tsx';
import { describeBid, describeDiceCount } from './dice-text.ts';

export interface CupProps {
  seat: number;
  name: string;
  /** The name with its marks. */
  tag: ComponentChildren;
  /** The player's state: away, or played by the bot. */
  note: string;
  count: number;
  /** The dice, if they are revealed. */
  open: readonly number[] | null;
  /** The bid that the revealed dice are compared with. */
  asked: Bid | null;
  wild: boolean;
  /** The current bid, if it is this player's. */
  bid: Bid | null;
  turn: boolean;
  loses: boolean;
  rolls: boolean;
}

/** Another player: a cup with the number of dice, or the revealed dice. */
export function Cup({ seat, name, tag, note, count, open, asked, wild, bid, turn, loses, rolls }: CupProps) {
  const lies = open && open.length > 0 ? `, open: ${open.join(', ')}` : '';
  const label = `${name}, ${count === 0 ? 'out' : describeDiceCount(count)}${note ? `, ${note}` : ''}${turn ? ', to bid' : ''}${bid ? `, bid ${describeBid(bid)}` : ''}${lies}${loses ? ', loses a die' : ''}`;
  return (
    <li
      class={`cup ${turn ? 'has-turn' : ''} ${count === 0 && !lies ? 'is-out' : ''} ${loses ? 'is-losing' : ''}`}
      data-testid={`cup-${seat}`}
      data-dice={count}
      style={seatColorStyle(seat)}
    >
      <span class="unseen">{label}</span>
      <span class="cup-name" aria-hidden="true">
        {tag}
      </span>
      <span class="cup-place" aria-hidden="true">
        {open && open.length > 0 ? (
          <span class="cup-dice">
            {open.map((face, i) => (
              <Die key={i} face={face} mark={asked && (matches(face, asked.face, wild) ? 'hit' : 'miss')} />
            ))}
          </span>
        ) : (
          count > 0 && <Cover count={count} rolls={rolls} />
        )}
      </span>
      <span class="cup-note" aria-hidden="true">
        {loses ? (
          <b>loses a die</b>
        ) : count === 0 ? (
          'out'
        ) : bid ? (
          <b class="cup-bid">
            {bid.count} × <Die face={bid.face} />
          </b>
        ) : (
          note || describeDiceCount(count)
        )}
      </span>
    </li>
  );
}

/** Colors of a seat, as CSS variables. */
export const seatColorStyle = (seat: number) => ({
  '--own': `var(--seat-${seat})`,
  '--own-deep': `var(--seat-${seat}-deep)`,
});

/** The cup, upside down, with the number of dice on it. */
function Cover({ count, rolls }: { count: number; rolls: boolean }) {
  return (
    <svg class={`cover ${rolls ? 'is-shaking' : ''}`} viewBox="0 0 100 84">
      <path class="cover-body" d="M24 6H76a6 6 0 0 1 6 5L94 72a6 6 0 0 1-6 7H12a6 6 0 0 1-6-7L18 11a6 6 0 0 1 6-5Z" />
      <path class="cover-band" d="M13.500 34H86.500L89.500 49H10.500Z" />
      <text class="cover-count" x="50" y="53" text-anchor="middle">
        {count}
      </text>
    </svg>
  );
}
