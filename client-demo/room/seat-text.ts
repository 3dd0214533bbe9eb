import type { PublicSeat, RoomLike } from '../../client/index.ts';

/** Whether the player left for good in this match. */
export const hasLeft = (seat: PublicSeat): boolean => seat.out && !seat.here;

/** Minutes and seconds. */
export function formatCountdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

/** Why a player is not simply present; empty if they are. */
export function describeAbsence(room: RoomLike, seat: PublicSeat): string {
  if (hasLeft(seat)) return 'has left';
  if (seat.here) return '';
  return seat.until === null ? 'away' : `away, held ${formatCountdown(seat.until - room.now())}`;
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];
export const ordinal = (place: number): string => ordinals[place - 1] ?? `${place}th`;

export interface RankedSeat {
  seat: number;
  place: number;
  shared: boolean;
}

/** The ranking, one row per seat. After a shared rank, the following ranks are skipped. */
export function rankSeats(ranking: readonly (readonly number[])[]): RankedSeat[] {
  let place = 1;
  return ranking.flatMap(seats => {
    const placed = seats.map(seat => ({ seat, place, shared: seats.length > 1 }));
    place += seats.length;
    return placed;
  });
}

/** The result as seen from a seat, or by a spectator (null). */
export function describeMatchOutcome(room: RoomLike, seat: number | null): string {
  const placed = rankSeats(room.info.result?.ranking ?? []);
  const first = placed.filter(({ place }) => place === 1);
  const own = placed.find(p => p.seat === seat);
  if (first.length === placed.length) return 'A draw';
  if (!own)
    return `${first.map(p => room.players[p.seat]?.name ?? 'The other side').join(' and ')} ${first.length > 1 ? 'share the win' : 'wins'}`;
  if (own.place === 1) return own.shared ? 'You share the win' : 'You win';
  if (placed.length === 2) return 'You lose';
  return `You ${own.shared ? 'share' : 'come'} ${ordinal(own.place)}${own.shared ? ' place' : ''}`;
}
