/** Letters and digits that are not easily confused in speech or print: no 0, O, 1, I, L, and no U beside V. */
export const codeAlphabet = 'ABCDEFGHJKMNPQRSTWXYZ23456789';
export const codeLength = 5;

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a value is a well-formed id. Ids become parts of Redis keys and channels: no braces, no glob characters. */
export const isId = (value: unknown): value is string => typeof value === 'string' && idPattern.test(value);

/**
 * Parses a room code as people type it: any case, with blanks or dashes.
 * @returns the canonical code, or null if the text cannot be a code
 */
export function parseRoomCode(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > 32) return null;
  const code = text
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/[01OIL]/g, c => ({ '0': 'Q', O: 'Q', '1': 'J', I: 'J', L: 'J' })[c] ?? c);
  return code.length === codeLength && [...code].every(c => codeAlphabet.includes(c)) ? code : null;
}

/** Makes an id or a code from random bytes. */
export function idFromBytes(
  bytes: Uint8Array,
  alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
): string {
  // 64 letters divide 256, so ids have no bias. With 29, the likeliest code of five letters is drawn 1.1 times as often
  // as the mean, which is acceptable for a code.
  return Array.from(bytes, b => alphabet[b % alphabet.length]!).join('');
}
