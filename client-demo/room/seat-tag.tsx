import type { RoomLike } from '../../client/index.ts';
import { useTicking } from '../cell.ts';
import { SeatBubble } from './emote-bar.tsx';
import type { Emotes } from './emotes.ts';
import { BotIcon } from './icons.tsx';
import { absence, inSeconds } from './seat-words.ts';
import { Token } from './token.tsx';

interface SeatTagProps {
  room: RoomLike;
  index: number;
  mine: boolean;
  emotes: Emotes;
  /** The clock that runs against this seat, ms. */
  clock: () => { left: number; total: number } | null;
}

const soon = 15_000;

/** A player in one line: colour, name, what is special about them, and what they say. */
export function SeatTag({ room, index, mine, emotes, clock }: SeatTagProps) {
  const seat = room.players[index];
  const time = clock();
  // There is little room: the time of others is of interest when it runs out.
  const shown = time && (mine || time.left <= soon) ? time : null;
  useTicking(250, time !== null || (seat !== null && seat !== undefined && seat.until !== null));
  if (!seat) return null;
  const why = absence(room, seat);
  const held = why !== '' && seat.until !== null;
  return (
    <span class={`tag ${mine ? 'is-mine' : ''} ${why ? 'is-away' : ''}`} data-testid={`tag-${index}`} title={why ? `${seat.name}: ${why}` : seat.name}>
      <SeatBubble emotes={emotes} seat={index} />
      <Token seat={index} />
      <span class="tag-name">{mine ? 'You' : seat.name}</span>
      {seat.bot && <BotIcon />}
      {why && <span class="tag-away"><span class="unseen">{why}</span><span aria-hidden="true">{held ? inSeconds(seat.until! - room.now()) : seat.out ? 'left' : seat.bot ? '' : 'away'}</span></span>}
      {shown && !why && <span class={`tag-clock ${shown.left < 10_000 ? 'is-short' : ''}`}><span class="unseen">Time left: </span>{inSeconds(Math.min(shown.left, shown.total))}</span>}
    </span>
  );
}
