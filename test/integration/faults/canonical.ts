import { createHash } from 'node:crypto';

/** JSON with its keys sorted: two values that mean the same have the same text, however they came about. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return `{${Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`)
    .join(',')}}`;
}

/** Sixteen hex digits that stand for a value. */
export const hashOf = (value: unknown): string =>
  createHash('sha1').update(canonical(value)).digest('hex').slice(0, 16);
