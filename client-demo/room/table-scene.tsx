import { useEffect, useMemo } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { useCell, useSources } from '../cell.ts';
import { ClusterPanel } from '../cluster/panel.tsx';
import { panelOpen } from '../cluster/panel-open.ts';
import { gameOf } from '../games/games.ts';
import type { Session } from '../session.ts';
import type { Visit } from '../visit.ts';
import { Announcer } from './announcer.tsx';
import { Invite } from './invite.tsx';
import { Seat } from './seat.tsx';
import { Story } from './story.tsx';
import { TakeoverWatch } from './takeover-watch.ts';

/** A table with everything around it. */
export function TableScene({ session, visit, room }: { session: Session; visit: Visit; room: Room }) {
  const other = visit.other.value;
  useSources(room.onChange, other?.onChange ?? null, session.client.onStatus);
  const { clustered } = useCell(session.config);
  const open = useCell(panelOpen);
  const watch = useMemo(() => new TakeoverWatch(room, session.client, text => session.toaster.say(text)), [room, session]);
  useEffect(() => watch.start(), [watch]);

  const { info } = room;
  const { Table, turn } = gameOf(room);
  // With both seats the board acts for whoever's turn it is.
  const acting = other && turn(other) === other.seat ? other : room;
  return (
    <div class={`scene-frame ${clustered && open ? 'has-panel' : ''}`}>
      <main class="scene" data-testid="table" data-phase={info.phase} data-term={room.term} data-match={info.match} data-place={room.place.join('.')}>
        {info.seats.map((seat, i) => <Seat key={i} room={room} index={i} seat={seat} mine={i === room.seat || (other !== null && i === other.seat)} />)}
        <div class="scene-board"><Table room={acting} waiting={() => watch.waiting()} say={text => session.toaster.say(text)} /></div>
        <div class="scene-story"><Story session={session} visit={visit} room={room} /></div>
        {info.phase === 'waiting' && !visit.watching && <Invite session={session} room={room} onBoth={other ? null : () => void visit.takeOtherSeat()} />}
        <Announcer room={room} both={other !== null} />
      </main>
      {clustered && open && <ClusterPanel session={session} room={room} waiting={() => watch.waiting()} />}
    </div>
  );
}
