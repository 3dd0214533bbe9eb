import { useEffect, useState } from 'preact/hooks';
import { useCell } from '../common/cell.ts';
import type { LoadedReplay } from './load-replay.ts';
import { lastMarkWithin, describePosition } from './track.ts';

/** What has happened stays to be read for so long (ms of the match). */
const captionMs = 1_800;
/** Who goes over many moves hears of the one where they stay. */
const announceDelayMs = 250;

/** What is shown, in one line: the move, or the last thing that happened. */
export function captionOf({ game, room, player, outcome }: LoadedReplay): string {
  const { track } = player;
  const place = player.position.value;
  if (track.by === 'time')
    return place >= track.end ? `${outcome}.` : (lastMarkWithin(track, place, captionMs)?.text ?? '');
  const move = game.lastMove(room);
  if (place >= track.end) return `${move} ${outcome}.`.trim();
  return move || 'Nobody has moved yet.';
}

/** The same for those who hear the page: where it stands still, or at the pace of moves. */
export function Narrator({ found }: { found: LoadedReplay }) {
  const { player } = found;
  const { track } = player;
  const place = useCell(player.position);
  const playing = useCell(player.playing);
  const [said, setSaid] = useState('');
  // a live region cannot follow sixty frames a second; the table's own says how it stands
  const quiet = playing && track.by === 'time';
  useEffect(() => {
    if (quiet) return;
    const timer = setTimeout(() => {
      // The slider says its place itself to whoever is on it.
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
