import { useEffect, useState } from 'preact/hooks';
import { Logo } from '../common/logo.tsx';
import { useCell } from '../common/cell.ts';
import type { RoomRequest } from '../session/find-room.ts';
import { games } from '../games/games.ts';
import { useHeadingFocus } from '../common/focus.ts';
import { go } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';
import { ConnectionStatus } from '../status/connection-status.tsx';
import { refusalTextFor } from '../common/refusal-text.ts';
import { ColorField } from './color-field.tsx';
import { GameCard } from './game-card.tsx';
import { JoinByCode } from './join-by-code.tsx';
import { KeptSeatCard } from './kept-seat-card.tsx';
import { NameField } from './name-field.tsx';
import { OpenRooms } from './open-rooms.tsx';

/** The start page: what this is, and every way to a table. */
export function Home({ session }: { session: PageSession }) {
  useEffect(() => session.goHome(), [session]);
  const { clustered } = useCell(session.config);
  const [wanted, setWanted] = useState<RoomRequest | null>(null);
  const [problem, setProblem] = useState('');
  const heading = useHeadingFocus(null);

  async function begin(wish: RoomRequest): Promise<void> {
    if (wanted !== null) return;
    setWanted(wish);
    setProblem('');
    const visit = await session.enterRoom(wish);
    setWanted(null);
    const { value } = visit.state;
    if (value.at !== 'turned away') return;
    const { title } = refusalTextFor(value.code, value.detail);
    if (wish.how !== 'code') return session.toaster.show(title);
    // The table exists but has no seat: its page offers the alternatives.
    if (value.code !== 'bad-code') return go({ page: 'code', code: wish.code });
    setProblem(title);
  }

  const wantedGame = wanted && 'game' in wanted ? wanted.game : null;
  return (
    <div class="home">
      <header class="bar">
        <Logo />
        <span class="bar-gap" />
        <ConnectionStatus client={session.client} room={null} nodes={clustered} />
      </header>
      <main class="home-main">
        <section class="pitch">
          <h1 ref={heading} tabIndex={-1}>
            Games that <em>go on.</em>
          </h1>
          <p class="lead">
            {clustered
              ? 'Play with friends, strangers or bots. Kill the server in mid-game: another one goes on, and nobody loses a move.'
              : 'Play with friends, strangers or bots. Lose the connection, close the tab, come back: your seat is kept.'}
          </p>
        </section>
        <section class="you" aria-label="You">
          <NameField session={session} />
          <JoinByCode
            busy={wanted !== null}
            onCode={code => begin({ how: 'code', code, watch: false })}
            problem={problem}
            onProblem={setProblem}
          />
          <ColorField session={session} />
        </section>
        <KeptSeatCard session={session} />
        <div class="games">
          {games.map(game => (
            <GameCard
              key={game.title}
              game={game}
              busy={wanted?.how ?? null}
              mine={wantedGame === game}
              onRequest={wish => void begin(wish)}
            />
          ))}
        </div>
        <OpenRooms session={session} />
        {session.player === 'own' && (
          <p class="soft own-player">This window is a player of its own, so that it can play against your other one.</p>
        )}
      </main>
    </div>
  );
}
