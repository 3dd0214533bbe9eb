import type { AnyGame, ContractDef } from '../../../shared/contract.ts';
import type { SeatLoss } from '../../../shared/protocol.ts';
import type { RoomEvent } from './rule-context.ts';
import { holdTimer, isBot, moveTimer, type RoomDocument } from './document.ts';
import { limits } from '../../../shared/limits.ts';

/**
 * A hold is one player's tenure of one seat. These two functions are the only ones that begin and end one.
 *
 * Invariants:
 *  - a hold has its own number in the room, and its session is that of no other hold, so nothing that was sent under an
 *    ended hold can take effect under a later one;
 *  - a player has one hold at most;
 *  - `room.seats[i].player` names the holder of seat i, and is null when the seat has none.
 */

/** The contract's hold, in whole ms. */
export const holdOf = (game: AnyGame): number =>
  Math.round((game.contract.def as ContractDef).away?.hold ?? limits.defaultSeatHold);

/** Event of the engine: a player has lost a seat. Sent to all members with the entry that ends the hold. */
export const lossEvent = '$left';

/** Begins a hold. Numbers of actions and inputs count from 1. @returns the number of the hold */
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

/**
 * Ends the hold on a seat, for whatever reason: the seat is free, its timers are gone, and the reason is kept for the
 * player.
 */
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
  // else it was announced then
  if (!(why === 'forfeited' && shown.why === 'forfeited')) announceLoss(events, seat, shown.name, why);
}

/** All members are sent why. */
export const announceLoss = (events: RoomEvent[], seat: number, name: string, why: SeatLoss): void => {
  events.push({ name: lossEvent, data: { seat, name, why } });
};

/**
 * The last holds that ended, one for each player. What is asked for in the name of one of them is refused with its
 * reason.
 */
function recordLoss(hidden: RoomDocument['hidden'], player: string, session: string, why: SeatLoss): void {
  const losses = (hidden.losses ??= {});
  delete losses[lossKey(player)]; // the newest comes last
  losses[lossKey(player)] = { session, why };
  for (const oldest of Object.keys(losses).slice(0, -limits.seatLosses)) delete losses[oldest];
}

// Players' ids are any text: with a mark in front none of them is a number, or a name that objects have.
const lossKey = (player: string): string => `@${player}`;

/** The player's last lost hold, if it is remembered. */
export const lossOf = ({ hidden }: RoomDocument, player: string): { session: string; why: SeatLoss } | undefined =>
  hidden.losses?.[lossKey(player)];
