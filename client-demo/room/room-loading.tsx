import { useEffect, useState } from 'preact/hooks';
import { useHeadingFocus } from '../common/focus.ts';

const longWaitMs = 2_500;

/** Shown while a table loads: an outline, because that is usually short. The game is not known yet. */
export function RoomLoading() {
  const [long, setLong] = useState(false);
  const heading = useHeadingFocus(null);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), longWaitMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main class="scene is-door">
      <div class="scene-board">
        <div class="door-outline" aria-hidden="true" />
      </div>
      <section class="story">
        <h1 class="story-title" ref={heading} tabIndex={-1}>
          One moment…
        </h1>
        <p class="soft">{long ? 'The server takes its time. This page keeps trying.' : 'Coming to the table.'}</p>
      </section>
    </main>
  );
}
