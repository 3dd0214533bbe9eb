import { useMemo } from 'preact/hooks';
import { useCell, useSources } from '../common/cell.ts';
import type { Room } from '../../client/index.ts';
import { gameOf } from '../games/games.ts';
import { Logo } from '../common/logo.tsx';
import type { PageSession } from '../session/page-session.ts';
import { ConnectionStatus } from '../status/connection-status.tsx';
import { SoundButton } from '../sound/sound-button.tsx';
import type { Visit } from '../session/visit.ts';
import { panelOpen } from '../cluster/panel-open.ts';
import { subscribeOutsideScene } from './outside-scene.ts';
import { BackIcon, EyeIcon, NodesIcon } from '../common/icons.tsx';
import { Leave } from './leave.tsx';

/** Above every table: home, the room code, the connection, and leaving. */
export function RoomBar({ session, visit, room }: { session: PageSession; visit: Visit; room: Room | null }) {
  useSources(useMemo(() => room && subscribeOutsideScene(room), [room]));
  const { clustered } = useCell(session.config);
  const open = useCell(panelOpen);
  const atTable = visit.state.value.at === 'table';
  return (
    <header class="bar">
      <a class="bar-home" href="#/" aria-label="Rejoin: home. Your seat is kept for a while.">
        <BackIcon />
        <Logo />
      </a>
      {room && <p class="bar-game">{gameOf(room).title}</p>}
      {room && (
        <p class="bar-table">
          <span class="unseen">Table </span>
          <b>{room.code}</b>
        </p>
      )}
      {room && room.watchers > 0 && (
        <p class="bar-watchers" data-testid="watchers">
          <EyeIcon />
          {room.watchers}
          <span class="unseen"> watching</span>
        </p>
      )}
      <span class="bar-gap" />
      <ConnectionStatus
        client={session.client}
        room={room}
        nodes={clustered}
        isWaiting={() => [room, visit.other.value].some(seat => seat !== null && seat.pending > 0)}
      />
      {atTable && <SoundButton />}
      {clustered && atTable && (
        <button
          type="button"
          class="button is-small"
          aria-expanded={open}
          aria-label="Cluster"
          onClick={() => panelOpen.set(!open)}
        >
          <NodesIcon />
          <span class="bar-word">Cluster</span>
        </button>
      )}
      {room && atTable && <Leave visit={visit} room={room} />}
    </header>
  );
}
