import { effectsTimer, type RoomDocument } from './document.ts';
import { markAway } from './seating.ts';
import type { RoomTransaction } from './transaction.ts';

/**
 * Out of play, and back: functions on the document alone. What the room was like is kept beside it, so that an operator
 * can have it go on as if no time had passed.
 */

/** Takes the room out of play, for an operator to look at. */
export function enterQuarantine({ room, hidden }: RoomDocument, why: string, now: number): void {
  // What was asked for before is done all the same, and found by that timer.
  const { [effectsTimer]: effects, ...timers } = hidden.timers;
  hidden.before = { phase: room.phase, at: now, timers, clocks: room.clocks };
  hidden.timers = effects ? { [effectsTimer]: effects } : {};
  hidden.fault = why;
  room.phase = 'quarantined';
  room.clocks = {};
}

/**
 * Puts it back: phase, timers and seats as they were; who went meanwhile is away from now on; what failed or hung is
 * forgotten.
 */
export function leaveQuarantine(t: RoomTransaction): void {
  const { room, hidden } = t.doc;
  // A room of before this was kept.
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

/** In a room out of play nobody's time runs: who goes is marked, and that is all. */
export function markDisconnected({ room }: RoomDocument, seat: number): void {
  const shown = room.seats[seat];
  if (shown) shown.here = false;
}
