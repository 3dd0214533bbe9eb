import type { RoomLike } from '../../client/index.ts';
import { useRedrawInterval } from '../common/cell.ts';
import { SeatBubble } from './emote-bar.tsx';
import type { Emotes } from './emotes.ts';
import { BotIcon } from '../common/icons.tsx';
import { describeAbsence, formatCountdown } from './seat-text.ts';
import { SeatToken } from '../games/common/seat-token.tsx';

interface SeatTagProps {
  room: RoomLike;
  index: number;
  mine: boolean;
  emotes: Emotes;
  /** The time left to this seat, ms. */
  clock: () => { left: number; total: number } | null;
}

const soon = 15_000;

/** A player in one line: color, name, state and emote. */
export function SeatTag({ room, index, mine, emotes, clock }: SeatTagProps) {
  const seat = room.players[index];
  const time = clock();
  // Space is short: other players' time is shown only when it runs out.
  const shown = time && (mine || time.left <= soon) ? time : null;
  useRedrawInterval(250, time !== null || (seat !== null && seat !== undefined && seat.until !== null));
  if (!seat) return null;
  const why = describeAbsence(room, seat);
  const held = why !== '' && seat.until !== null;
  return (
    <span
      class={`tag ${mine ? 'is-mine' : ''} ${why ? 'is-away' : ''}`}
      data-testid={`tag-${index}`}
      title={why ? `${seat.name}: ${why}` : seat.name}
    >
      <SeatBubble emotes={emotes} seat={index} />
      <SeatToken seat={index} />
      <span class="tag-name">{mine ? 'You' : seat.name}</span>
      {seat.bot && <BotIcon />}
      {why && (
        <span class="tag-away">
          <span class="unseen">{why}</span>
          <span aria-hidden="true">
            {held ? formatCountdown(seat.until! - room.now()) : seat.out ? 'left' : seat.bot ? '' : 'away'}
          </span>
        </span>
      )}
      {shown && !why && (
        <span class={`tag-clock ${shown.left < 10_000 ? 'is-short' : ''}`}>
          <span class="unseen">Time left: </span>
          {formatCountdown(Math.min(shown.left, shown.total))}
        </span>
      )}
    </span>
  );
}
