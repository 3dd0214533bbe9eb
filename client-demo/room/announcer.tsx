import { useEffect, useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { gameOf } from '../games/games.ts';

/** Says what happens to those who do not see the board. */
export function Announcer({ room, both }: { room: Room; both: boolean }) {
  const { info } = room;
  const text = describe(room, both);
  const [said, setSaid] = useState('');
  // After the board has been drawn, so that screen readers take it for news.
  useEffect(() => setSaid(text), [text, info.match]);
  return <p class="unseen" aria-live="polite" data-testid="announcer">{said}</p>;
}

function describe(room: Room, both: boolean): string {
  const { info } = room;
  const game = gameOf(room);
  if (info.phase === 'waiting') return `Waiting at table ${[...room.code].join(' ')}.`;
  const away = info.seats.filter(s => s && !s.here && !s.out).map(s => `${s!.name} is away.`).join(' ');
  if (info.phase === 'ended') {
    const [first, ...rest] = info.result?.ranking ?? [];
    const end = !first || rest.length === 0 ? 'A draw.' : !both && first.includes(room.seat ?? -1) ? 'You win.' : `${info.seats[first[0]!]?.name ?? 'The other side'} wins.`;
    return `${game.lastMove(room)} ${end} ${game.ending(room)}`;
  }
  const turn = game.turn(room);
  const next = turn === null ? '' : turn === room.seat && !both ? 'Your turn.' : `${info.seats[turn]?.name ?? 'The other side'} to move.`;
  return `${game.lastMove(room)} ${next} ${away}`;
}
