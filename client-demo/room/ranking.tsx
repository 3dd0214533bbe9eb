import type { RoomLike } from '../../client/index.ts';
import { placesOf } from './seat-words.ts';
import { Token } from './token.tsx';

/** Who came where; who shares a place stands beside the same number. */
export function Ranking({ room }: { room: RoomLike }) {
  return (
    <ol class="ranking" data-testid="ranking" aria-label="Final standings">
      {placesOf(room.info.result?.ranking ?? []).map(({ seat, place }) => (
        <li key={seat} class={seat === room.seat ? 'is-mine' : ''}>
          <b class="ranking-place">{place}</b>
          <Token seat={seat} />
          <span class="ranking-name">{room.players[seat]?.name ?? 'Left'}</span>
        </li>
      ))}
    </ol>
  );
}
