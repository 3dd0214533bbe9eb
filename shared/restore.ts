import { copy } from './delta.ts';
import { isPlainObject, type Json } from './json.ts';
import { setOwn } from './strict-json.ts';

/**
 * Makes `live` equal to `shadow`, in place and with its keys in the same order. Reverts the changes of a rule that
 * refused or failed.
 * @param isOwned whether an object belongs to the state; objects that a rule put in from outside must not be modified
 */
export function restore(
  live: Json,
  shadow: Json,
  isOwned: (value: object) => boolean = () => true,
  seen: Set<object> = new Set(),
): void {
  seen.add(live as object);
  const into = live as Record<string, Json>;
  const from = shadow as Record<string, Json>;
  const keys = Object.keys(from);
  if (Array.isArray(live)) live.length = (shadow as Json[]).length;
  for (const key of Reflect.ownKeys(into))
    if (!(key === 'length' && Array.isArray(live)) && !(typeof key === 'string' && Object.hasOwn(from, key)))
      delete into[key as string];
  for (const key of keys) {
    const was = from[key]!;
    const is = Object.hasOwn(into, key) ? into[key] : undefined;
    if (is === was && !Object.is(is, -0)) continue;
    // An object that the rule put into two fields cannot be restored to two different values; a frozen one cannot be
    // restored at all. Both are replaced by copies.
    const reusable =
      typeof is === 'object' &&
      is !== null &&
      isOwned(is) &&
      !seen.has(is) &&
      Object.isExtensible(is) &&
      (Array.isArray(is) || isPlainObject(is));
    if (reusable && typeof was === 'object' && was !== null && Array.isArray(is) === Array.isArray(was))
      restore(is, was, isOwned, seen);
    else setOwn(into, key, copy(was));
  }
  if (Array.isArray(live)) return;
  const now = Object.keys(into);
  if (keys.every((key, i) => now[i] === key)) return;
  for (const key of keys) {
    const value = into[key]!;
    delete into[key];
    setOwn(into, key, value);
  }
}
