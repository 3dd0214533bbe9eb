import type { Splice } from './delta.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * How one array became another: splices, in order, and of the elements that stayed those that are not the same, by
 * their new index.
 */
export interface Alignment {
  splices: Splice[];
  changed: { before: number; now: number }[];
}

/** So far ahead an element is looked for, besides the beginning and the end that two arrays share. */
const lookaheadElements = 64;
/** After so many elements that are found nowhere the arrays have little in common. */
const maxMisses = 3;

/** Whether two JSON values are the same, their keys in the same order. */
export function isSameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSameJson(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  // The values first: where two objects differ, one of the first usually does.
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
 * Finds out what was inserted into an array and removed from it. Greedy, and bounded: the result is right, but need not
 * be the shortest.
 * @returns null where little of `before` is found in `now`
 */
export function align(before: readonly Json[], now: readonly Json[]): Alignment | null {
  const splices: Splice[] = [];
  const changed: Alignment['changed'] = [];
  let ends = 0; // elements that both end with
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
 * @returns how many elements were removed here, or (negative) inserted, until the two arrays go on together; 0: not to
 * be found
 */
function findAhead(
  before: readonly Json[],
  i: number,
  last: number,
  now: readonly Json[],
  j: number,
  end: number,
): number {
  // Two elements have to fit, where there are two: in an array of few different values one fits by chance.
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
