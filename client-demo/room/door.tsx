import { useEffect, useState } from 'preact/hooks';
import { Board } from '../games/four-in-a-row/board.tsx';

const patience = 2_500;

/** In front of a table: nearly always so short that only its outline is seen. */
export function Door() {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), patience);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main class="scene is-door">
      <div class="scene-board"><Board board={null} last={null} line={null} match={0} hand={null} pending={null} names={[]} onDrop={() => {}} /></div>
      <section class="story"><h2 class="story-title">One moment…</h2><p class="soft">{long ? 'The server takes its time. This page keeps trying.' : 'Coming to the table.'}</p></section>
    </main>
  );
}
