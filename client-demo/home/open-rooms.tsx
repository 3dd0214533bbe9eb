import { useEffect, useState } from 'preact/hooks';
import { RoomError, type RoomSummary } from '../../client/index.ts';
import { gameNamed } from '../games/games.ts';
import { go } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';

const pollIntervalMs = 2_500;
const maxRooms = 9;

/** The public tables: those with free seats first, then matches to watch. */
export function OpenRooms({ session }: { session: PageSession }) {
  const rooms = useRooms(session);
  const shown = rooms
    ?.filter(room => room.seated > 0 && room.phase !== 'quarantined' && gameNamed(room.game) !== undefined)
    .sort((a, b) => Number(b.open) - Number(a.open))
    .slice(0, maxRooms);
  return (
    <section class="tables" aria-labelledby="tables-now">
      <h2 id="tables-now">Tables now</h2>
      {shown === undefined && <p class="soft tables-none">Looking around…</p>}
      {shown?.length === 0 && (
        <p class="soft tables-none">
          Nobody is playing at the moment. Press Play, and the next visitor sees your table here.
        </p>
      )}
      <ul>
        {shown?.map(room => (
          <li key={room.id} class="table-line" data-testid="open-room">
            <span class="table-names">{room.names.join(', ') || 'Empty table'}</span>
            <span class="table-note">
              {gameNamed(room.game)!.title} · {describeRoom(room)} · {room.code}
            </span>
            <span class="row">
              {room.open && (
                <button
                  type="button"
                  class="button is-small is-primary"
                  aria-label={`Join ${room.names.join(' and ')}`}
                  onClick={() => go({ page: 'room', id: room.id, watch: false })}
                >
                  Join
                </button>
              )}
              <button
                type="button"
                class="button is-small"
                aria-label={`Watch ${room.names.join(' and ')}`}
                onClick={() => go({ page: 'room', id: room.id, watch: true })}
              >
                Watch
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function describeRoom({ open, phase, seats, seated }: RoomSummary): string {
  const free = seats - seated;
  const seatsFree = open && free > 0 ? (free === 1 ? 'one seat free' : `${free} seats free`) : '';
  switch (phase) {
    case 'waiting':
      return seatsFree || 'waiting';
    case 'playing':
      return seatsFree ? `playing, ${seatsFree}` : 'playing';
    case 'ended':
      return 'just over';
    case 'quarantined':
      return 'closed';
  }
}

function useRooms({ client }: PageSession): RoomSummary[] | null {
  const [rooms, setRooms] = useState<RoomSummary[] | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let gone = false;
    const look = async () => {
      try {
        const list = document.visibilityState === 'hidden' ? null : await client.list();
        if (list && !gone) setRooms(list);
      } catch (error) {
        if (!(error instanceof RoomError)) throw error; // a failed poll is repeated at the next interval
      }
      if (!gone) timer = setTimeout(() => void look(), pollIntervalMs);
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [client]);
  return rooms;
}
