import { describeInvalidScalar, isPlainObject, NotJsonError, type Json, type JsonObject } from './json.ts';
import { setOwn } from './strict-json.ts';

/**
 * The difference between two JSON values, in a form that a client in any language applies in a few lines:
 *
 *     5, "x", true, null   set to this scalar
 *     [value]              set to this object or array
 *     []                   remove the key
 *     { key: change, … }   change within; on an array the keys are indexes
 *
 * A change within may have the key "#", which is applied first:
 *
 *     "#": [[at, remove, …values], …] on an array: at index `at` remove `remove` elements and insert the values; one
 *     splice after the other
 *     "#": ["key", …] on an object: remove these keys. A key that the change sets again comes last
 *
 * A key that begins with "#", and the key "__proto__", are written with one "#" more in front.
 */
export type Change = null | boolean | number | string | Json[] | Changes;
export type Changes = { [key: string]: Change };

/** At index `at`, remove `remove` elements, then insert `values`. */
export type Splice = [at: number, remove: number, ...values: Json[]];

export const isObject = (v: unknown): v is JsonObject => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Encodes a key for a change. */
export const encodeKey = (key: string): string => (key.charCodeAt(0) === 0x23 || key === '__proto__' ? `#${key}` : key);
/** Decodes a key of a change. */
export const decodeKey = (written: string): string => (written.charCodeAt(0) === 0x23 ? written.slice(1) : written);

/** A deep copy of a JSON value. @throws NotJsonError where it is none */
export function copy<T>(value: T, path = 'value'): T {
  return copyNested(value as Json, [], path) as T;
}

function copyNested(value: Json, around: object[], path: string): Json {
  if (typeof value !== 'object' || value === null) {
    const bad = describeInvalidScalar(value);
    if (bad) throw new NotJsonError(path, bad);
    return typeof value === 'number' ? value + 0 : value; // −0 becomes 0: JSON has no −0
  }
  if (around.length > 64 && around.includes(value)) throw new NotJsonError(path, 'a cycle');
  around.push(value);
  let copied: Json;
  if (Array.isArray(value)) {
    copied = [];
    // Not map(): it skips holes, and a hole must be reported.
    for (let i = 0; i < value.length; i++) copied.push(copyNested(value[i]!, around, path));
  } else {
    if (!isPlainObject(value))
      throw new NotJsonError(
        path,
        `a ${(value.constructor as { name?: string } | undefined)?.name ?? 'strange object'}`,
      );
    copied = {};
    for (const key of Object.keys(value)) setOwn(copied, key, copyNested(value[key]!, around, path));
  }
  around.pop();
  return copied;
}

/**
 * Applies a change in place. Values are copied, so that target and change share no objects.
 * @throws NotJsonError where the change does not fit
 */
export function apply(target: Json, changes: Changes): void {
  const into = target as Record<string, Json>;
  const first = changes['#'];
  for (const one of Array.isArray(first) ? first : []) {
    if (Array.isArray(target)) splice(target, one as Splice);
    else delete into[one as string];
  }
  for (const written of Object.keys(changes)) {
    if (written === '#') continue;
    const key = decodeKey(written);
    const change = changes[written]!;
    if (Array.isArray(change)) {
      if (change.length === 0) delete into[key];
      else setOwn(into, key, copy(change[0]!));
    } else if (isObject(change)) {
      const inner = Object.hasOwn(into, key) ? into[key] : undefined;
      if (typeof inner !== 'object' || inner === null)
        throw new NotJsonError(key, 'missing, but the change is inside it');
      apply(inner, change as Changes);
    } else {
      setOwn(into, key, change);
    }
  }
}

/** Not Array.splice(): a state may have more values than a call takes arguments. */
function splice(list: Json[], [at, remove, ...values]: Splice): void {
  if (!(at >= 0 && remove >= 0 && at + remove <= list.length))
    throw new NotJsonError(`[${at}]`, 'beyond the end of the array');
  const rest = list.slice(at + remove);
  list.length = at;
  for (const value of values) list.push(copy(value));
  for (const value of rest) list.push(value);
}
