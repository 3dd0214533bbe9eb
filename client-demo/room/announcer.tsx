import { useEffect, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { gameOf } from '../games/games.ts';
import { describeMatchOutcome } from './seat-text.ts';

/** Announces the match to screen readers. */
export function Announcer({ room, both }: { room: Room; both: boolean }) {
  const { info } = room;
  const text = describe(room, both);
  const [said, setSaid] = useState('');
  // After the board is drawn, so that screen readers treat it as a change.
  useEffect(() => setSaid(text), [text, info.match]);
  return (
    <p class="unseen" aria-live="polite" data-testid="announcer">
      {said}
    </p>
  );
}

function describe(room: Room, both: boolean): string {
  const { info } = room;
  const game = gameOf(room);
  const seated = info.seats.filter(seat => seat !== null);
  if (info.phase === 'waiting')
    return `Waiting at table ${[...room.code].join(' ')}. ${seated.map(seat => seat.name).join(', ')} ${seated.length === 1 ? 'is' : 'are'} here.`;
  const away = seated
    .filter(s => !s.here && !s.out)
    .map(s => `${s.name} is away.`)
    .join(' ');
  if (info.phase === 'ended')
    return `${game.lastMove(room)} ${result(room, both ? null : room.seat)} ${game.ending(room)}`;
  const turn = game.turn(room);
  const next =
    turn === null
      ? ''
      : turn === room.seat && !both
        ? 'Your turn.'
        : `${info.seats[turn]?.name ?? 'The other side'} to move.`;
  return `${game.lastMove(room)} ${next} ${away}`;
}

/** Who won, and one's own rank if that says more. */
function result(room: Room, seat: number | null): string {
  const ranking = room.info.result?.ranking ?? [];
  const own = `${describeMatchOutcome(room, seat)}.`;
  if (seat === null || ranking[0]?.includes(seat)) return own;
  return ranking.flat().length > 2
    ? `${describeMatchOutcome(room, null)}. ${own}`
    : `${describeMatchOutcome(room, null)}.`;
}
