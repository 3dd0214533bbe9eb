import { limits } from './limits.ts';

/**
 * Characters that are invisible or change how other text is shown: controls, direction overrides, zero-width
 * characters, surrogate halves, fillers.
 */
const hidden = '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\u2800';
/** Scripts whose letters change form beside a joiner (U+200D) or non-joiner (U+200C). Removing it misspells words. */
const joining = [
  'Arabic',
  'Syriac',
  'Nko',
  'Mongolian',
  'Devanagari',
  'Bengali',
  'Gurmukhi',
  'Gujarati',
  'Oriya',
  'Tamil',
  'Telugu',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Khmer',
  'Myanmar',
  'Tibetan',
  'Balinese',
  'Javanese',
];
const letters = `[${joining.map(script => `\\p{Script_Extensions=${script}}`).join('')}]+`;
const picture = '\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier})?';

/** Sequences in which an invisible character has a meaning. Elsewhere it is removed. */
const parts = new RegExp(
  [
    `(${letters}(?:[\\u200C\\u200D]${letters})+)`, // words with joiners inside
    // flags of England, Scotland, Wales
    '\\u{1F3F4}\\u{E0067}\\u{E0062}(?:\\u{E0065}\\u{E006E}\\u{E0067}|\\u{E0073}\\u{E0063}\\u{E0074}|\\u{E0077}\\u{E006C}\\u{E0073})\\u{E007F}',
    `${picture}(?:\\u200D${picture})*`, // emoji, alone or joined
    '[0-9#*]\\uFE0F\\u20E3', // keycaps
  ].join('|'),
  'gu',
);
const hiddenAll = new RegExp(`[${hidden}]`, 'gu');
const hiddenButJoiners = new RegExp(`(?![\\u200C\\u200D])[${hidden}]`, 'gu');
/** Combining marks after the fourth would cover the lines above and below. */
const marks = /(\p{M}{4})\p{M}+/gu;

const segmenter =
  typeof Intl === 'object' && 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null;
const graphemes = (text: string): string[] =>
  segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : [...text];
const utf8 = new TextEncoder();

/**
 * Normalizes a player's name: one line, trimmed, without invisible characters and direction overrides. Joiners stay
 * where an emoji or a script needs them. At most `limits.nameLength` graphemes and `limits.nameBytes` bytes.
 * @returns null if nothing is left
 */
export function normalizeName(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.slice(0, limits.nameUnits).normalize('NFC');
  let clean = '';
  let from = 0;
  for (const match of text.matchAll(parts)) {
    const [word, joined] = match;
    clean +=
      text.slice(from, match.index).replace(hiddenAll, '') +
      (joined === undefined ? word : word.replace(hiddenButJoiners, ''));
    from = match.index + word.length;
  }
  clean += text.slice(from).replace(hiddenAll, '');
  const name = clean
    .replace(marks, '$1')
    .replace(/\s+/g, ' ')
    .replace(/^[\s\p{M}]+/u, '')
    .trim();
  return name === '' ? null : cut(name);
}

function cut(name: string): string {
  const all = graphemes(name);
  let end = Math.min(all.length, limits.nameLength);
  if (end === all.length && utf8.encode(name).length <= limits.nameBytes) return name;
  let kept = all.slice(0, end).join('').trim();
  while (utf8.encode(kept).length > limits.nameBytes) kept = all.slice(0, --end).join('').trim();
  return kept;
}
