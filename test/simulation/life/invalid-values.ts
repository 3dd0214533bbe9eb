import { oddKinds } from './games.ts';

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
const cycle = (): unknown => {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
};

/** What does not fit a message, or is not JSON, or looks as if it were not. */
export const invalidValues: Record<string, () => unknown> = {
  'nearly 16 kB': () => 'x'.repeat(15_800),
  '17 kB': () => 'x'.repeat(17_000),
  '20 kB': () => 'x'.repeat(20_000),
  '70 kB': () => 'x'.repeat(70_000),
  'umlauts of 18 kB': () => 'ä'.repeat(9_000),
  bigint: () => 10n,
  cycle,
  nan: () => NaN,
  infinity: () => Infinity,
  'undefined in a list': () => [1, undefined],
  'a function': () => () => 1,
  symbol: () => Symbol('x'),
  date: () => new Date(0),
  map: () => new Map([[1, 2]]),
  deep: () => nested(14),
  'many values': () => Array.from({ length: 1_100 }, (_x, i) => i),
  constructor: () => ({ constructor: 1 }),
  prototype: () => ({ prototype: { x: 1 } }),
  hash: () => ({ '#': 3 }),
  'own __proto__': () => JSON.parse('{"__proto__":{"x":1}}') as unknown,
  'half a pair': () => '\ud83d',
  empty: () => '',
  nothing: () => null,
};
export const invalidValueNames = Object.keys(invalidValues);
/** Ordinary words in a player's text. */
export const invalidWords = [
  'constructor',
  'prototype',
  '#',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  'a b',
  '√',
  '0',
  'hello',
];
export const longNames = ['x'.repeat(300), '👨‍👩‍👧'.repeat(40), 'علی‌رضا', '\u202eevil', ' '.repeat(20), 'Bo'];
export { oddKinds };
