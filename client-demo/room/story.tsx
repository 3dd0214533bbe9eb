import { useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { useTicking } from '../cell.ts';
import { gameOf } from '../games/games.ts';
import { go } from '../route.ts';
import type { Session } from '../session.ts';
import type { Visit } from '../visit.ts';

/** A break longer than this (ms) is what is going on. */
const bearable = 3_000;

/** What is going on, in one line, and what can be done about it. */
export function Story({ session, visit, room }: { session: Session; visit: Visit; room: Room }) {
  const { phase } = room.info;
  const { status } = session.client;
  const cut = status.state === 'reconnecting';
  useTicking(500, cut);
  if (cut && Date.now() - status.since > bearable) return <Said title="No connection" text={visit.watching ? 'This page keeps trying, and goes on by itself.' : 'Your seat is kept for a while. This page keeps trying, and goes on by itself.'} />;
  if (phase === 'waiting') return <Waiting visit={visit} room={room} />;
  if (phase === 'quarantined') return <Said title="This table is closed" text="Its game failed too often and was taken out of play." />;
  if (phase === 'ended') return <Ended session={session} visit={visit} room={room} />;
  return <Playing visit={visit} room={room} />;
}

function Waiting({ visit, room }: { visit: Visit; room: Room }) {
  if (visit.watching) return <Said title="Nobody plays yet" text="The match begins when both seats are taken." />;
  if (room.info.private) return <Said title="Waiting for your friend" text="Give them the code, or the link. The match begins when they sit down." />;
  return <Said title="Waiting for somebody" text="Whoever presses Play next sits down here. Or invite a friend." />;
}

function Playing({ visit, room }: { visit: Visit; room: Room }) {
  const turn = gameOf(room).turn(room);
  const seat = turn === null ? null : room.players[turn];
  if (visit.other.value) return <Said title={`${seat?.name ?? ''} to move`} text="You play both seats: the board acts for whoever’s turn it is." />;
  if (turn === room.seat) return <Said title="Your turn" text="Choose a column: click, tap, or press 1 to 7." />;
  const text = seat && !seat.here ? 'They have lost the connection. Their seat is kept for a while.' : visit.watching ? 'You are watching.' : 'Lean back for a moment.';
  return <Said title={`${seat?.name ?? 'The other side'} to move`} text={text} />;
}

function Ended({ session, visit, room }: { session: Session; visit: Visit; room: Room }) {
  const [asked, setAsked] = useState(false);
  const { info } = room;
  const both = visit.other.value !== null;
  const me = room.seat === null ? null : room.players[room.seat]!;
  const others = info.seats.filter((_s, i) => i !== room.seat);
  const alone = others.every(s => s === null || (s.out && !s.here));
  const opponent = others.find(s => s !== null);

  function rematch(): void {
    setAsked(true);
    void Promise.all([room.rematch(), visit.other.value?.rematch()]).finally(() => setAsked(false));
  }

  return (
    <section class="story" aria-label="Result">
      <h2 class="story-title" data-testid="result">{resultOf(room, both)}</h2>
      <p class="soft">{gameOf(room).ending(room)} {!both && opponent?.rematch && !me?.rematch ? `${opponent.name} wants a rematch.` : ''}{me?.rematch && !alone && opponent ? `Waiting for ${opponent.name}.` : ''}</p>
      <div class="row">
        {me && !alone && <button type="button" class="button is-primary" disabled={asked || me.rematch} onClick={rematch}>{me.rematch ? 'Rematch asked' : 'Rematch'}</button>}
        {me && alone && <button type="button" class="button is-primary" onClick={() => void session.begin({ how: 'quick' })}>Find another game</button>}
        <button type="button" class="button" onClick={() => go({ page: 'home' })}>Home</button>
      </div>
    </section>
  );
}

function resultOf(room: Room, both: boolean): string {
  const [first, ...rest] = room.info.result?.ranking ?? [];
  if (!first || rest.length === 0) return 'A draw';
  if (!both && room.seat !== null) return first.includes(room.seat) ? 'You win' : 'You lose';
  return `${room.players[first[0]!]?.name ?? 'The other side'} wins`;
}

export function Said({ title, text }: { title: string; text: string }) {
  return <section class="story" aria-label="What is going on"><h2 class="story-title" data-testid="story">{title}</h2><p class="soft">{text}</p></section>;
}
