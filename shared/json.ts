import { RejoinError } from './errors.ts';

/** A value that can be journaled and sent. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON value that is an object. */
export type JsonObject = { [key: string]: Json };

/** A value is not JSON. `path` says where: `state.ships[3].x is NaN`. */
export class NotJsonError extends RejoinError {
  override readonly name = 'NotJsonError';
  override readonly code = 'not-json';

  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path} is ${problem}`);
  }
}

/**
 * A key that clients may not send: code that copies fields by assignment would change the prototype of its target. A
 * state may contain it.
 */
export const forbiddenKey = '__proto__';

export const joinPath = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;

/** Describes a scalar that is not JSON. @returns null if it is JSON */
export function describeInvalidScalar(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : String(value);
    case 'undefined':
      return 'undefined (use null)';
    case 'object':
      return value === null ? null : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

export function isPlainObject(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

/**
 * Checks a value received from outside, before any other code uses it.
 * @returns null if the value is JSON within the bounds, else what is wrong with it
 */
export function checkPayload(value: unknown, bounds: { depth: number; values: number }): string | null {
  let values = 0;
  /** @returns what is wrong and the path to it, innermost key first; null if nothing is wrong */
  const walk = (v: unknown, depth: number): { what: string; path: (string | number)[] } | null => {
    if (++values > bounds.values) return { what: `: more than ${bounds.values} values`, path: [] };
    if (typeof v !== 'object' || v === null) {
      const bad = describeInvalidScalar(v);
      return bad === null ? null : { what: ` is ${bad}`, path: [] };
    }
    if (depth >= bounds.depth) return { what: `: deeper than ${bounds.depth}`, path: [] };
    if (Array.isArray(v)) {
      for (let i = 0; i < v.length; i++) {
        const bad = walk(v[i], depth + 1);
        if (bad) return (bad.path.push(i), bad);
      }
      return null;
    }
    if (!isPlainObject(v)) return { what: ' is not a plain object', path: [] };
    for (const key of Object.keys(v)) {
      if (key === forbiddenKey) return { what: ` has the key ${key}`, path: [] };
      const bad = walk((v as Record<string, unknown>)[key], depth + 1);
      if (bad) return (bad.path.push(key), bad);
    }
    return null;
  };
  const bad = walk(value, 0);
  return bad && `${bad.path.reduceRight(joinPath, 'data')}${bad.what}`;
}
