import { useEffect } from 'preact/hooks';
import { useCell } from '../cell.ts';
import type { TableRoute } from '../route.ts';
import type { Session } from '../session.ts';
import { wordsFor } from '../words.ts';
import { Door } from './door.tsx';
import { Remedies } from './remedies.tsx';
import { RoomBar } from './room-bar.tsx';
import { TableScene } from './table-scene.tsx';

/** A table, from the door to whatever ends the stay. */
export function RoomPage({ session, route }: { session: Session; route: TableRoute }) {
  useEffect(() => void session.arrive(route), [session, route]);
  const visit = useCell(session.visit);
  return visit ? <Visiting session={session} visit={visit} /> : <Door />;
}

function Visiting({ session, visit }: { session: Session; visit: NonNullable<Session['visit']['value']> }) {
  const state = useCell(visit.state);
  useCell(visit.other);
  return (
    <div class="room">
      <RoomBar session={session} visit={visit} room={visit.room} />
      {state.at === 'door' && <Door />}
      {state.at === 'turned away' && <main class="away"><Remedies session={session} visit={visit} words={wordsFor(state.code, state.detail)} /></main>}
      {(state.at === 'table' || state.at === 'over') && (
        <TableScene key={state.room.id} session={session} visit={visit} room={state.room} over={state.at === 'over'} />
      )}
      {state.at === 'over' && <div class="veil"><Remedies session={session} visit={visit} words={wordsFor(state.code)} /></div>}
    </div>
  );
}
