/** Branded ids: a room's id cannot be passed where a player's is meant. */
export type RoomId = string & { readonly brand: 'RoomId' };
export type PlayerId = string & { readonly brand: 'PlayerId' };
export type NodeId = string & { readonly brand: 'NodeId' };
export type SessionId = string & { readonly brand: 'SessionId' };

/**
 * Letters and digits that nobody confuses when reading a code aloud or off a phone: no 0 O 1 I L, no U and V together.
 */
export const codeAlphabet = 'ABCDEFGHJKMNPQRSTWXYZ23456789';
export const codeLength = 5;

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** True for ids as Rejoin makes them: no braces, no glob characters, nothing that could steer a key or a channel. */
export const isId = (value: unknown): value is string => typeof value === 'string' && idPattern.test(value);

/**
 * Reads a room code as people type it: any case, with blanks or dashes.
 * @returns the code in its one spelling, or null when it cannot be one
 */
export function parseRoomCode(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > 32) return null;
  const code = text
    .toUpperCase()
    .replace(/[\s-]/g, '')
    .replace(/[01OIL]/g, c => ({ '0': 'Q', O: 'Q', '1': 'J', I: 'J', L: 'J' })[c] ?? c);
  return code.length === codeLength && [...code].every(c => codeAlphabet.includes(c)) ? code : null;
}

/** Ids and codes from any source of random bytes. */
export function idFromBytes(
  bytes: Uint8Array,
  alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
): string {
  // With 64 letters each byte maps without bias. With 29 the likeliest code of five is drawn 1.1 times as often as the
  // mean, which a code can bear.
  return Array.from(bytes, b => alphabet[b % alphabet.length]!).join('');
}
