import { useEffect } from 'preact/hooks';
import { useCell } from '../common/cell.ts';
import type { TableRoute } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';
import { refusalTextFor } from '../common/refusal-text.ts';
import { RoomLoading } from './room-loading.tsx';
import { Remedies } from './remedies.tsx';
import { RoomBar } from './room-bar.tsx';
import { TableScene } from './table-scene.tsx';

/** A table, from joining to the end of the stay. */
export function RoomPage({ session, route }: { session: PageSession; route: TableRoute }) {
  useEffect(() => void session.openRoute(route), [session, route]);
  const visit = useCell(session.visit);
  return visit ? <Visiting session={session} visit={visit} /> : <RoomLoading />;
}

function Visiting({ session, visit }: { session: PageSession; visit: NonNullable<PageSession['visit']['value']> }) {
  const state = useCell(visit.state);
  useCell(visit.other);
  return (
    <div class="room">
      <RoomBar session={session} visit={visit} room={visit.room} />
      {state.at === 'door' && <RoomLoading />}
      {state.at === 'turned away' && (
        <main class="away">
          <Remedies session={session} visit={visit} words={refusalTextFor(state.code, state.detail)} />
        </main>
      )}
      {(state.at === 'table' || state.at === 'over') && (
        <TableScene key={state.room.id} session={session} visit={visit} room={state.room} over={state.at === 'over'} />
      )}
      {state.at === 'over' && (
        <div class="veil">
          <Remedies session={session} visit={visit} words={refusalTextFor(state.code)} />
        </div>
      )}
    </div>
  );
}
