import type { Ranking } from '../../contract.ts';
import type { Arena, Pilot } from './contract.ts';

export const total = (pilot: Pilot): number => pilot.score + pilot.held;

/** Seats by total gems; ties share a place. Players who left come last. */
export function ranking(s: Arena): Ranking {
  const worth = (seat: number) => total(s.pilots[seat]!) - (s.pilots[seat]!.gone ? 1e6 : 0);
  const seats = s.pilots.map((_pilot, seat) => seat).sort((a, b) => worth(b) - worth(a) || a - b);
  return seats.reduce<number[][]>((places, seat) => {
    const tied = places.at(-1);
    if (tied && worth(tied[0]!) === worth(seat)) tied.push(seat);
    else places.push([seat]);
    return places;
  }, []);
}
