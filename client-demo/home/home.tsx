import { useEffect, useState } from 'preact/hooks';
import { Logo } from '../logo.tsx';
import { useCell } from '../cell.ts';
import { go } from '../route.ts';
import type { Session } from '../session.ts';
import { LineStatus } from '../status/line-status.tsx';
import type { Wish } from '../visit.ts';
import { wordsFor } from '../words.ts';
import { HeroBoard } from './hero-board.tsx';
import { JoinByCode } from './join-by-code.tsx';
import { KeptSeatCard } from './kept-seat-card.tsx';
import { NameField } from './name-field.tsx';
import { OpenRooms } from './open-rooms.tsx';

/** What this is, and every way to a table. */
export function Home({ session }: { session: Session }) {
  useEffect(() => session.goHome(), [session]);
  const { clustered } = useCell(session.config);
  const [busy, setBusy] = useState<Wish['how'] | null>(null);
  const [problem, setProblem] = useState('');

  async function begin(wish: Wish): Promise<void> {
    setBusy(wish.how);
    setProblem('');
    const visit = await session.begin(wish);
    setBusy(null);
    const { value } = visit.state;
    if (value.at !== 'turned away') return;
    // A table that exists but has no seat: its own page says what else can be done there.
    if (wish.how === 'code' && value.code !== 'bad-code') return go({ page: 'code', code: wish.code });
    setProblem(wordsFor(value.code, value.detail).title);
  }

  return (
    <div class="home">
      <header class="bar">
        <Logo />
        <span class="bar-gap" />
        <LineStatus client={session.client} room={null} nodes={clustered} />
      </header>
      <main class="home-main">
        <section class="pitch">
          <h1>Four in a Row that <em>goes on.</em></h1>
          <p class="lead">{clustered
            ? 'Play with anyone, anywhere. Kill the server in mid-game: another one goes on, and nobody loses a move.'
            : 'Play with anyone, anywhere. Lose the connection, close the tab, come back: your seat is kept.'}</p>
          <KeptSeatCard session={session} />
          <form class="start" onSubmit={event => { event.preventDefault(); void begin({ how: 'quick' }); }}>
            <NameField session={session} />
            <button type="submit" class="button is-primary is-big" disabled={busy !== null}>{busy === 'quick' ? 'Finding a table…' : 'Play'}</button>
          </form>
          <div class="ways">
            <button type="button" class="button" disabled={busy !== null} onClick={() => void begin({ how: 'private' })}>Play with a friend</button>
            <button type="button" class="button" disabled={busy !== null} onClick={() => void begin({ how: 'both' })}>Play both seats</button>
          </div>
          <JoinByCode busy={busy !== null} onCode={code => begin({ how: 'code', code })} problem={problem} onProblem={setProblem} />
          {session.player === 'own' && <p class="soft own-player">This window is a player of its own, so that it can play against your other one.</p>}
        </section>
        <HeroBoard />
        <OpenRooms session={session} />
      </main>
    </div>
  );
}
