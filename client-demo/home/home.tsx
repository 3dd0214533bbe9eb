import { useEffect, useState } from 'preact/hooks';
import { Logo } from '../logo.tsx';
import { useCell } from '../cell.ts';
import type { Wish } from '../find-room.ts';
import { games } from '../games/games.ts';
import { useLanding } from '../landing.ts';
import { go } from '../route.ts';
import type { Session } from '../session.ts';
import { LineStatus } from '../status/line-status.tsx';
import { wordsFor } from '../words.ts';
import { ColourField } from './colour-field.tsx';
import { GameCard } from './game-card.tsx';
import { JoinByCode } from './join-by-code.tsx';
import { KeptSeatCard } from './kept-seat-card.tsx';
import { NameField } from './name-field.tsx';
import { OpenRooms } from './open-rooms.tsx';

/** What this is, and every way to a table. */
export function Home({ session }: { session: Session }) {
  useEffect(() => session.goHome(), [session]);
  const { clustered } = useCell(session.config);
  const [wanted, setWanted] = useState<Wish | null>(null);
  const [problem, setProblem] = useState('');
  const heading = useLanding(null);

  async function begin(wish: Wish): Promise<void> {
    if (wanted !== null) return;
    setWanted(wish);
    setProblem('');
    const visit = await session.begin(wish);
    setWanted(null);
    const { value } = visit.state;
    if (value.at !== 'turned away') return;
    const { title } = wordsFor(value.code, value.detail);
    if (wish.how !== 'code') return session.toaster.say(title);
    // A table that exists but has no seat: its own page says what else can be done there.
    if (value.code !== 'bad-code') return go({ page: 'code', code: wish.code });
    setProblem(title);
  }

  const wantedGame = wanted && 'game' in wanted ? wanted.game : null;
  return (
    <div class="home">
      <header class="bar">
        <Logo />
        <span class="bar-gap" />
        <LineStatus client={session.client} room={null} nodes={clustered} />
      </header>
      <main class="home-main">
        <section class="pitch">
          <h1 ref={heading} tabIndex={-1}>Games that <em>go on.</em></h1>
          <p class="lead">{clustered
            ? 'Play with friends, strangers or bots. Kill the server in mid-game: another one goes on, and nobody loses a move.'
            : 'Play with friends, strangers or bots. Lose the connection, close the tab, come back: your seat is kept.'}</p>
        </section>
        <section class="you" aria-label="You">
          <NameField session={session} />
          <JoinByCode busy={wanted !== null} onCode={code => begin({ how: 'code', code, watch: false })} problem={problem} onProblem={setProblem} />
          <ColourField session={session} />
        </section>
        <KeptSeatCard session={session} />
        <div class="games">
          {games.map(game => <GameCard key={game.title} game={game} busy={wanted?.how ?? null} mine={wantedGame === game} onWish={wish => void begin(wish)} />)}
        </div>
        <OpenRooms session={session} />
        {session.player === 'own' && <p class="soft own-player">This window is a player of its own, so that it can play against your other one.</p>}
      </main>
    </div>
  );
}
