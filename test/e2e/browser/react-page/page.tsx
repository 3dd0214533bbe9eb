/** A page with React, in strict mode, where a test can see how often what is drawn. `seen` is how they meet. */
import { memo, StrictMode, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { connect, inWords, type Room } from '../../../../client/index.ts';
import { predict } from '../../../../client/predict/index.ts';
import { useChanges, useRoom, useSelected, useStatus } from '../../../../client/react/index.ts';
import { race, raceGame } from '../race.ts';
import type { RequestedRoom, Race, PageProbe } from './page-probe.ts';

const client = connect(new URLSearchParams(location.search).get('server')!);
const seen: PageProbe = { rooms: new Set(), draws: { place: 0 }, effects: 0, atClick: null, show: () => {} };
Object.assign(window, { seen });

/** One's own place, drawn again only when it is another. */
const Place = memo(function Place({ room }: { room: Room<Race> }) {
  const at = useSelected(room, r => (r.seat === null ? null : r.state?.at[r.seat]));
  seen.draws.place += 1;
  return <b data-testid="place">{at ?? '–'}</b>;
});

/** One's own place with the step that is not confirmed yet. */
function Guess({ room }: { room: Room<Race> }) {
  const mine = useMemo(() => predict(room, raceGame), [room]);
  useChanges(mine);
  const step = () => {
    void mine.act.step({ by: 1 });
    seen.atClick = mine.state?.at[room.seat ?? 0] ?? null;
  };
  return (
    <button onClick={step}>
      {mine.state?.at[room.seat ?? 0] ?? '–'} +{mine.guessed}
    </button>
  );
}

function Table({ name, which }: { name: string; which: RequestedRoom }) {
  const { room, state, info, status, refused } = useRoom(client, race, which);
  useEffect(() => {
    seen.effects += 1;
  });
  if (refused)
    return (
      <section data-testid={name}>
        {refused.why} ({refused.now})
      </section>
    );
  if (!room) return <section data-testid={name}>{which ? 'entering' : 'nothing'}</section>;
  seen.rooms.add(room);
  return (
    <section data-testid={name} data-room={room.id} data-code={room.code} data-seat={room.seat ?? ''}>
      <p data-testid={`${name}-state`}>
        {info.phase} {state?.at.join(':') ?? ''} {state?.cheers ?? ''}
      </p>
      <p data-testid={`${name}-status`}>
        {status.state} {inWords(status, 0)}
      </p>
      {state && <Place room={room} />}
      {state && <Guess room={room} />}
    </section>
  );
}

function Line() {
  const status = useStatus(client);
  return <p data-testid="line">{status.state}</p>;
}

function App() {
  const [tables, show] = useState<Record<string, RequestedRoom>>({});
  useEffect(() => {
    seen.show = show;
  }, []);
  return (
    <>
      <Line />
      {Object.entries(tables).map(([name, which]) => (
        <Table key={name} name={name} which={which} />
      ))}
    </>
  );
}

createRoot(document.querySelector('main')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
