import type { Room } from '../../client/index.ts';
import { gameOf } from '../games/games.ts';
import type { Play } from '../sound/sounds.ts';

/** Plays the game's sounds, one's turn, and the result. @returns a function that stops them */
export function roomSounds(room: Room, play: Play): () => void {
  const game = gameOf(room);
  let turn = game.turn(room);
  let { phase } = room.info;
  const stops = [
    game.sounds(room, play),
    room.onChange(() => {
      const now = game.turn(room);
      if (now !== turn && now !== null && now === room.seat) play('turn');
      turn = now;
      if (room.info.phase !== phase && room.info.phase === 'ended') play(outcomeOf(room));
      phase = room.info.phase;
    }),
  ];
  return () => stops.forEach(stop => stop());
}

function outcomeOf({ seat, info }: Room): 'won' | 'lost' | 'over' {
  const first = info.result?.ranking[0] ?? [];
  if (seat === null || info.result?.ranking.length === 1) return 'over';
  return first.includes(seat) ? 'won' : 'lost';
}
