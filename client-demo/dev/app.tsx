import { useEffect, useState } from 'preact/hooks';
import type { GamesReply } from '../../shared/dev-protocol.ts';
import { WorkbenchView } from './workbench-view.tsx';
import { Workbench } from './workbench.ts';
import { hashOf, readSetup, setupFor, type Setup } from './setup.ts';
import { SetupForm } from './setup-form.tsx';

export function App() {
  const [served, setServed] = useState<GamesReply | 'failed' | null>(null);
  useEffect(() => {
    fetch('games.json').then(
      async reply => setServed(reply.ok ? ((await reply.json()) as GamesReply) : 'failed'),
      () => setServed('failed'),
    );
  }, []);
  if (served === null) return null;
  if (served === 'failed' || served.games.length === 0)
    return (
      <main class="set-up">
        <p>{served === 'failed' ? 'The server does not answer, or is not in dev mode.' : 'The server has no games.'}</p>
      </main>
    );
  return <Author served={served} />;
}

function Author({ served: { games, sockets, guests } }: { served: GamesReply }) {
  const [setup, setSetup] = useState<Setup>(() => readSetup(location.hash, games) ?? setupFor(games[0]!));
  const [bench, setBench] = useState<Workbench | null>(null);
  const [opened, setOpened] = useState(0);
  const change = (next: Setup) => {
    setSetup(next);
    history.replaceState(null, '', hashOf(next));
  };
  const open = () => {
    bench?.close();
    const next = { ...setup, go: true };
    change(next);
    setOpened(n => n + 1);
    setBench(
      new Workbench(
        next,
        games.find(g => g.name === next.game)!,
        sockets,
      ),
    );
  };
  const setUp = () => {
    bench?.close();
    change({ ...setup, go: false });
    setBench(null);
  };
  useEffect(() => {
    if (setup.go) open();
  }, []);
  useEffect(() => {
    document.title = `${bench ? `${bench.game.value.name} · ` : ''}Rejoin dev`;
  }, [bench]);
  return bench ? (
    <WorkbenchView key={opened} bench={bench} again={open} setUp={setUp} />
  ) : (
    <SetupForm games={games} guests={guests} setup={setup} change={change} start={open} />
  );
}
