import { makeRefusal } from '../../../shared/refusals.ts';
import type { Outcome } from './commands.ts';
import { closedFault, effectsTimer, type RoomDocument } from './document.ts';
import { markAway } from './seating.ts';
import type { RoomTransaction } from './transaction.ts';

/**
 * Entering and leaving quarantine, as functions on the document. The previous phase, timers and clocks are kept, so
 * that an operator can resume the room as if no time had passed.
 */

export function enterQuarantine({ room, hidden }: RoomDocument, why: string, now: number): void {
  // Effects requested before are still completed; this timer finds the room for them.
  const { [effectsTimer]: effects, ...timers } = hidden.timers;
  hidden.before = { phase: room.phase, at: now, timers, clocks: room.clocks };
  hidden.timers = effects ? { [effectsTimer]: effects } : {};
  hidden.fault = why;
  room.phase = 'quarantined';
  room.clocks = {};
}

/**
 * Ends the quarantine: restores phase, timers and clocks. Seats of players who disconnected meanwhile are away from now
 * on. Faults and hangs are cleared.
 */
export function leaveQuarantine(t: RoomTransaction): void {
  const { room, hidden } = t.doc;
  // Rooms quarantined by an older version have no `before`.
  const { phase, at, timers, clocks } = hidden.before ?? {
    phase: room.match === 0 ? 'waiting' : room.result ? 'ended' : 'playing',
    at: t.now,
    timers: {},
    clocks: {},
  };
  const passed = t.now - at;
  for (const [name, timer] of Object.entries(timers))
    hidden.timers[name] ??= { at: timer.at + passed, data: timer.data };
  room.clocks = Object.fromEntries(Object.entries(clocks).map(([name, until]) => [name, until + passed]));
  room.phase = phase;
  hidden.fault = null;
  delete hidden.before;
  delete hidden.hangs;
  room.seats.forEach((seat, i) => {
    if (!seat || seat.here) return;
    if (seat.until !== null) seat.until += passed;
    else if (hidden.seats[i] && !seat.out && !seat.bot) {
      seat.here = true;
      markAway(t, i);
    }
  });
}

/** The outcome of a request to a quarantined or closed room. */
export const refuseQuarantined = ({ hidden }: RoomDocument): Outcome => ({
  kind: 'refused',
  refusal: makeRefusal(hidden.fault === closedFault ? 'room-missing' : 'room-quarantined'),
});

/** Marks a player of a quarantined room as disconnected. No hold timer starts. */
export function markDisconnected({ room }: RoomDocument, seat: number): void {
  const shown = room.seats[seat];
  if (shown) shown.here = false;
}
