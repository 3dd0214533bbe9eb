import { apply, isObject, decodeKey, encodeKey, type Changes, type Splice } from './delta.ts';
import type { Json } from './json.ts';

/**
 * Returns one change equivalent to `first` followed by `second`. Reuses `first`, and the result shares objects with
 * `second`.
 */
export function compose(first: Changes, second: Changes): Changes {
  const before = second['#'] as Json[] | undefined;
  if (before && before.length > 0) {
    if (typeof before[0] === 'string') for (const key of before as string[]) removeThenSet(first, key);
    else for (const one of before as Splice[]) composeSplice(first, one);
  }
  for (const written of Object.keys(second)) {
    if (written === '#') continue;
    const late = second[written]!;
    const early = Object.hasOwn(first, written) ? first[written] : undefined;
    if (Array.isArray(early) && early.length === 0 && !(Array.isArray(late) && late.length === 0)) {
      // Removed, then set again: the key comes last among its siblings.
      removeThenSet(first, decodeKey(written));
      first[written] = late;
    } else if (!isObject(late) || early === undefined) first[written] = late;
    else if (Array.isArray(early)) apply(early[0]!, late as Changes);
    else first[written] = compose(early as Changes, late as Changes);
  }
  return first;
}

/** Drops what the change sets for a key and lists the key among those removed first. */
function removeThenSet(change: Changes, key: string): void {
  delete change[encodeKey(key)];
  const keys = (change['#'] ??= []) as string[];
  if (!keys.includes(key)) keys.push(key);
}

/**
 * Adds a splice to the change of an array. Changes of elements behind it are renumbered; those of removed elements are
 * dropped.
 */
function composeSplice(change: Changes, [at, remove, ...values]: Splice): void {
  const shifted: Changes = {};
  for (const key of Object.keys(change)) {
    if (key === '#') continue;
    const index = Number(key);
    if (index < at) continue;
    if (index >= at + remove) shifted[index - remove + values.length] = change[key]!;
    delete change[key];
  }
  for (const key of Object.keys(shifted)) change[key] = shifted[key]!;
  const splices = (change['#'] ??= []) as Splice[];
  const last = splices.at(-1);
  // A splice that starts at the end of the last one, or within what it inserted, is merged into it. Otherwise a series
  // of pushes would become a long list.
  const within = last ? at - last[0] : -1;
  const inserted = last ? last.length - 2 : 0;
  if (!last || within < 0 || within > inserted) return void splices.push([at, remove, ...values]);
  const taken = Math.min(remove, inserted - within);
  const rest = last.splice(2 + within + taken);
  last.length = 2 + within;
  for (const value of values) last.push(value);
  for (const value of rest) last.push(value);
  if (remove > taken) last[1] += remove - taken;
}
