import type { PublicSeat, RoomLike } from '../../client/index.ts';
import { useRedrawInterval } from '../common/cell.ts';
import { gameOf } from '../games/games.ts';
import { SeatBubble } from './emote-bar.tsx';
import type { Emotes } from './emotes.ts';
import { BotIcon } from '../common/icons.tsx';
import { describeAbsence, hasLeft, formatCountdown } from './seat-text.ts';
import { SeatToken } from '../games/common/seat-token.tsx';

interface SeatProps {
  room: RoomLike;
  index: number;
  seat: PublicSeat | null;
  mine: boolean;
  emotes: Emotes;
  /** Whether this is a replay: nobody waits, and no time runs out. */
  recorded?: boolean;
}

/** One side of the table: the player, whose turn it is, and the time left. */
export function Seat({ room, index, seat, mine, emotes, recorded = false }: SeatProps) {
  const { info } = room;
  const turn = gameOf(room).turn(room) === index;
  const won =
    info.phase === 'ended' && info.result?.ranking.length !== 1 && (info.result?.ranking[0]?.includes(index) ?? false);
  useRedrawInterval(250, !recorded && (turn || (seat !== null && seat.until !== null)));
  const clock = turn && !recorded ? gameOf(room).clock(room) : null;
  return (
    <section
      class={`seat seat-${index} ${turn ? 'has-turn' : ''} ${seat && !seat.here ? 'is-away' : ''} ${won ? 'has-won' : ''}`}
      data-testid={`seat-${index}`}
    >
      <SeatBubble emotes={emotes} seat={index} />
      <SeatToken seat={index} />
      <div class="seat-who">
        <h2 class="seat-name">
          {seat ? seat.name : 'Free seat'}
          {seat?.bot && <BotIcon />}
        </h2>
        <p class="seat-note">
          {mine && turn ? (
            <b>your turn</b>
          ) : (
            <>
              {mine && (
                <>
                  <b>you</b>
                  {', '}
                </>
              )}
              {recorded ? noteThen(room, seat, turn, won) : note(room, seat, turn, won)}
            </>
          )}
        </p>
      </div>
      <p class={`seat-clock ${clock && clock.left < 10_000 ? 'is-short' : ''}`}>
        {clock && (
          <>
            <span class="unseen">Time left: </span>
            {formatCountdown(Math.min(clock.left, clock.total))}
          </>
        )}
      </p>
      <span class="seat-time" aria-hidden="true">
        <span style={{ transform: `scaleX(${clock ? Math.min(1, clock.left / clock.total) : 0})` }} />
      </span>
    </section>
  );
}

function note(room: RoomLike, seat: PublicSeat | null, turn: boolean, won: boolean): string {
  const { phase } = room.info;
  if (!seat) return phase === 'waiting' ? 'nobody here yet' : 'has left';
  const why = describeAbsence(room, seat);
  if (why) return why;
  if (phase === 'ended') return seat.rematch ? 'wants a rematch' : won ? 'won' : 'still here';
  return turn ? (seat.bot ? 'thinking' : 'to move') : phase === 'waiting' ? 'ready' : 'waiting';
}

/** The same in a replay. */
function noteThen(room: RoomLike, seat: PublicSeat | null, turn: boolean, won: boolean): string {
  if (!seat || hasLeft(seat)) return 'has left';
  if (room.info.phase === 'ended') return won ? 'won' : '';
  return seat.here || seat.bot ? (turn ? 'to move' : '') : 'away';
}
