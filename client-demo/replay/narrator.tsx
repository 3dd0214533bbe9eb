import { useEffect, useState } from 'preact/hooks';
import { useCell } from '../cell.ts';
import type { Found } from './load.ts';
import { lately, placeInWords } from './track.ts';

/** What has happened stays to be read for so long (ms of the match). */
const told = 1_800;
/** Who goes over many moves hears of the one where they stay. */
const settles = 250;

/** What is shown, in one line: the move, or the last thing that happened. */
export function captionOf({ game, room, player, outcome }: Found): string {
  const { track } = player;
  const place = player.place.value;
  if (track.by === 'time') return place >= track.end ? `${outcome}.` : lately(track, place, told)?.text ?? '';
  const move = game.lastMove(room);
  if (place >= track.end) return `${move} ${outcome}.`.trim();
  return move || 'Nobody has moved yet.';
}

/** The same for those who hear the page: where it stands still, or at the pace of moves. */
export function Narrator({ found }: { found: Found }) {
  const { player } = found;
  const { track } = player;
  const place = useCell(player.place);
  const playing = useCell(player.playing);
  const [said, setSaid] = useState('');
  const quiet = playing && track.by === 'time'; // a live region cannot follow sixty frames a second; the table's own says how it stands
  useEffect(() => {
    if (quiet) return;
    const timer = setTimeout(() => {
      // The slider says its place itself to whoever is on it.
      if (document.activeElement?.getAttribute('type') !== 'range') setSaid(`${placeInWords(track, place)}. ${captionOf(found)}`);
    }, settles);
    return () => clearTimeout(timer);
  }, [found, track, place, quiet]);
  return <p class="unseen" aria-live="polite" data-testid="narrator">{said}</p>;
}
