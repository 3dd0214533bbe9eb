import { RejoinError } from './errors.ts';
import { joinPath, forbiddenKey, NotJsonError, type Json, type JsonObject } from './json.ts';

/** A value is JSON, but exceeds `limit`. */
export class TooLargeError extends RejoinError {
  override readonly name = 'TooLargeError';
  override readonly code = 'too-large';

  constructor(
    readonly limit: string,
    what: string,
  ) {
    super(what);
  }
}

/**
 * Bounds of a value, named as in `limits` for the error message. With bounds, `forbiddenKey` is rejected too: they
 * apply to what clients send.
 */
export interface ValueBounds {
  payloadDepth: number;
  payloadValues: number;
}

/**
 * A deep copy of a value, if JSON preserves it. Object fields that are undefined are dropped, as in JSON. The same
 * object may occur twice; −0 becomes 0.
 * @throws NotJsonError with the path of the first part that JSON would change, drop or reject
 * @throws TooLargeError if the value exceeds `bounds`
 */
export function strictJson(value: unknown, path: string, bounds?: ValueBounds): Json {
  const keys: (string | number)[] = [];
  /** The objects that contain the current value. */
  const around: object[] = [];
  const fail = (what: string): never => {
    throw new NotJsonError(keys.reduce<string>(joinPath, path), what);
  };
  let values = 0;
  const read = (one: unknown): Json => {
    if (bounds && ++values > bounds.payloadValues)
      throw new TooLargeError('payloadValues', `${path} has more than ${bounds.payloadValues} values`);
    if (one === null || typeof one === 'string' || typeof one === 'boolean') return one;
    if (typeof one === 'number') return Number.isFinite(one) ? one + 0 : fail(String(one));
    if (typeof one !== 'object') return fail(one === undefined ? 'undefined (use null)' : `a ${typeof one}`);
    if (around.includes(one)) return fail('a cycle');
    if (bounds && keys.length >= bounds.payloadDepth)
      throw new TooLargeError('payloadDepth', `${path} is deeper than ${bounds.payloadDepth}`);
    around.push(one);
    const copied = Array.isArray(one) ? readArray(one) : readObject(one);
    around.pop();
    return copied;
  };
  const inside = (key: string | number, one: unknown): Json => {
    keys.push(key);
    const copied = read(one);
    keys.pop();
    return copied;
  };
  const readArray = (list: unknown[]): Json => {
    const copied: Json[] = [];
    for (let i = 0; i < list.length; i++) copied.push(inside(i, list[i])); // not map(): it skips holes
    const stray = findStrayKey(list);
    if (stray !== undefined) fail(`an array with the property ${stray}`);
    return copied;
  };
  const readObject = (object: object): Json => {
    if (!isPlainObjectOfAnyRealm(object)) fail(`a ${typeNameOf(object)}`);
    if (typeof (object as { toJSON?: unknown }).toJSON === 'function') fail('an object with a toJSON method');
    const [symbol] = Object.getOwnPropertySymbols(object);
    if (symbol !== undefined) fail(`an object with the key ${String(symbol)}`);
    const copied: JsonObject = {};
    for (const key of Object.keys(object)) {
      if (bounds && key === forbiddenKey) fail(`an object with the key ${key}`);
      const one = (object as Record<string, unknown>)[key];
      if (one !== undefined) setOwn(copied, key, inside(key, one));
    }
    return copied;
  };
  return read(value);
}

/** Sets an own field of any name. A plain assignment to `__proto__` would change the prototype. */
export function setOwn(object: object, key: string | number, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else (object as Record<string | number, unknown>)[key] = value;
}

/** Finds a field of an array that JSON would drop: a name, a negative index, or a symbol. */
export function findStrayKey(list: readonly unknown[]): string | undefined {
  const keys = Reflect.ownKeys(list);
  if (keys.length === list.length + 1) return undefined; // its indexes and `length`
  return keys.map(String).find(key => key !== 'length' && !isIndex(key));
}

/** Whether objects order this key among the integer keys, before all others. */
export const isIndex = (key: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 4_294_967_295;

export const typeNameOf = (object: object): string => {
  const name = (object.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? name : 'strange object';
};

/** As `isPlainObject`, but also true for objects of another window or worker. */
function isPlainObjectOfAnyRealm(object: object): boolean {
  const proto: unknown = Object.getPrototypeOf(object);
  return proto === null || Object.getPrototypeOf(proto) === null;
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2; // each half of a pair is two of its four bytes
  }
  return bytes;
}
