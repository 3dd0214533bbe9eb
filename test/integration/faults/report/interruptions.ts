import { roomsIn } from '../checker/records.ts';
import type { InjectedFault } from '../run-faults.ts';
import { addSample, emptyHistogram, type Histogram } from './histogram.ts';

/** The longest that any room stood still around one fault. */
export interface RoomInterruption {
  fault: number;
  room: string;
  game: string;
  from: number;
  ms: number;
}
export interface InterruptionReport {
  /** By kind: of each room around each fault, how long it stood still. */
  spreads: Record<string, Histogram>;
  /** By fault. */
  longest: RoomInterruption[];
  /** Actions accepted, by the second from the beginning on. */
  perSecond: number[];
}

/** In a round of dice nobody acts for seconds while all hands lie open: to stand still is no sign there. */
const measuredGames = new Set(['ledger', 'four-in-a-row', 'arena']);

/**
 * How long play stood still: in each room the longest time between two verdicts (where nobody acts but the clock:
 * between two ticks that were seen) that overlaps a fault, from its beginning until all rooms went on.
 */
export function measureInterruptions(
  folder: string,
  struck: readonly InjectedFault[],
  began: number,
  ended: number,
): InterruptionReport {
  const spreads: Record<string, Histogram> = {};
  const longest: RoomInterruption[] = struck.map((_s, fault) => ({ fault, room: '', game: '', from: 0, ms: 0 }));
  const perSecond = Array<number>(Math.max(1, Math.ceil((ended - began) / 1000))).fill(0);
  for (const room of roomsIn(folder)) {
    const made = room.journal.find(line => line.is === 'made');
    const game = made?.game.replace(/@.*$/, '') ?? '';
    const signs: number[] = [];
    for (const line of room.play) {
      if (line.is === 'told' && line.code === null) {
        const second = Math.floor((line.at - began) / 1000);
        if (second >= 0 && second < perSecond.length) perSecond[second]! += 1;
      }
      if (
        line.is === 'told'
          ? line.code === null || line.seq !== null
          : game === 'arena' && (line.is === 'saw' || line.is === 'moved')
      )
        signs.push(line.at);
    }
    if (!measuredGames.has(game) || signs.length < 2) continue;
    signs.sort((a, b) => a - b);
    struck.forEach((fault, i) => {
      const still = longestAround(signs, fault);
      if (!still) return;
      addSample((spreads[fault.kind] ??= emptyHistogram()), still.ms);
      if (still.ms > longest[i]!.ms) longest[i] = { fault: i, room: room.id, game, ...still };
    });
  }
  return { spreads, longest, perSecond };
}

/** Null where the room was not yet, or no longer, played in. */
function longestAround(signs: readonly number[], { at, over }: InjectedFault): { from: number; ms: number } | null {
  let i = lastBefore(signs, at);
  if (i < 0 || signs.at(-1)! < over) return null;
  let found = { from: signs[i]!, ms: 0 };
  for (; i + 1 < signs.length && signs[i]! < over; i++) {
    const ms = signs[i + 1]! - signs[i]!;
    if (ms > found.ms) found = { from: signs[i]!, ms };
  }
  return found;
}

/** Index of the last sign before a moment; −1: there is none. */
function lastBefore(signs: readonly number[], at: number): number {
  let low = 0;
  let high = signs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (signs[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
