import type { RoomLike } from '../../client/index.ts';
import type { Subscribe } from '../common/cell.ts';
import { gameOf } from '../games/games.ts';

/**
 * Changes of what stands around a game's scene. A game with a tick changes many times a second, and its own scene shows
 * that by itself: seats, phase and connection need drawing only when one of them is another.
 */
export function subscribeOutsideScene(room: RoomLike): Subscribe {
  if (!gameOf(room).contract.def.tick) return room.onChange;
  const look = () =>
    JSON.stringify([
      room.info.phase,
      room.info.match,
      room.info.host,
      room.info.seats,
      room.info.result,
      room.term,
      room.live,
      room.pending,
      room.watchers,
      room.ended,
    ]);
  return fn => {
    let seen = look();
    return room.onChange(() => {
      const now = look();
      if (now === seen) return;
      seen = now;
      fn();
    });
  };
}
