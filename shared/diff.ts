import { align } from './align-arrays.ts';
import { copy, encodeKey, type Change, type Changes, type Splice } from './delta.ts';
import { joinPath, describeInvalidScalar, isPlainObject, NotJsonError, type Json, type JsonObject } from './json.ts';
import { isIndex, typeNameOf, setOwn, findStrayKey } from './strict-json.ts';

/**
 * The complete check of an object for what JSON drops is expensive. It runs in every walk in thorough mode, otherwise
 * in every n-th walk.
 */
const thoroughWalkInterval = 16;
/** From this many changed elements on, an array is also tried as a few insertions and removals. */
const alignThreshold = 4;

/**
 * The objects that make up a state, as the engine knows them. An object that a rule put in from outside (a module
 * constant, for example) is copied, so that no code outside the room holds a part of the state.
 */
export class OwnedObjects {
  /** The walk in which each object was last seen. */
  private readonly lastWalk = new WeakMap<object, number>();
  private walks = 0;

  /** @param thorough check every object in every walk, not only new ones */
  constructor(private readonly thorough = false) {}

  has(value: object): boolean {
    return this.lastWalk.has(value);
  }

  /** Registers a value that no other code references. */
  add(value: Json): void {
    if (typeof value !== 'object' || value === null) return;
    this.lastWalk.set(value, this.walks);
    for (const inner of Object.values(value)) this.add(inner);
  }

  /**
   * Returns what changed in `holder[key]` since it was `before`. Foreign objects in it are replaced by copies.
   * @throws NotJsonError
   */
  diff(before: Json | undefined, holder: JsonObject, key: string): Change | undefined {
    this.walks += 1;
    return diffValue(
      before,
      holder,
      key,
      new Walk('', this.lastWalk, this.walks, this.thorough || this.walks % thoroughWalkInterval === 0, true),
    );
  }
}

/**
 * Compares `live`, which rules have mutated, with `shadow`, the state before. The result shares no objects with either.
 * −0 in `live` is replaced by 0, as in its JSON.
 * @returns the change, or undefined if there is none
 * @throws NotJsonError with the path of the first value that JSON cannot hold, and for an object that occurs twice
 */
export function diff(shadow: Json, live: Json, path = 'state'): Changes | undefined {
  return diffInside(shadow as JsonObject, live as JsonObject, new Walk(path, new WeakMap(), 1, true, false));
}

/** The same for two values that are known to be JSON and are not modified. */
export function diffJson(before: Json, now: Json): Changes | undefined {
  return diffInside(before as JsonObject, now as JsonObject, uncheckedWalk());
}

/**
 * A position in a walk through a value. The path is formatted only for an error, because walks visit every value of
 * every state.
 */
class Walk {
  private readonly keys: (string | number)[] = [];
  /** Foreign objects that were copied in this walk. */
  private copiedObjects: Set<object> | null = null;

  /** @param seen null: no checks */
  constructor(
    private readonly from: string,
    private readonly seen: WeakMap<object, number> | null,
    private readonly now: number,
    private readonly thorough: boolean,
    private readonly copiesForeign: boolean,
  ) {}

  /**
   * Steps into the object or array at `key`. If something throws inside, `out` is not called, so the path is that of
   * the error.
   */
  into(key: string | number): void {
    this.keys.push(key);
  }
  out(): void {
    this.keys.pop();
  }

  /** @throws NotJsonError for the value at `key`, or for the current position */
  fail(what: string, key?: string | number): never {
    throw new NotJsonError(
      (key === undefined ? this.keys : [...this.keys, key]).reduce<string>(joinPath, this.from),
      what,
    );
  }

  /**
   * @throws NotJsonError for a value that is neither a plain object nor an array, and for one already visited in this
   * walk
   */
  enter(value: object): void {
    if (!this.seen) return;
    if (this.seen.get(value) === this.now) this.fail('the same object as another place of the state (copy it)');
    if (this.thorough) this.checkWhole(value);
    else if (!Array.isArray(value)) this.checkPlain(value);
    else if (value[-1] !== undefined || value[NaN] !== undefined || 'undefined' in value) this.checkWhole(value);
    this.seen.set(value, this.now);
  }

