import type { RoomLike } from '../../client/index.ts';
import { rankSeats } from './seat-text.ts';
import { SeatToken } from '../games/common/seat-token.tsx';

/** The final ranking. Players who share a rank have the same number. */
export function Ranking({ room }: { room: RoomLike }) {
  return (
    <ol class="ranking" data-testid="ranking" aria-label="Final standings">
      {rankSeats(room.info.result?.ranking ?? []).map(({ seat, place }) => (
        <li key={seat} class={seat === room.seat ? 'is-mine' : ''}>
          <b class="ranking-place">{place}</b>
          <SeatToken seat={seat} />
          <span class="ranking-name">{room.players[seat]?.name ?? 'Left'}</span>
        </li>
      ))}
    </ol>
  );
}
