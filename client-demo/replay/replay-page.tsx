import { useEffect, useState } from 'preact/hooks';
import type { PageSession } from '../session/page-session.ts';
import { refusalTextFor } from '../common/refusal-text.ts';
import { loadReplay, type LoadedReplay, type MissingReplay } from './load-replay.ts';
import { NoReplay } from './no-replay.tsx';
import { ReplayBar } from './replay-bar.tsx';
import { ReplayView } from './replay-view.tsx';

/** The replay of a finished match, at its own address. */
export function ReplayPage({ session, id, match }: { session: PageSession; id: string; match: number }) {
  const [tries, setTries] = useState(0);
  const [state, setState] = useState<{ at: 'loading' } | LoadedReplay | MissingReplay>({ at: 'loading' });
  useEffect(() => {
    let here = true;
    setState({ at: 'loading' });
    void loadReplay(session.client, id, match).then(found => {
      if (here) setState(found);
    });
    return () => {
      here = false;
    };
  }, [session, id, match, tries]);
  return (
    <div class="room">
      <ReplayBar session={session} id={id} match={match} game={state.at === 'found' ? state.game : null} />
      {state.at === 'loading' && <Opening />}
      {state.at === 'missing' && (
        <main class="away">
          <NoReplay id={id} words={refusalTextFor(state.code, state.detail)} onAgain={() => setTries(tries + 1)} />
        </main>
      )}
      {state.at === 'found' && <ReplayView found={state} />}
    </div>
  );
}

/** Shown while loading, which is usually too short for a text. */
function Opening() {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 600);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main class="away" aria-busy="true">
      {long && (
        <p class="soft" role="status">
          Fetching the replay…
        </p>
      )}
    </main>
  );
}
