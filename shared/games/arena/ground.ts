import type { Random } from '../../random.ts';
import type { Arena } from './contract.ts';
import { fromMiddle, middle, quotient } from './motion.ts';

export const hz = 20;
/** Radius of the floor at the start and at the end of a round. */
export const rimWide = 1_900;
export const rimNarrow = 760;
/** Slots for gems. */
export const slots = 32;
export const gemSize = 75;
export const starWorth = 5;

/** Radius of the floor at a tick, which may be fractional. */
export function rimAt(s: Pick<Arena, 'phase' | 'closes' | 'until'>, tick: number): number {
  if (s.phase !== 'play' || tick <= s.closes) return rimWide;
  return rimWide - quotient((rimWide - rimNarrow) * (Math.min(tick, s.until) - s.closes), s.until - s.closes);
}
export const isOpen = (s: Pick<Arena, 'phase' | 'closes'>, tick: number): boolean =>
  s.phase === 'play' && tick > s.closes;

export interface Gem {
  worth: number;
  x: number;
  y: number;
}
export const packGem = ({ worth, x, y }: Gem): number => worth * 100_000_000 + x * 10_000 + y;
/** Null for an empty slot. */
export const unpackGem = (packed: number): Gem | null =>
  packed === 0
    ? null
    : { worth: Math.floor(packed / 100_000_000), x: Math.floor(packed / 10_000) % 10_000, y: packed % 10_000 };

/** Sixteen directions, in thousandths. A table, because engines may differ in the last digit of a cosine. */
const cosines = [1_000, 924, 707, 383, 0, -383, -707, -924, -1_000, -924, -707, -383, 0, 383, 707, 924] as const;
export const directionVector = (n: number): [x: number, y: number] => [cosines[n & 15]!, cosines[(n + 12) & 15]!];

/** Start positions: evenly spaced on a circle. */
export function startPoint(seat: number, seats: number): { x: number; y: number } {
  const [x, y] = directionVector(Math.floor((seat * 16) / Math.max(1, seats)));
  return { x: middle + quotient(x * 1_250, 1_000), y: middle + quotient(y * 1_250, 1_000) };
}

/** A uniformly distributed point on a disc around the middle. */
export function randomPoint(random: Random, within: number): { x: number; y: number } {
  for (let tries = 0; tries < 12; tries++) {
    const at = { x: middle + random.int(-within, within), y: middle + random.int(-within, within) };
    if (fromMiddle(at) <= within) return at;
  }
  return { x: middle, y: middle };
}
