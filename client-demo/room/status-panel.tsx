import type { Room } from '../../client/index.ts';
import { useRedrawInterval } from '../common/cell.ts';
import { gameOf } from '../games/games.ts';
import type { PageSession } from '../session/page-session.ts';
import type { Visit } from '../session/visit.ts';
import { Ended } from './ended.tsx';

/** An interruption longer than this (ms) is shown. */
const toleratedBreakMs = 3_000;

/** What is happening, as one line, and what the player can do. */
export function StatusPanel({ session, visit, room }: { session: PageSession; visit: Visit; room: Room }) {
  const { phase } = room.info;
  const { status } = session.client;
  const cut = status.state === 'reconnecting';
  useRedrawInterval(500, cut);
  if (cut && Date.now() - status.since > toleratedBreakMs)
    return (
      <StatusMessage
        title="No connection"
        text={
          visit.watching
            ? 'This page keeps trying, and goes on by itself.'
            : 'Your seat is kept for a while. This page keeps trying, and goes on by itself.'
        }
      />
    );
  if (phase === 'waiting') return <Waiting visit={visit} room={room} />;
  if (phase === 'quarantined')
    return <StatusMessage title="This table is closed" text="Its game failed too often and was taken out of play." />;
  if (phase === 'ended') return <Ended session={session} visit={visit} room={room} />;
  return <Playing visit={visit} room={room} />;
}

function Waiting({ visit, room }: { visit: Visit; room: Room }) {
  if (visit.watching)
    return <StatusMessage title="Nobody plays yet" text="The match begins when both seats are taken." />;
  if (room.info.private)
    return (
      <StatusMessage
        title="Waiting for your friend"
        text="Give them the code, or the link. The match begins when they sit down."
      />
    );
  return (
    <StatusMessage title="Waiting for somebody" text="Whoever presses Play next sits down here. Or invite a friend." />
  );
}

function Playing({ visit, room }: { visit: Visit; room: Room }) {
  const game = gameOf(room);
  const turn = game.turn(room);
  const seat = turn === null ? null : room.players[turn];
  if (game.ownSeats) return visit.watching ? <StatusMessage title="" text="You are watching." /> : null;
  if (visit.other.value)
    return (
      <StatusMessage
        title={`${seat?.name ?? ''} to move`}
        text="You play both seats: the board acts for whoever’s turn it is."
      />
    );
  if (turn === room.seat) return <StatusMessage title="Your turn" text={game.howTo ?? ''} />;
  const text =
    seat && !seat.here
      ? 'They have lost the connection. Their seat is kept for a while.'
      : visit.watching
        ? 'You are watching.'
        : 'Lean back for a moment.';
  return <StatusMessage title={`${seat?.name ?? 'The other side'} to move`} text={text} />;
}

export function StatusMessage({ title, text }: { title: string; text: string }) {
  return (
    <section class="story" aria-label="What is going on">
      {title && (
        <h2 class="story-title" data-testid="story">
          {title}
        </h2>
      )}
      <p class="soft">{text}</p>
    </section>
  );
}