  /** Replaces a foreign object by a shallow copy. @returns the object that `holder` holds now */
  copyForeign(holder: object, key: string | number, value: JsonObject | Json[]): JsonObject | Json[] {
    if (!this.copiesForeign || this.seen!.has(value)) return value;
    this.into(key);
    if (this.copiedObjects?.has(value)) this.fail('the same object as another place of the state (copy it)');
    (this.copiedObjects ??= new Set()).add(value);
    this.checkWhole(value);
    this.out();
    let own: JsonObject | Json[];
    if (Array.isArray(value)) own = value.slice();
    else {
      own = {};
      for (const name of Object.keys(value)) setOwn(own, name, value[name]);
    }
    this.put(holder, key, own);
    return own;
  }

  put(holder: object, key: string | number, value: Json): void {
    try {
      setOwn(holder, key, value);
    } catch {
      this.fail('inside a frozen object', key);
    }
  }

  /** Checks a new field: an accessor could return another value here than when JSON reads it. */
  checkNew(holder: object, key: string): void {
    if (this.seen && Object.getOwnPropertyDescriptor(holder, key)?.get) this.fail('an accessor', key);
  }

  private checkPlain(value: object): void {
    if (!isPlainObject(value)) this.fail(`a ${typeNameOf(value)}`);
  }

  /** Checks an object for everything that JSON drops. */
  private checkWhole(value: object): void {
    if (Array.isArray(value)) {
      if (Object.getPrototypeOf(value) !== Array.prototype) this.fail(`a ${typeNameOf(value)}`);
      const stray = findStrayKey(value);
      if (stray !== undefined) this.fail('a field of an array that is no index', stray);
      return;
    }
    this.checkPlain(value);
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'symbol') this.fail(`an object with the key ${String(key)}`);
      const field = Object.getOwnPropertyDescriptor(value, key)!;
      if (field.get || field.set) this.fail('an accessor', key);
      if (!field.enumerable) this.fail('a hidden field', key);
    }
  }
}
/** A walk through a value that is known to be JSON. */
const uncheckedWalk = (): Walk => new Walk('', null, 0, false, false);

function diffInside(shadow: JsonObject | Json[], live: JsonObject | Json[], walk: Walk): Changes | undefined {
  walk.enter(live);
  return Array.isArray(live) ? diffArray(shadow as Json[], live, walk) : diffObject(shadow as JsonObject, live, walk);
}

function diffArray(old: Json[], live: Json[], walk: Walk): Changes | undefined {
  let out: Changes | undefined;
  let changed = 0;
  const both = Math.min(old.length, live.length);
  for (let i = 0; i < both; i++) {
    if (isUnchanged(live[i], old[i])) continue;
    const change = diffValue(old[i], live, i, walk);
    if (change === undefined) continue;
    (out ??= {})[i] = change;
    changed += 1;
  }
  if (live.length < old.length) (out ??= {})['#'] = [[live.length, old.length - live.length]];
  if (live.length > old.length) {
    const added: Splice = [old.length, 0];
    for (let i = old.length; i < live.length; i++) added.push(copyChild(live, i, walk));
    (out ??= {})['#'] = [added];
  }
  return changed >= alignThreshold || (changed > 0 && old.length !== live.length) ? pickShorter(out!, old, live) : out;
}

/** Picks the shorter form: element by element, or insertions and removals. Both arrays have been checked. */
function pickShorter(plain: Changes, old: Json[], live: Json[]): Changes {
  const alignment = align(old, live);
  if (!alignment) return plain;
  const { splices, changed } = alignment;
  const aligned: Changes = {};
  const walk = uncheckedWalk();
  for (const { before, now } of changed) {
    const change = diffValue(old[before], live, now, walk);
    if (change !== undefined) aligned[now] = change;
  }
  if (splices.length > 0) aligned['#'] = copy(splices);
  return JSON.stringify(aligned).length < JSON.stringify(plain).length ? aligned : plain;
}

