import { RejoinError } from '../shared/errors.ts';
import type { Json, JsonObject } from '../shared/json.ts';

/** A seat's secret reached another receiver. The message names both. */
export class LeakError extends RejoinError {
  override readonly name = 'LeakError';
  override readonly code = 'secret-leaked';
}

/**
 * The part of a state that only one seat may know; null if nothing is hidden. It must be a part of the state itself,
 * not computed from it.
 */
export type Secret = (state: never, seat: number) => unknown;

export type Path = readonly string[];
export interface Leaf {
  path: Path;
  value: Json;
}

/**
 * The scalars of a seat's secret, with their paths in the state.
 * @throws TypeError if the secret is not a part of the state
 */
export function secretLeaves(state: Json, secret: Secret, seat: number): Leaf[] {
  const path = secretPath(state, secret, seat);
  if (path === null) return [];
  const leaves: Leaf[] = [];
  const walk = (value: Json, at: Path): void => {
    if (typeof value !== 'object' || value === null) leaves.push({ path: at, value });
    else for (const [key, inner] of Object.entries(value)) walk(inner, [...at, key]);
  };
  walk(
    path.reduce<Json>((value, key) => (value as JsonObject)[key]!, state),
    path,
  );
  return leaves;
}

/** Finds the path by recording which part of the state is read last. */
function secretPath(state: Json, secret: Secret, seat: number): Path | null {
  const paths = new WeakMap<object, Path>();
  let read: { path: Path; value: unknown } | null = null;
  const watched = (target: object, path: Path): object => {
    const proxy = new Proxy(target, {
      get(holder, key): unknown {
        const value: unknown = Reflect.get(holder, key);
        if (typeof key !== 'string' || typeof value === 'function') return value;
        if (typeof value === 'object' && value !== null) return watched(value, [...path, key]);
        read = { path: [...path, key], value };
        return value;
      },
    });
    paths.set(proxy, path);
    return proxy;
  };
  const found = typeof state === 'object' && state !== null ? secret(watched(state, []) as never, seat) : null;
  if (found === null || found === undefined) return null;
  const whole = typeof found === 'object' ? paths.get(found) : undefined;
  if (whole) return whole;
  const last = read as { path: Path; value: unknown } | null;
  if (last?.value !== found || typeof found === 'object')
    throw new TypeError('neverLeaks: return a part of the state as it is there, not something made of it');
  return last.path;
}

export function replaceAt(state: Json, path: Path, value: Json): void {
  const holder = path.slice(0, -1).reduce<Json>((at, key) => (at as JsonObject)[key]!, state) as JsonObject;
  holder[path.at(-1)!] = value;
}

/** Path of the first difference of two values: `cards.0.rank`. */
export function firstDifference(a: unknown, b: unknown): string {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return '';
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [(a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]];
    if (JSON.stringify(x) === JSON.stringify(y)) continue;
    const inner = firstDifference(x, y);
    return inner === '' ? key : `${key}.${inner}`;
  }
  return '';
}
