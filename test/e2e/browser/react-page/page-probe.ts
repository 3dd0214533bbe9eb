import type { Room } from '../../../../client/index.ts';
import type { Which } from '../../../../client/react/index.ts';
import type { race } from '../race.ts';

export type Race = typeof race.def;
export type RequestedRoom = Which<Race> | null;

/** What the test sees of the page, and what it tells it to show. */
export interface PageProbe {
  readonly rooms: Set<Room<Race>>;
  draws: { place: number };
  effects: number;
  /** What the prediction showed in the turn of the click. */
  atClick: number | null;
  show(tables: Record<string, RequestedRoom>): void;
}
