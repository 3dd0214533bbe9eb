import { at, badScalar, isPlain, NotJson, type Json, type JsonObject } from './json.ts';

/**
 * What changed between two JSON values, in a form that a client in any language applies in a few lines:
 *
 *     5, "x", true, null   set to this scalar
 *     [value]              set to this object or array
 *     []                   remove the key
 *     { key: change, … }   change within; on an array the keys are indexes and "#" is the new, shorter length, applied first
 */
export type Change = null | boolean | number | string | [] | [Json] | Changes;
export type Changes = { [key: string]: Change };

const isObject = (v: unknown): v is JsonObject => typeof v === 'object' && v !== null && !Array.isArray(v);

/**
 * Compares `live`, which rules have mutated, with `shadow`, the state before; neither is kept by the result.
 * −0 in `live` is turned into 0, which is what its JSON says.
 * @returns the change, or undefined when there is none
 * @throws NotJson with the path of the first value that JSON cannot hold, and on an object that occurs twice
 */
export function diff(shadow: Json, live: Json, path = 'state'): Changes | undefined {
  return diffInside(shadow as JsonObject, live as JsonObject, new Walk(path));
}

/** Where a walk through a value is. Its path is put together only when there is something to say of it, since walks pass every value of every state. */
class Walk {
  /** A set costs more to make than a few objects to look through. */
  private readonly few: object[] = [];
  private many: Set<object> | null = null;
  private readonly keys: (string | number)[] = [];

  constructor(private readonly from: string) {}

  /** Steps into an object or array that `key` leads to. Where something throws inside, nobody steps out: the path is that of the fault. */
  into(key: string | number): void { this.keys.push(key); }
  out(): void { this.keys.pop(); }

  /** @throws NotJson of the value that `key` leads to, or of where the walk is */
  fail(what: string, key?: string | number): never {
    throw new NotJson((key === undefined ? this.keys : [...this.keys, key]).reduce<string>(at, this.from), what);
  }

  /** @throws NotJson on what is neither a plain object nor an array, and on what has been here before */
  enter(value: object): void {
    if (this.many ? this.many.has(value) : this.few.includes(value)) this.fail('the same object as another place of the state (copy it)');
    if (!Array.isArray(value) && !isPlain(value)) this.fail(`a ${(value.constructor as { name?: string } | undefined)?.name ?? 'strange object'}`);
    if (this.many) this.many.add(value);
    else if (this.few.push(value) > 16) this.many = new Set(this.few);
  }

  /** "#" is how a change says an array's length; as a name of a field it could not be told apart. */
  checkKey(key: string): void {
    if (key === '#' || key === '__proto__') this.fail(`given the key ${key}`);
  }
}

function diffInside(shadow: JsonObject | Json[], live: JsonObject | Json[], walk: Walk): Changes | undefined {
  walk.enter(live);
  let out: Changes | undefined;
  if (Array.isArray(live)) {
    const old = shadow as Json[];
    if (live.length < old.length) (out ??= {})['#'] = live.length;
    for (let i = 0; i < live.length; i++) {
      if (isStill(live[i], old[i])) continue;
      const change = diffValue(i < old.length ? old[i] : undefined, live, i, walk);
      if (change !== undefined) (out ??= {})[i] = change;
    }
    return out;
  }
  const old = shadow as JsonObject;
  let kept = 0;
  // Not Object.keys(): this is where a state's every value is looked at, and engines know how to read fields in such a loop.
  for (const key in live) {
    if (isStill(live[key], old[key])) {
      kept++;
      continue;
    }
    const known = Object.hasOwn(old, key);
    if (known) kept++;
    else if (!Object.hasOwn(live, key)) continue; // somebody has given all objects a field
    else walk.checkKey(key); // those of before have been
    const change = diffValue(known ? old[key] : undefined, live, key, walk);
    if (change !== undefined) (out ??= {})[key] = change;
  }
  if (countOf(old) > kept) for (const key of Object.keys(old)) if (!Object.hasOwn(live, key)) (out ??= {})[key] = [];
  return out;
}

/** Of fields as the loop above meets them. */
function countOf(value: JsonObject): number {
  let count = 0;
  for (const _key in value) count += 1;
  return count;
}

/** Whether a scalar is what it was: what most of a state is most of the time. −0, which is no JSON, is looked at. */
function isStill(live: Json | undefined, old: Json | undefined): boolean {
  return live === old && (typeof live === 'number' ? live !== 0 || 1 / live > 0 : typeof live === 'string' || typeof live === 'boolean' || live === null);
}

