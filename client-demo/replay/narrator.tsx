import { useEffect, useState } from 'preact/hooks';
import { useCell } from '../common/cell.ts';
import type { LoadedReplay } from './load-replay.ts';
import { lastMarkWithin, describePosition } from './track.ts';

/** How long (ms of the match) an event stays in the text. */
const captionMs = 1_800;
/** Delay before a move is announced, so that skipping over moves announces only the last. */
const announceDelayMs = 250;

/** The shown move, or the last event, as one line. */
export function captionOf({ game, room, player, outcome }: LoadedReplay): string {
  const { track } = player;
  const place = player.position.value;
  if (track.by === 'time')
    return place >= track.end ? `${outcome}.` : (lastMarkWithin(track, place, captionMs)?.text ?? '');
  const move = game.lastMove(room);
  if (place >= track.end) return `${move} ${outcome}.`.trim();
  return move || 'Nobody has moved yet.';
}

/** The same for screen readers: while paused, or at the pace of moves. */
export function Narrator({ found }: { found: LoadedReplay }) {
  const { player } = found;
  const { track } = player;
  const place = useCell(player.position);
  const playing = useCell(player.playing);
  const [said, setSaid] = useState('');
  // a live region cannot follow 60 frames a second; the table announces the score itself
  const quiet = playing && track.by === 'time';
  useEffect(() => {
    if (quiet) return;
    const timer = setTimeout(() => {
      // A focused slider announces its value itself.
      if (document.activeElement?.getAttribute('type') !== 'range')
        setSaid(`${describePosition(track, place)}. ${captionOf(found)}`);
    }, announceDelayMs);
    return () => clearTimeout(timer);
  }, [found, track, place, quiet]);
  return (
    <p class="unseen" aria-live="polite" data-testid="narrator">
      {said}
    </p>
  );
}
