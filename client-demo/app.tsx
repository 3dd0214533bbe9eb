import { useEffect, useState } from 'preact/hooks';
import { useCell, useSources } from './common/cell.ts';
import { Paints } from './games/common/disc.tsx';
import { Home } from './home/home.tsx';
import type { Arrival } from './session/identity.ts';
import { useHeadingFocus } from './common/focus.ts';
import { replaceRoute, useRoute } from './session/route.ts';
import { ReplayPage } from './replay/replay-page.tsx';
import { RoomPage } from './room/room-page.tsx';
import { DuplicateWindowPrompt } from './duplicate-window-prompt.tsx';
import { PageSession } from './session/page-session.ts';
import { Toasts } from './status/toasts.tsx';
import type { Windows } from './session/windows.ts';
import { refusalTextFor } from './common/refusal-text.ts';

export function App({ arrival, windows }: { arrival: Arrival; windows: Windows }) {
  const [session, setSession] = useState(() =>
    arrival.is === 'known' ? new PageSession(arrival.player, windows) : null,
  );
  if (session) return <Screens session={session} />;
  const { twin } = arrival as Arrival & { is: 'open question' };
  const watch = () => {
    if (twin.room) replaceRoute({ page: 'room', id: twin.room.id, watch: true });
    setSession(new PageSession('own', windows));
  };
  return (
    <DuplicateWindowPrompt
      twin={twin}
      onChoose={player => setSession(new PageSession(player, windows))}
      onWatch={watch}
    />
  );
}

function Screens({ session }: { session: PageSession }) {
  const route = useRoute();
  useSources(session.client.onStatus);
  const visit = useCell(session.visit);
  const { status } = session.client;
  useEffect(() => {
    document.title =
      route.page === 'replay'
        ? 'Replay · Rejoin'
        : route.page === 'home' || !visit?.room
          ? 'Rejoin'
          : `${visit.room.code} · Rejoin`;
  }, [route, visit, visit?.room]);
  return (
    <>
      <Paints />
      {status.state === 'refused' ? (
        <NotLetIn code={status.refusal.code} detail={status.refusal.detail} />
      ) : route.page === 'home' ? (
        <Home session={session} />
      ) : route.page === 'replay' ? (
        <ReplayPage key={`${route.room}/${route.match}`} session={session} id={route.room} match={route.match} />
      ) : (
        <RoomPage session={session} route={route} />
      )}
      <Toasts toaster={session.toaster} />
    </>
  );
}

function NotLetIn({ code, detail }: { code: string; detail: string | undefined }) {
  const { title, text } = refusalTextFor(code, detail);
  const heading = useHeadingFocus(code);
  return (
    <main class="away">
      <section class="remedies" role="alert" data-testid="refusal">
        <h1 class="story-title" ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p class="soft">{text}</p>
        <div class="row">
          <button type="button" class="button is-primary" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </section>
    </main>
  );
}
