import type { Draw } from './draw.ts';

/**
 * JSON as text, of every kind there is, and some that is none. As text and not as values: a number too large for any, a
 * key that stands twice, half of a surrogate pair can only be written.
 */

const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '#',
  '',
  'length',
  'then',
  '$kick',
  'a',
];
const numbers = [
  '0',
  '-0',
  '1',
  '-1',
  '0.5',
  '1e21',
  '-1e308',
  '1e999',
  '-1e999',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '-9007199254740992',
  '1e-7',
  '123456789012345678901234567890',
  '3.0000000000000004',
];
const notNumbers = ['NaN', 'Infinity', '-Infinity', '01', '+1', '.5', '0x10', '1_000', 'undefined', "'a'"];
const strings = [
  '',
  ' ',
  '0',
  '1',
  '-1',
  '1e3',
  'NaN',
  'Infinity',
  'true',
  'null',
  '[object Object]',
  '../../etc/passwd',
  '{r:x}:m',
  '*',
  'rejoin:nodes',
  'a\u0000b',
  '\u202Eevil',
  '\uFEFF',
  '\uD83D\uDE00',
  '𝕏',
  'ﷺ',
  'İ',
  'ß',
  '<script>alert(1)</script>',
  '${7*7}',
  '%s%n',
  "'; DROP TABLE rooms; --",
  '\r\nSet-Cookie: a=b',
  '$bot-1',
  '$test',
  'room:all',
  'x'.repeat(65),
  'y'.repeat(300),
];
/** Written as they are: what JSON.stringify would not write. */
const rawStrings = ['"\\ud800"', '"\\udc00x"', '"\\uD83D"', '"\\u0000"', '"\\/"', '"\\ud83d\\ude00"', '"\u2028"'];

export function string(draw: Draw): string {
  if (draw.chance(0.2)) return draw.pick(rawStrings);
  if (draw.chance(0.04)) return JSON.stringify('z'.repeat(draw.chance(draw.wild) ? 18_000 : draw.between(300, 5_000)));
  return JSON.stringify(draw.pick(strings));
}

export function number(draw: Draw): string {
  if (draw.chance(0.3)) return String(draw.between(-3, 300));
  return draw.pick(numbers);
}

export const key = (draw: Draw): string => JSON.stringify(draw.chance(0.7) ? draw.pick(names) : draw.pick(strings));

/** Any value, mostly valid JSON. */
export function value(draw: Draw, depth = 0): string {
  const kind = draw.below(depth > 4 ? 5 : 10);
  switch (kind) {
    case 0:
      return draw.pick(['null', 'true', 'false']);
    case 1:
    case 2:
      return number(draw);
    case 3:
    case 4:
      return string(draw);
    case 5:
      return draw.chance(draw.wild) ? draw.pick(notNumbers) : number(draw);
    case 6:
      return `[${Array.from({ length: draw.below(4) }, () => value(draw, depth + 1)).join(',')}]`;
    case 7:
      return `{${Array.from({ length: draw.below(4) }, () => `${key(draw)}:${value(draw, depth + 1)}`).join(',')}}`;
    case 8:
      return big(draw);
    default:
      return placeholder(draw);
  }
}

/** Deep, wide, or both. */
function big(draw: Draw): string {
  const wild = draw.chance(draw.wild);
  const n = draw.pick(wild ? [2_000, 7_000, 9_000] : [3, 11, 12, 13, 100, 1_200]);
  switch (draw.below(wild ? 5 : 4)) {
    case 0:
      return `${'['.repeat(n)}${']'.repeat(n)}`;
    case 1:
      return `${'{"a":'.repeat(n / 2)}1${'}'.repeat(n / 2)}`;
    case 2:
      return `[${Array<string>(n).fill('0').join(',')}]`;
    case 3:
      return `{${Array.from({ length: n / 3 }, (_x, i) => `"k${i}":0`).join(',')}}`;
    default:
      return '['.repeat(n); // and never closed
  }
}

/** How Socket.IO says where in a payload a binary attachment belongs. */
function placeholder(draw: Draw): string {
  const num = draw.pick(['0', '1', '-1', '99', '"0"', '1e9', 'null', '"__proto__"', '0.5']);
  const one = `{"_placeholder":true,"num":${num}}`;
  return draw.chance(0.2) ? `{"_placeholder":true,"num":${one}}` : draw.chance(0.2) ? `[${one},${one}]` : one;
}
