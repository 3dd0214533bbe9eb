import type { AnyGame, Ranking } from '../../shared/contract.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import type { NumberedVerdict, PublicRoom, RoomSummary } from '../../shared/protocol.ts';
import type { Seed } from '../../shared/random.ts';

/**
 * All that is durable of a room, as one JSON value: a journal entry is what changed in it, and a room is loaded by
 * applying entries to a snapshot. Three parts, by who may see them:
 */
export interface RoomDocument {
  /** All members. */
  room: PublicRoom;
  /** The game's state: all members, or through the game's view. Null before the first match. */
  state: Json;
  /** Nobody outside the owner. */
  hidden: HiddenRoom;
}

export interface HiddenRoom {
  seed: Seed;
  /** The room's clock at its last entry. */
  clock: number;
  created: number;
  timers: Record<string, Timer>;
  seats: (HiddenSeat | null)[];
  previous: { ranking: Ranking; players: string[] } | null;
  /** Version of the game that wrote `state`. */
  stateVersion: number;
  /** Why the room was taken out of play. */
  fault: string | null;
}

export interface Timer { at: number; data: Json }

export interface HiddenSeat {
  player: string;
  session: string;
  /** Sessions of this seat that a newer one has replaced, newest first. */
  closed: string[];
  /** Last number with a verdict. */
  base: number;
  /** Verdicts of the last numbers, by number: the seq alone for "accepted", [seq, code, detail] for a refusal. */
  verdicts: Record<string, StoredVerdict>;
}
export type StoredVerdict = number | [seq: number, code: string, detail: string];

/** Timer of the engine that gives up the seat of a player who is away; `$` cannot begin the name of a game's timer. */
export const holdTimer = (player: string): string => `$hold-${player}`;

export function newDocument(game: AnyGame, made: { id: string; code: string; private: boolean; options: JsonObject; seed: Seed; now: number }): RoomDocument {
  const { contract } = game;
  const seats = contract.def.seats.max as number;
  return {
    room: {
      id: made.id, code: made.code, game: contract.name, version: contract.def.version as number, private: made.private, options: made.options,
      phase: 'waiting', match: 0, host: null, seats: Array<null>(seats).fill(null), result: null, clocks: {},
    },
    state: null,
    hidden: { seed: made.seed, clock: made.now, created: made.now, timers: {}, seats: Array<null>(seats).fill(null), previous: null, stateVersion: contract.def.version as number, fault: null },
  };
}

/** The room's line in the list of rooms; private ones and those out of play have none. */
export function summaryOf(doc: RoomDocument): RoomSummary | null {
  const { room } = doc;
  if (room.private || room.phase === 'quarantined') return null;
  const seated = room.seats.filter(s => s !== null);
  if (seated.length === 0) return null;
  return { id: room.id, code: room.code, game: room.game, phase: room.phase, seated: seated.length, seats: room.seats.length, options: room.options, names: seated.map(s => s.name), since: doc.hidden.created };
}

/** The next moment at which the room has something to do by itself, or null. */
export function dueOf(doc: RoomDocument): number | null {
  let due: number | null = null;
  for (const timer of Object.values(doc.hidden.timers)) if (due === null || timer.at < due) due = timer.at;
  return due;
}

export function verdictsOf(seat: HiddenSeat): NumberedVerdict[] {
  return Object.entries(seat.verdicts).map(([n, v]) => [Number(n), typeof v === 'number' ? { seq: v } : { seq: v[0], code: v[1], ...(v[2] ? { detail: v[2] } : {}) }]);
}

export const seatOf = (doc: RoomDocument, player: string): number => doc.hidden.seats.findIndex(s => s?.player === player);
