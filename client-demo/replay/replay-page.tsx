import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../session.ts';
import { wordsFor } from '../words.ts';
import { load, type Found, type Missing } from './load.ts';
import { NoReplay } from './no-replay.tsx';
import { ReplayBar } from './replay-bar.tsx';
import { Theatre } from './theatre.tsx';

/** A finished match, to be watched again; behind its own address. */
export function ReplayPage({ session, id, match }: { session: Session; id: string; match: number }) {
  const [tries, setTries] = useState(0);
  const [state, setState] = useState<{ at: 'loading' } | Found | Missing>({ at: 'loading' });
  useEffect(() => {
    let here = true;
    setState({ at: 'loading' });
    void load(session.client, id, match).then(found => { if (here) setState(found); });
    return () => { here = false; };
  }, [session, id, match, tries]);
  return (
    <div class="room">
      <ReplayBar session={session} id={id} match={match} game={state.at === 'found' ? state.game : null} />
      {state.at === 'loading' && <Opening />}
      {state.at === 'missing' && <main class="away"><NoReplay id={id} words={wordsFor(state.code, state.detail)} onAgain={() => setTries(tries + 1)} /></main>}
      {state.at === 'found' && <Theatre found={state} />}
    </div>
  );
}

/** So short, nearly always, that nothing is to be said. */
function Opening() {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 600);
    return () => clearTimeout(timer);
  }, []);
  return <main class="away" aria-busy="true">{long && <p class="soft" role="status">Fetching the replay…</p>}</main>;
}
