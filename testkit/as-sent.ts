import { setOwn } from '../shared/strict-json.ts';

/**
 * A copy as it arrives over a connection, equal to `JSON.parse(JSON.stringify(value))`. Strings are not encoded, which
 * would be most of the cost.
 */
export const asSent = <T>(value: T): T => copied(value) as T;

function copied(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null; // + 0: JSON has no -0
  if (typeof value === 'bigint') throw new TypeError('JSON has no BigInt');
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Array.from(value as unknown[], item => copied(item) ?? null);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return JSON.parse(JSON.stringify(value)) as unknown;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = copied((value as Record<string, unknown>)[key]);
    if (inner !== undefined) setOwn(copy, key, inner);
  }
  return copy;
}
