import { useState } from 'preact/hooks';
import type { PublicSeat, Room } from '../../client/index.ts';
import { useRedrawInterval } from '../common/cell.ts';
import { gameOf } from '../games/games.ts';
import { takeFocus } from '../common/focus.ts';
import { SeatBubble } from './emote-bar.tsx';
import type { Emotes } from './emotes.ts';
import { CrossIcon, CrownIcon } from '../common/icons.tsx';
import { describeAbsence } from './seat-text.ts';
import { SeatToken } from '../games/common/seat-token.tsx';

interface WaitingSeatProps {
  room: Room;
  index: number;
  seat: PublicSeat | null;
  /** Whether the visitor is the host. */
  hosts: boolean;
  busy: boolean;
  emotes: Emotes;
  /** Null at free seats after the first. */
  onBot: (() => void) | null;
  onKick(): void;
  onHost(): void;
}

/** A seat before the match: who has it, and what the host can do about it. */
export function WaitingSeat(props: WaitingSeatProps) {
  const { room, index, seat, hosts, busy, emotes, onBot, onKick, onHost } = props;
  const [asking, setAsking] = useState(false);
  useRedrawInterval(500, seat !== null && seat.until !== null);
  if (!seat) {
    return (
      <li class="place is-free" data-testid={`seat-${index}`}>
        <span class="place-ring" aria-hidden="true" />
        <span class="place-name soft">Free seat</span>
        {hosts && onBot && (
          <button type="button" class="button is-small" data-testid="add-bot" disabled={busy} onClick={onBot}>
            Add a bot
          </button>
        )}
      </li>
    );
  }
  const mine = room.seat === index;
  const may = hosts && !mine;
  const { bot } = seat; // before the match, a bot never stands in for a player
  return (
    <li
      class={`place ${mine ? 'is-mine' : ''} ${seat.here ? '' : 'is-away'} ${may && asking ? 'is-asking' : ''}`}
      data-testid={`seat-${index}`}
    >
      <SeatBubble emotes={emotes} seat={index} />
      <SeatToken seat={index} />
      <span class="place-who">
        <span class="place-name">{seat.name}</span>
        <span class="place-note">{notes(room, index, seat, mine).join(', ')}</span>
      </span>
      {may && !asking && (
        <span class="place-deeds">
          {!bot && (
            <button
              type="button"
              class="deed-icon"
              disabled={busy}
              title={`Make ${seat.name} the host`}
              aria-label={`Make ${seat.name} the host`}
              onClick={onHost}
            >
              <CrownIcon />
            </button>
          )}
          <button
            type="button"
            class="deed-icon"
            disabled={busy}
            title={`Remove ${seat.name}`}
            aria-label={`Remove ${seat.name}`}
            onClick={() => (bot ? onKick() : setAsking(true))}
          >
            <CrossIcon />
          </button>
        </span>
      )}
      {may && asking && (
        <span class="place-deeds" role="group" aria-label={`Remove ${seat.name} for good?`}>
          <button type="button" class="button is-small is-danger" disabled={busy} onClick={onKick}>
            Remove
          </button>
          <button type="button" class="button is-small" onClick={() => setAsking(false)} ref={takeFocus}>
            Keep
          </button>
        </span>
      )}
    </li>
  );
}

function notes(room: Room, index: number, seat: PublicSeat, mine: boolean): string[] {
  const said = [
    ...(mine ? ['you'] : []),
    ...(room.info.host === index ? ['host'] : []),
    ...(seat.bot ? ['bot'] : []),
    ...(gameOf(room).contract.def.start === 'ready' && !seat.bot ? [seat.ready ? 'ready' : 'not ready yet'] : []),
    ...[describeAbsence(room, seat)].filter(text => text !== ''),
  ];
  return said.length > 0 ? said : ['here'];
}
