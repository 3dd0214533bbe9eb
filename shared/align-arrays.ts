import type { Splice } from './delta.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * How one array became another. `splices` apply in order. `changed` lists the elements that stayed in place but differ;
 * `now` is the new index.
 */
export interface Alignment {
  splices: Splice[];
  changed: { before: number; now: number }[];
}

/**
 * How many elements ahead a match is searched for. The common beginning and end of both arrays are matched without a
 * bound.
 */
const lookaheadElements = 64;
/** After this many elements without a match the alignment is given up if fewer elements matched than missed. */
const maxMisses = 3;

/** Whether two JSON values are equal, including the order of their keys. */
export function isSameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSameJson(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  // Values first: if two objects differ, one of the first values usually does.
  for (const key in b) {
    const [x, y] = [a[key], (b as JsonObject)[key]];
    if (x !== y && (typeof x !== 'object' || !isSameJson(x, y))) return false;
  }
  const keys = Object.keys(a);
  let n = 0;
  for (const key in b) if (key !== keys[n++]) return false;
  return n === keys.length;
}

/**
 * Finds what was inserted into an array and removed from it. Greedy and bounded: the result is correct, but not always
 * the shortest.
 * @returns null if the arrays have too little in common
 */
export function align(before: readonly Json[], now: readonly Json[]): Alignment | null {
  const splices: Splice[] = [];
  const changed: Alignment['changed'] = [];
  let ends = 0; // length of the common end
  const shorter = Math.min(before.length, now.length);
  while (ends < shorter && isSameJson(before[before.length - 1 - ends], now[now.length - 1 - ends])) ends += 1;
  const [last, end] = [before.length - ends, now.length - ends];
  let i = 0;
  let j = 0;
  let found = ends;
  let missed = 0;
  while (i < last && j < end) {
    if (isSameJson(before[i], now[j])) {
      i++;
      j++;
      found++;
      continue;
    }
    const ahead = findAhead(before, i, last, now, j, end);
    if (ahead > 0) {
      splices.push([j, ahead]);
      i += ahead;
    } else if (ahead < 0) {
      splices.push([j, 0, ...now.slice(j, j - ahead)]);
      j -= ahead;
    } else {
      changed.push({ before: i++, now: j++ });
      if (++missed > maxMisses && missed > found) return null;
    }
  }
  if (i < last) splices.push([j, last - i]);
  if (j < end) splices.push([j, 0, ...now.slice(j, end)]);
  return found === 0 ? null : { splices, changed };
}

/**
 * @returns the number of elements removed here, or (negative) inserted, before the arrays match again; 0 if no match is
 * found
 */
function findAhead(
  before: readonly Json[],
  i: number,
  last: number,
  now: readonly Json[],
  j: number,
  end: number,
): number {
  // Two consecutive elements must match, if there are two: in an array of few distinct values one matches by chance.
  const fits = (a: number, b: number) =>
    a < last &&
    b < end &&
    isSameJson(before[a], now[b]) &&
    (a + 1 >= last || b + 1 >= end || isSameJson(before[a + 1], now[b + 1]));
  for (let d = 1; d <= lookaheadElements; d++) {
    if (fits(i + d, j)) return d;
    if (fits(i, j + d)) return -d;
    if (i + d >= last && j + d >= end) return 0;
  }
  return 0;
}
