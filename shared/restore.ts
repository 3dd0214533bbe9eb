import { copy } from './delta.ts';
import { isPlainObject, type Json } from './json.ts';
import { setOwn } from './strict-json.ts';

/**
 * Makes `live` what `shadow` is, in place and with its keys in the same order: the undo of a rule that refused halfway.
 * @param mayKeep whether an object is the state's own; what a rule put in from outside must not be changed
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
    // An object that the rule put into two places must not be restored twice, to two different things; one that it
    // froze cannot be.
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