function diffObject(old: JsonObject, live: JsonObject, walk: Walk): Changes | undefined {
  const before = Object.keys(old);
  let out: Changes | undefined;
  let n = 0;
  let asBefore = true;
  // Not Object.keys(): this loop visits every value of a state, and engines optimize for-in property reads.
  for (const key in live) {
    let isKnown = before[n] === key;
    if (isKnown) n += 1;
    else {
      isKnown = Object.hasOwn(old, key);
      if (!Object.hasOwn(live, key)) continue; // an enumerable field on Object.prototype
      asBefore = false;
      if (!isKnown) walk.checkNew(live, key);
    }
    if (isKnown && isUnchanged(live[key], old[key])) continue;
    const change = diffValue(isKnown ? old[key] : undefined, live, key, walk);
    if (change !== undefined) (out ??= {})[encodeKey(key)] = change;
  }
  return asBefore && n === before.length ? out : addKeyChanges(out ?? {}, old, before, live);
}

/** Adds the keys that were removed, and those that the change alone would leave in another order. */
function addKeyChanges(
  changes: Changes,
  old: JsonObject,
  before: readonly string[],
  live: JsonObject,
): Changes | undefined {
  const now = Object.keys(live);
  const moved = new Set(movedKeys(old, before, now));
  let out = changes;
  if (moved.size > 0) {
    out = { '#': [...moved] };
    for (const key of now) {
      const written = encodeKey(key);
      if (moved.has(key)) out[written] = wholeValue(live[key]!);
      else if (Object.hasOwn(changes, written)) out[written] = changes[written]!;
    }
  }
  for (const key of before) if (!Object.hasOwn(live, key)) out[encodeKey(key)] = [];
  return Object.keys(out).length > 0 ? out : undefined;
}

/**
 * Keys that must be set again to keep their order: those after a new key or after another moved key. Integer keys come
 * first in any case.
 */
function movedKeys(old: JsonObject, before: readonly string[], now: readonly string[]): string[] {
  const moved: string[] = [];
  let from = 0;
  let appends = false;
  for (const key of now) {
    if (isIndex(key)) continue;
    if (!Object.hasOwn(old, key)) {
      appends = true;
      continue;
    }
    const place = appends ? -1 : before.indexOf(key, from);
    if (place >= 0) from = place + 1;
    else {
      appends = true;
      moved.push(key);
    }
  }
  return moved;
}

const wholeValue = (value: Json): Change => (typeof value === 'object' && value !== null ? [copy(value)] : value);

/** Whether a scalar is unchanged. −0 counts as changed, because it is not JSON. */
function isUnchanged(live: Json | undefined, old: Json | undefined): boolean {
  return (
    live === old &&
    (typeof live === 'number'
      ? live !== 0 || 1 / live > 0
      : typeof live === 'string' || typeof live === 'boolean' || live === null)
  );
}

function diffValue(
  old: Json | undefined,
  holder: JsonObject | Json[],
  key: string | number,
  walk: Walk,
): Change | undefined {
  let live = (holder as Record<string | number, Json | undefined>)[key];
  if (typeof live !== 'object' || live === null) {
    if (Object.is(live, -0)) walk.put(holder, key, (live = 0));
    if (live === old && live !== undefined) return undefined; // undefined reads like a missing key, but is not JSON
    const bad = describeInvalidScalar(live);
    if (bad) walk.fail(bad, key);
    return live!;
  }
  live = walk.copyForeign(holder, key, live);
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
    for (let i = 0; i < value.length; i++) out.push(copyChild(value, i, walk));
    return out;
  }
  const out: JsonObject = {};
  for (const key of Object.keys(value)) setOwn(out, key, copyChild(value, key, walk));
  return out;
}

function copyChild(holder: JsonObject | Json[], key: string | number, walk: Walk): Json {
  let value = (holder as Record<string | number, Json>)[key]!;
  if (typeof value !== 'object' || value === null) {
    const bad = describeInvalidScalar(value);
    if (bad) walk.fail(bad, key);
    if (Object.is(value, -0)) walk.put(holder, key, (value = 0));
    return value;
  }
  value = walk.copyForeign(holder, key, value);
  walk.into(key);
  const copied = copyChecked(value, walk);
  walk.out();
  return copied;
}