function diffValue(old: Json | undefined, holder: JsonObject | Json[], key: string | number, walk: Walk): Change | undefined {
  let live = (holder as Record<string | number, Json | undefined>)[key];
  if (typeof live !== 'object' || live === null) {
    if (Object.is(live, -0)) (holder as Record<string | number, Json>)[key] = live = 0;
    if (live === old && live !== undefined) return undefined; // undefined is like nothing before, and still no JSON
    const bad = badScalar(live);
    if (bad) walk.fail(bad, key);
    return live!;
  }
  walk.into(key);
  const alike = typeof old === 'object' && old !== null && Array.isArray(old) === Array.isArray(live);
  const change: Change | undefined = alike ? diffInside(old, live, walk) : [copyChecked(live, walk)];
  walk.out();
  return change;
}

function copyChecked(value: JsonObject | Json[], walk: Walk): Json {
  walk.enter(value);
  if (Array.isArray(value)) {
    const out: Json[] = [];
    // Not map(): it skips holes, and a hole is what must be found.
    for (let i = 0; i < value.length; i++) out.push(copyInside(value[i]!, i, walk));
    return out;
  }
  const out: JsonObject = {};
  for (const key of Object.keys(value)) {
    walk.checkKey(key);
    out[key] = copyInside(value[key]!, key, walk);
  }
  return out;
}

function copyInside(value: Json, key: string | number, walk: Walk): Json {
  if (typeof value !== 'object' || value === null) return scalar(value, key, walk);
  walk.into(key);
  const copied = copyChecked(value, walk);
  walk.out();
  return copied;
}

function scalar(value: Exclude<Json, object> | null, key: string | number | undefined, walk: Walk): Json {
  const bad = badScalar(value);
  if (bad) walk.fail(bad, key);
  return Object.is(value, -0) ? 0 : value;
}

/** A deep copy of any JSON value. @throws NotJson where it is none */
export function copy<T>(value: T, path = 'value'): T {
  const json = value as Json;
  const walk = new Walk(path);
  return (typeof json === 'object' && json !== null ? copyChecked(json, walk) : scalar(json, undefined, walk)) as T;
}

/** Applies a change in place. What it sets is copied, so that target and change stay apart. */
export function apply(target: Json, changes: Changes): void {
  const into = target as Record<string, Json>;
  if (Array.isArray(target) && typeof changes['#'] === 'number') target.length = changes['#'];
  for (const key of Object.keys(changes)) {
    if (key === '__proto__' || (key === '#' && Array.isArray(target))) continue;
    const change = changes[key]!;
    if (Array.isArray(change)) {
      if (change.length === 0) delete into[key];
      else into[key] = copy(change[0]);
    } else if (isObject(change)) {
      const inner = Object.hasOwn(into, key) ? into[key] : undefined;
      if (typeof inner !== 'object' || inner === null) throw new NotJson(key, 'not there, but is said to have changed inside');
      apply(inner, change);
    } else {
      into[key] = change;
    }
  }
}

/** One change that does what `first` and then `second` do. `first` is used up. */
export function compose(first: Changes, second: Changes): Changes {
  const cut = second['#'];
  if (typeof cut === 'number') {
    for (const key of Object.keys(first)) if (key !== '#' && Number(key) >= cut) delete first[key];
    first['#'] = typeof first['#'] === 'number' ? Math.min(first['#'], cut) : cut;
  }
  for (const key of Object.keys(second)) {
    if (key === '#' && typeof cut === 'number') continue;
    const late = second[key]!;
    const early = Object.hasOwn(first, key) ? first[key] : undefined;
    if (!isObject(late) || early === undefined) first[key] = late;
    else if (Array.isArray(early)) apply(early[0]!, late);
    else first[key] = compose(early as Changes, late as Changes);
  }
  return first;
}

/** Makes `live` what `shadow` is, in place: the undo of a rule that refused halfway. */
export function restore(live: Json, shadow: Json, seen: Set<object> = new Set()): void {
  seen.add(live as object);
  const into = live as Record<string, Json>;
  const from = shadow as Record<string, Json>;
  if (Array.isArray(live)) live.length = (shadow as Json[]).length;
  else for (const key of Object.keys(into)) if (!Object.hasOwn(from, key)) delete into[key];
  for (const key of Object.keys(from)) {
    const was = from[key]!;
    const is = Object.hasOwn(into, key) ? into[key] : undefined;
    if (is === was && !Object.is(is, -0)) continue;
    // An object that the rule put into two places must not be restored twice, to two different things; one that it froze cannot be.
    const reusable = typeof is === 'object' && is !== null && !seen.has(is) && Object.isExtensible(is) && (Array.isArray(is) || isPlain(is));
    if (reusable && typeof was === 'object' && was !== null && Array.isArray(is) === Array.isArray(was)) restore(is, was, seen);
    else into[key] = typeof was === 'object' ? structuredClone(was) : was;
  }
}
