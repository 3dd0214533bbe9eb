import type { AnyGame } from '../../../shared/contract.ts';
import type { SeatLoss } from '../../../shared/protocol.ts';
import type { RoomEvent } from './rule-context.ts';
import { holdTimer, isBot, moveTimer, type RoomDocument } from './document.ts';
import { limits } from '../../../shared/limits.ts';

/**
 * A hold is a player's tenure of a seat. Only `beginHold` and `endHold` begin and end one.
 * Invariants:
 *  - Each hold has its own number in the room and its own session, so a message of an ended hold cannot take effect
 *    under a later one.
 *  - A player has at most one hold.
 *  - `room.seats[i].player` names the holder of seat i; null if the seat has none.
 */

/** Hold time of the contract, whole ms. */
export const holdOf = (game: AnyGame): number => Math.round(game.contract.def.away?.hold ?? limits.defaultSeatHold);

/** Engine event: a player has lost a seat. Sent to all members with the entry that ends the hold. */
export const lossEvent = '$left';

/** Begins a hold. Actions and inputs are numbered from 1. @returns the number of the hold */
export function beginHold(
  { hidden, room }: RoomDocument,
  seat: number,
  player: string,
  session: string,
  hasInputs: boolean,
): number {
  hidden.seats[seat] = { player, session, closed: [], base: 0, verdicts: {} };
  resetInputs(room, seat, hasInputs);
  return (hidden.holds = (hidden.holds ?? 0) + 1);
}

/** A new session numbers its inputs from 1. */
export function resetInputs(room: RoomDocument['room'], seat: number, hasInputs: boolean): void {
  if (!hasInputs) return;
  while (room.inputs.length <= seat) room.inputs.push(0);
  room.inputs[seat] = 0;
}

/** Ends the hold on a seat: frees the seat, removes its timers, and keeps the reason for the player. */
export function endHold(
  { doc, events }: { doc: RoomDocument; events: RoomEvent[] },
  seat: number,
  why: SeatLoss,
): void {
  const { room, hidden } = doc;
  const held = hidden.seats[seat];
  if (!held) return;
  delete hidden.timers[holdTimer(held.player)];
  delete hidden.timers[moveTimer(seat)];
  hidden.seats[seat] = null;
  if (!isBot(held.player)) recordLoss(hidden, held.player, held.session, why);
  const shown = room.seats[seat];
  if (!shown) return;
  shown.player = null;
  // otherwise it was announced at the forfeit
  if (!(why === 'forfeited' && shown.why === 'forfeited')) announceLoss(events, seat, shown.name, why);
}

/** Notifies all members of the reason. */
export const announceLoss = (events: RoomEvent[], seat: number, name: string, why: SeatLoss): void => {
  events.push({ name: lossEvent, data: { seat, name, why } });
};

/** Keeps the last ended hold of each player. Requests of its session are refused with its reason. */
function recordLoss(hidden: RoomDocument['hidden'], player: string, session: string, why: SeatLoss): void {
  const losses = (hidden.losses ??= {});
  delete losses[lossKey(player)]; // re-inserted, so that the newest is last
  losses[lossKey(player)] = { session, why };
  for (const oldest of Object.keys(losses).slice(0, -limits.seatLosses)) delete losses[oldest];
}

// Player ids are arbitrary strings. The prefix keeps integer-like ids from being reordered, and ids from naming object
// members.
const lossKey = (player: string): string => `@${player}`;

/** The player's last lost hold, if it is still stored. */
export const lossOf = ({ hidden }: RoomDocument, player: string): { session: string; why: SeatLoss } | undefined =>
  hidden.losses?.[lossKey(player)];
