/**
 * Every refusal of the system, what it means, and what the client does next.
 *
 * `duty`   final   — do not repeat the request; the answer will not change
 *          retry   — send the same request again after `retryAfter` ms
 *          resync  — ask for the room's state, then continue
 *          stop    — this hold on the room is over; the user decides what to do
 *          renew   — the session is over: pending actions settle as `unknown`; a new session may join
 * `spends` whether a numbered action refused with this code has used up its number (SPEC A4)
 */
export const refusals = {
  // the connection and the request
  'bad-request': { duty: 'final', spends: false, message: 'The request is malformed.' },
  'too-large': { duty: 'final', spends: false, message: 'The message exceeds the size limit.' },
  'slow-down': { duty: 'retry', spends: false, message: 'Too many requests.' },
  'bad-token': { duty: 'stop', spends: false, message: 'The token is forged, expired or not for this server.' },
  'not-signed-in': { duty: 'stop', spends: false, message: 'The user is not signed in.' },
  'too-many-rooms': { duty: 'final', spends: false, message: 'This connection is in too many rooms.' },
  'creation-closed': { duty: 'final', spends: false, message: 'Only the server itself creates rooms here.' },
  'room-quota': { duty: 'final', spends: false, message: 'This player, or this address, has too many open rooms.' },
  'too-many-connections': {
    duty: 'retry',
    spends: false,
    message: 'This player or this address has too many connections.',
  },
  'not-in-room': { duty: 'resync', spends: false, message: 'This connection has not joined the room.' },
  unavailable: { duty: 'retry', spends: false, message: 'The room is temporarily unreachable.' },
  busy: { duty: 'retry', spends: false, message: 'The room is overloaded.' },
  unknown: { duty: 'final', spends: false, message: 'The outcome of the action is unknown.' },
  // finding a room
  'no-such-game': { duty: 'final', spends: false, message: 'This server does not run a game of that name.' },
  'bad-options': { duty: 'final', spends: false, message: 'The options are not valid for this game.' },
  'bad-profile': { duty: 'final', spends: false, message: 'The profile is not valid for this game.' },
  'bad-code': { duty: 'final', spends: false, message: 'No room has this code.' },
  'room-missing': { duty: 'stop', spends: false, message: 'The room does not exist, or no longer exists.' },
  'room-full': { duty: 'final', spends: false, message: 'All seats are taken.' },
  'too-many-watching': { duty: 'final', spends: false, message: 'The room has the maximum number of spectators.' },
  'room-ended': { duty: 'final', spends: false, message: 'The match is over and takes no new players.' },
  'room-started': { duty: 'final', spends: false, message: 'The match has begun and takes no new players.' },
  'wrong-game': { duty: 'final', spends: false, message: 'The room plays another game.' },
  'client-outdated': {
    duty: 'stop',
    spends: false,
    message: 'The client has an older version of the game: reload it.',
  },
  'room-outdated': {
    duty: 'retry',
    spends: false,
    message: 'The room still runs on a server with an older version of the game.',
  },
  'join-refused': { duty: 'final', spends: false, message: 'The rules of the game refused the join.' },
  kicked: { duty: 'stop', spends: false, message: 'The host or the server removed this player from the room.' },
  reserved: { duty: 'final', spends: false, message: 'The seats of this room are reserved for other players.' },
  'room-quarantined': { duty: 'stop', spends: false, message: 'The room failed too often and is quarantined.' },
  'replay-missing': {
    duty: 'final',
    spends: false,
    message: 'There is no recording of that match, or it has expired.',
  },
  // sessions
  'seat-lost': { duty: 'renew', spends: false, message: 'The seat was lost.' },
  'session-replaced': {
    duty: 'stop',
    spends: false,
    message: 'The seat was taken over by a newer connection of the same player.',
  },
  'stale-term': { duty: 'retry', spends: false, message: 'The room has a new owner: reconcile, then send again.' },
  gap: { duty: 'retry', spends: false, message: 'An earlier number is missing: send again from there.' },
  // verdicts of a room: journaled, and they use up the number
  'bad-data': { duty: 'final', spends: true, message: 'The data is not valid for the action.' },
  'no-such-action': { duty: 'final', spends: true, message: 'The game has no such action.' },
  'not-seated': { duty: 'final', spends: true, message: 'Only a player with a seat can do this.' },
  'not-playing': { duty: 'final', spends: true, message: 'No match is running.' },
  'not-now': { duty: 'final', spends: true, message: 'This cannot be done at this point.' },
  'not-host': { duty: 'final', spends: true, message: 'Only the host can do this.' },
  'out-of-play': { duty: 'final', spends: true, message: 'This seat has left the match.' },
  'rule-failed': { duty: 'final', spends: true, message: 'The rules of the game failed; nothing was changed.' },
} as const satisfies Record<
  string,
  { duty: 'final' | 'retry' | 'resync' | 'stop' | 'renew'; spends: boolean; message: string }
>;

/** A refusal code of the system. Contracts declare further ones. */
export type RefusalCode = keyof typeof refusals;

/** Whether a code is one of the system's refusal codes. */
export const isRefusalCode = (code: string): code is RefusalCode => Object.hasOwn(refusals, code);
/** The message of a system refusal code, in English. */
export const explainCode = (code: RefusalCode): string => refusals[code].message;

/**
 * A refusal on the wire. `code` is one of `refusals`, or a code of the game's contract (`final`, uses up its number).
 */
export interface Refused<Code extends string = string> {
  ok: false;
  code: Code;
  detail?: string;
  retryAfter?: number;
}

export const makeRefusal = (code: RefusalCode, detail?: string, retryAfter?: number): Refused<RefusalCode> => ({
  ok: false,
  code,
  ...(detail === undefined ? {} : { detail }),
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

/**
 * What a client does after a refusal with this code. Codes of contracts are final.
 * @example
 * ```ts
 * const result = await room.act.step({ by: 2 })
 * if (!result.ok && dutyOf(result.code) === 'stop') banner.textContent = 'This table is over for you.'
 * ```
 */
export const dutyOf = (code: string): 'final' | 'retry' | 'resync' | 'stop' | 'renew' =>
  Object.hasOwn(refusals, code) ? refusals[code as RefusalCode].duty : 'final';
