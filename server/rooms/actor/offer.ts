import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../shared/json.ts';
import type { Offer } from '../../store/store.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { isBot, type RoomDocument } from '../core/document.ts';

/** The pool of all rooms of a game with these options, defaults included. */
export const poolOf = (options: JsonObject): string =>
  createHash('sha256').update(canonicalJson(options)).digest('base64url').slice(0, 22);

/** The offer of a room that no player has joined yet. */
export const newOffer = (game: string, options: JsonObject, seats: number, since: number): Offer => ({
  game,
  pool: poolOf(options),
  since: Math.floor(since),
  free: seats,
  present: false,
  players: [],
});

/**
 * How a room is offered to quick joins. Null: it is private, reserved or closed, or takes no more players.
 * @param pool the pool of its options
 */
export function offerOf(doc: RoomDocument, allowsLateJoin: boolean, pool: string): Offer | null {
  const { room, hidden } = doc;
  if (room.private || hidden.reserved !== null) return null;
  // In a match with late joins, a vacated seat is free again, though it still shows its former player.
  const seats =
    room.phase === 'waiting' ? room.seats : allowsLateJoin && room.phase === 'playing' ? hidden.seats : null;
  if (!seats) return null;
  return {
    // Bots that join with the first player take their seats in the same entry.
    game: room.game,
    pool,
    since: Math.floor(hidden.created),
    free: Math.max(0, seats.filter(s => s === null).length - hidden.fill),
    present: room.seats.some(s => s?.here && !isBot(s.player)),
    players: hidden.seats.flatMap(s => (s && !isBot(s.player) ? [s.player] : [])),
  };
}
