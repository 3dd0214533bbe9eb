import { useEffect, useMemo } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { useCell, useSources } from '../common/cell.ts';
import { ClusterPanel } from '../cluster/panel.tsx';
import { panelOpen } from '../cluster/panel-open.ts';
import { gameOf } from '../games/games.ts';
import { useHeadingFocus } from '../common/focus.ts';
import { useSeatColors } from '../games/common/seat-colors.ts';
import type { PageSession } from '../session/page-session.ts';
import type { Visit } from '../session/visit.ts';
import { roomSounds } from './room-sounds.ts';
import { speaker } from '../sound/speaker.ts';
import { Announcer } from './announcer.tsx';
import { subscribeOutsideScene } from './outside-scene.ts';
import { EmoteBar, EmoteAnnouncer } from './emote-bar.tsx';
import { Emotes } from './emotes.ts';
import { Invite } from './invite.tsx';
import { Seat } from './seat.tsx';
import { SeatTag } from './seat-tag.tsx';
import { StatusPanel } from './status-panel.tsx';
import { TakeoverMonitor } from './takeover-monitor.ts';
import { WaitingRoom } from './waiting-room.tsx';

/** A table with everything around it. */
export function TableScene({
  session,
  visit,
  room,
  over = false,
}: {
  session: PageSession;
  visit: Visit;
  room: Room;
  /** Whether the table is covered and takes no input. */
  over?: boolean;
}) {
  const other = visit.other.value;
  const around = useMemo(() => subscribeOutsideScene(room), [room]);
  useSources(around, other?.onChange ?? null, session.client.onStatus);
  const { clustered } = useCell(session.config);
  const open = useCell(panelOpen);
  const watch = useMemo(
    () => new TakeoverMonitor(room, session.client, text => session.toaster.show(text)),
    [room, session],
  );
  useEffect(() => watch.start(), [watch]);
  const emotes = useMemo(() => new Emotes(room), [room]);
  useEffect(() => emotes.start(), [emotes]);
  useSeatColors(room);
  useEffect(() => roomSounds(room, speaker.play), [room]);

  const { info } = room;
  const game = gameOf(room);
  // Large tables have a waiting room and a host who starts; a table for two starts by itself.
  const gathers = info.phase === 'waiting' && (game.contract.def.start ?? 'full') !== 'full';
  // After a match, the focus goes to the heading of the result.
  const heading = useHeadingFocus(info.phase === 'ended' ? null : `${info.phase} ${info.match}`);
  const kind = gathers ? 'is-gathering' : game.ownSeats ? 'has-own-seats' : 'has-sides';
  return (
    <div class={`scene-frame ${clustered && open ? 'has-panel' : ''}`} inert={over}>
      <main
        class={`scene ${kind} plays-${info.game}`}
        data-testid="table"
        data-game={info.game}
        data-phase={info.phase}
        data-term={room.term}
        data-match={info.match}
        data-place={room.position.join('.')}
        data-seat={room.seat ?? ''}
      >
        {!gathers && (
          <h1 class="unseen" ref={heading} tabIndex={-1}>
            {game.title}, table {[...room.code].join(' ')}
          </h1>
        )}
        {gathers ? (
          <WaitingRoom session={session} visit={visit} room={room} emotes={emotes} />
        ) : (
          <Playground
            session={session}
            visit={visit}
            room={room}
            emotes={emotes}
            waiting={() => watch.startRequest()}
          />
        )}
        <Announcer room={room} both={other !== null} />
        <EmoteAnnouncer room={room} emotes={emotes} />
      </main>
      {clustered && open && <ClusterPanel session={session} room={room} waiting={() => watch.startRequest()} />}
    </div>
  );
}

/** The game's scene, the players around it, and the status. */
function Playground({
  session,
  visit,
  room,
  emotes,
  waiting,
}: {
  session: PageSession;
  visit: Visit;
  room: Room;
  emotes: Emotes;
  waiting: () => () => void;
}) {
  const { info } = room;
  const other = visit.other.value;
  const { Table, turn, clock, ownSeats } = gameOf(room);
  // A visitor who has both seats acts for the seat whose turn it is.
  const acting = other && turn(other) === other.seat ? other : room;
  const mine = (seat: number) => seat === room.seat || (other !== null && seat === other.seat);
  const tag = (seat: number) => (
    <SeatTag
      room={room}
      index={seat}
      mine={mine(seat)}
      emotes={emotes}
      clock={() => (turn(room) === seat ? clock(room) : null)}
    />
  );
  return (
    <>
      {!ownSeats &&
        info.seats.map((seat, i) => <Seat key={i} room={room} index={i} seat={seat} mine={mine(i)} emotes={emotes} />)}
      <div class="scene-board">
        <Table room={acting} startRequest={waiting} showToast={text => session.toaster.show(text)} tag={tag} />
      </div>
      {/* The result replaces the controls: a new key, so that it is mounted and not moved. */}
      <div class="scene-story" key={info.phase === 'ended' ? 'over' : 'on'}>
        <StatusPanel session={session} visit={visit} room={room} />
        {info.phase !== 'waiting' && !other && <EmoteBar room={room} emotes={emotes} />}
      </div>
      {info.phase === 'waiting' && !visit.watching && (
        <Invite
          session={session}
          room={room}
          onBoth={other ? null : () => void visit.takeOtherSeat()}
          onBot={room.seat === info.host ? () => void room.addBot() : null}
        />
      )}
    </>
  );
}
