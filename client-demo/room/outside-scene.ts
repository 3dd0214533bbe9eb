import type { RoomLike } from '../../client/index.ts';
import type { Subscribe } from '../common/cell.ts';
import { gameOf } from '../games/games.ts';

/**
 * Changes of what surrounds a game's scene: seats, phase, connection. A scene with a tick draws itself many times a
 * second; the rest of the page is rendered only when one of these changes.
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
