/**
 * Every refusal the system gives, what it means, and what the client does next.
 *
 * `duty`   final   — do not repeat it, it will not change
 *          retry   — the same request again, after `retryAfter` ms
 *          resync  — ask for the room's state again, then go on
 *          stop    — this hold on the room is over; a person decides what next
 *          renew   — the session is over: settle what is unanswered as unknown; a new session may join
 * `spends` whether a numbered action that is answered so has used up its number (SPEC, actions)
 */
export const refusals = {
  // the connection and the request
  'bad-request': { duty: 'final', spends: false, says: 'The request is malformed.' },
  'too-large': { duty: 'final', spends: false, says: 'The message is larger than it may be.' },
  'slow-down': { duty: 'retry', spends: false, says: 'Too many requests.' },
  'bad-token': { duty: 'stop', spends: false, says: 'The token is forged, expired or not for this server.' },
  'not-signed-in': { duty: 'stop', spends: false, says: 'The server does not know who this is: sign in.' },
  'too-many-rooms': { duty: 'final', spends: false, says: 'This connection is in too many rooms.' },
  'room-quota': { duty: 'final', spends: false, says: 'This player, or this address, has too many open rooms.' },
  'too-many-connections': { duty: 'retry', spends: false, says: 'This player, or this address, is connected too often.' },
  'not-in-room': { duty: 'resync', spends: false, says: 'This connection has not joined the room.' },
  unavailable: { duty: 'retry', spends: false, says: 'The room cannot be reached right now.' },
  busy: { duty: 'retry', spends: false, says: 'The room has too much to do.' },
  unknown: { duty: 'final', spends: false, says: 'Whether it was done cannot be told: it had no number.' },
  // finding a room
  'no-such-game': { duty: 'final', spends: false, says: 'No game of that name is played here.' },
  'bad-options': { duty: 'final', spends: false, says: 'The options are not valid for this game.' },
  'bad-profile': { duty: 'final', spends: false, says: 'What the player brings along is not valid for this game.' },
  'bad-code': { duty: 'final', spends: false, says: 'No room has this code.' },
  'room-missing': { duty: 'stop', spends: false, says: 'There is no such room (any more).' },
  'room-full': { duty: 'final', spends: false, says: 'All seats are taken.' },
  'too-many-watching': { duty: 'final', spends: false, says: 'As many watch this room as may.' },
  'room-ended': { duty: 'final', spends: false, says: 'The match is over and takes no new players.' },
  'room-started': { duty: 'final', spends: false, says: 'The match has begun and takes no new players.' },
  'wrong-game': { duty: 'final', spends: false, says: 'The room plays another game.' },
  'client-outdated': { duty: 'stop', spends: false, says: 'The client is of an older version of the game: load it anew.' },
  'room-outdated': { duty: 'retry', spends: false, says: 'The room is still run by a server of an older version of the game.' },
  'join-refused': { duty: 'final', spends: false, says: 'The rules of the game refuse the join.' },
  kicked: { duty: 'stop', spends: false, says: 'The host, or the server, has taken this player out of the room.' },
  reserved: { duty: 'final', spends: false, says: 'The seats of this room are kept for others.' },
  'room-quarantined': { duty: 'stop', spends: false, says: 'The room failed too often and was taken out of play.' },
  'replay-missing': { duty: 'final', spends: false, says: 'There is no recording of that match (any more).' },
  // sessions
  'seat-lost': { duty: 'renew', spends: false, says: 'The seat was lost.' },
  'session-replaced': { duty: 'stop', spends: false, says: 'The seat was taken over by a newer connection of the same player.' },
  'stale-term': { duty: 'retry', spends: false, says: 'The room has a new owner: reconcile, then send again.' },
  gap: { duty: 'retry', spends: false, says: 'An earlier number is missing: send again from there.' },
  // verdicts of a room: they are journaled, and they use up the number
  'bad-data': { duty: 'final', spends: true, says: 'The data do not fit the action.' },
  'no-such-action': { duty: 'final', spends: true, says: 'The game has no such action.' },
  'not-seated': { duty: 'final', spends: true, says: 'Only a player with a seat can do this.' },
  'not-playing': { duty: 'final', spends: true, says: 'No match is on.' },
  'not-now': { duty: 'final', spends: true, says: 'This cannot be done at this point.' },
  'not-host': { duty: 'final', spends: true, says: 'Only the host can do this.' },
  'out-of-play': { duty: 'final', spends: true, says: 'This seat has left the match.' },
  'rule-failed': { duty: 'final', spends: true, says: 'The rules of the game failed; nothing was changed.' },
} as const satisfies Record<string, { duty: 'final' | 'retry' | 'resync' | 'stop' | 'renew'; spends: boolean; says: string }>;

/** A code of the system's own; rules add theirs. */
export type RefusalCode = keyof typeof refusals;

/** Whether a code is one of the system's own. */
export const isRefusalCode = (code: string): code is RefusalCode => Object.hasOwn(refusals, code);
/** What a code of the system's own means, in English. */
export const whyOfCode = (code: RefusalCode): string => refusals[code].says;

/** A refusal on the wire. `code` is one of `refusals`, or a code of the game's contract (final, spends its number). */
export interface Refused<Code extends string = string> {
  ok: false;
  code: Code;
  detail?: string;
  retryAfter?: number;
}

export const refused = (code: RefusalCode, detail?: string, retryAfter?: number): Refused<RefusalCode> => ({
  ok: false, code, ...(detail === undefined ? {} : { detail }), ...(retryAfter === undefined ? {} : { retryAfter }),
});

/**
 * What a client does about a code; codes of games are final.
 * @example
 * ```ts
 * const said = await room.act.step({ by: 2 })
 * if (!said.ok && dutyOf(said.code) === 'stop') banner.textContent = 'This table is over for you.'
 * ```
 */
export const dutyOf = (code: string): 'final' | 'retry' | 'resync' | 'stop' | 'renew' => (Object.hasOwn(refusals, code) ? refusals[code as RefusalCode].duty : 'final');
