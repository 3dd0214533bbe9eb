import type { Room, RoomLike } from '../../../client/index.ts';
import type { DefOf } from '../../../shared/contract.ts';
import type { arena, Arena } from '../../../shared/games/arena/contract.ts';
import { hz, isOpen } from '../../../shared/games/arena/ground.ts';
import { ranking, total } from '../../../shared/games/arena/standings.ts';

export type ArenaRoom = Room<DefOf<typeof arena>>;
/** A live or a recorded room. */
export type ArenaRoomLike = RoomLike<DefOf<typeof arena>>;
/** Narrows a room of any game to this game. */
export const asArena = (room: RoomLike): ArenaRoomLike => room as unknown as ArenaRoomLike;

export const nameOf = (room: ArenaRoomLike, seat: number): string =>
  seat === room.seat ? 'You' : (room.players[seat]?.name ?? 'Somebody');
export const secondsLeft = (s: Arena): number => Math.max(0, Math.ceil((s.until - s.tick) / hz));

/** A row of the score list. */
export interface ScoreRow {
  seat: number;
  place: number;
  name: string;
  total: number;
  held: number;
  down: boolean;
  mine: boolean;
}

/** The scores, best first, without players who left. */
export function scoreRows(room: ArenaRoomLike): ScoreRow[] {
  const { state: s } = room;
  if (!s) return [];
  let place = 1;
  return ranking(s).flatMap(seats => {
    const tied = seats
      .filter(seat => !s.pilots[seat]!.gone)
      .map(seat => {
        const pilot = s.pilots[seat]!;
        return {
          seat,
          place,
          name: nameOf(room, seat),
          total: total(pilot),
          held: pilot.held,
          down: pilot.back > 0,
          mine: seat === room.seat,
        };
      });
    place += seats.length;
    return tied;
  });
}

/** What the score list, the clock and the texts show: they are rendered only when this changes. */
export function displayKey(room: ArenaRoomLike): string {
  const { state: s, info } = room;
  const seats = info.seats.map(seat => seat && `${seat.name}${seat.here}`).join();
  if (!s) return `${info.phase} ${seats}`;
  return [
    info.phase,
    room.seat,
    s.round,
    s.phase,
    secondsLeft(s),
    isOpen(s, s.tick),
    s.pilots.map(pilot => `${total(pilot)} ${pilot.back > 0}`).join(),
    seats,
  ].join('/');
}
