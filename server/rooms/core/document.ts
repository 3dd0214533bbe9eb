import type { AnyGame, Ranking } from '../../../shared/contract.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import type { NumberedVerdict, PublicRoom, RoomSummary, SeatLoss } from '../../../shared/protocol.ts';
import type { Seed } from '../../../shared/random.ts';

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
  timers: Record<string, RoomTimer>;
  seats: (HiddenSeat | null)[];
  previous: { ranking: Ranking; players: string[] } | null;
  /** Version of the game that wrote `state`. */
  stateVersion: number;
  /** Why the room was taken out of play, and what it was like before. */
  fault: string | null;
  before?: PreQuarantineState;
  /** Rules that hung, newest first. */
  hangs?: Hang[];
  /** What the rules have asked of the host's code and nobody has done yet, by its key. */
  effects: Record<string, { name: string; data: Json; match: number }>;
  /** The room's clock when the match began. */
  began: number;
  /** Counts what was ever asked. */
  effectCount: number;
  /** Players that were thrown out, newest first. */
  banned: string[];
  /** Players for whom the seats are kept; null: for anybody. */
  reserved: string[] | null;
  /** Bots that sit down with the first player. */
  fill: number;
  /** Counts the holds that have begun. */
  holds?: number;
  /** The last lost hold of each of the last players who lost one. */
  losses?: Record<string, { session: string; why: SeatLoss }>;
}

export interface RoomTimer {
  at: number;
  data: Json;
}

/** A room as it was when it was taken out of play, on its clock; the rest of it stays where it is. */
export interface PreQuarantineState {
  phase: PublicRoom['phase'];
  at: number;
  timers: Record<string, RoomTimer>;
  clocks: Record<string, number>;
}

/** A rule that hung; `bar` names what is not run again for it (rooms/hangs.ts), '' nothing. */
export interface Hang {
  at: number;
  rule: string;
  bar: string;
}

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

/** The fault of a room that the server has closed: it is as if there were none. */
export const closedFault = 'closed';

/** A bot's id as a player: no player's id has a `$`. */
export const botPlayer = (n: number): string => `$bot-${n}`;
export const isBot = (player: string | null): boolean => player?.startsWith('$bot-') === true;

/** Timer of the engine that makes a bot's move. */
export const moveTimer = (seat: number): string => `$move-${seat}`;
/** Timer of the engine by which a room with effects to be done is found again. */
export const effectsTimer = '$effects';
/** Timer of the engine that ends a match in which bots play for all players and none of them is connected. */
export const abandonedTimer = '$abandoned';
/** Timer of the engine that gives up the seat of a player who is away; `$` cannot begin the name of a game's timer. */
export const holdTimer = (player: string): string => `$hold-${player}`;

export interface RoomInit {
  id: string;
  code: string;
  private: boolean;
  options: JsonObject;
  seed: Seed;
  now: number;
  reserved?: string[] | null;
  fill?: number;
}

export function newDocument(game: AnyGame, init: RoomInit): RoomDocument {
  const { contract } = game;
  const seats = contract.def.seats.max as number;
  return {
    room: {
      id: init.id,
      code: init.code,
      game: contract.name,
      version: contract.def.version as number,
      private: init.private,
      options: init.options,
      phase: 'waiting',
      match: 0,
      host: null,
      seats: Array<null>(seats).fill(null),
      result: null,
      clocks: {},
      inputs: [],
    },
    state: null,
    hidden: {
      seed: init.seed,
      clock: init.now,
      created: init.now,
      timers: {},
      seats: Array<null>(seats).fill(null),
      previous: null,
      stateVersion: contract.def.version as number,
      fault: null,
      began: 0,
      effects: {},
      effectCount: 0,
      banned: [],
      reserved: init.reserved ?? null,
      fill: init.fill ?? 0,
    },
  };
}

/** No player has a seat here, though bots may, and the places of those who left a match are still shown. */
export const isDeserted = ({ hidden }: RoomDocument): boolean => hidden.seats.every(s => s === null || isBot(s.player));

/** No player is here, and for none a seat is held any more: bots play for them, or they have forfeited. */
export function isAbandoned({ room, hidden }: RoomDocument): boolean {
  return (
    !room.seats.some(s => s?.here && !isBot(s.player)) &&
    !hidden.seats.some(s => s && Object.hasOwn(hidden.timers, holdTimer(s.player)))
  );
}

/** A player is connected, by the last entry; seats of a room that is out of play stand still. */
export const isOccupied = ({ room, hidden }: RoomDocument): boolean =>
  hidden.fault === null &&
  room.seats.some((s, i) => s?.here === true && hidden.seats[i] !== null && !isBot(hidden.seats[i]!.player));

/** The room's line in the list of rooms; private ones and those out of play have none. */
export function summaryOf(doc: RoomDocument, allowsLateJoin: boolean): RoomSummary | null {
  const { room, hidden } = doc;
  if (room.private || room.phase === 'quarantined') return null;
  const seated = room.seats.filter(s => s !== null);
  if (isDeserted(doc)) return null;
  // In a match that takes late players a seat that was left is free again, though it still shows who had it.
  const open =
    hidden.reserved === null &&
    (room.phase === 'waiting'
      ? room.seats.includes(null)
      : allowsLateJoin && room.phase === 'playing' && hidden.seats.includes(null));
  return {
    id: room.id,
    code: room.code,
    game: room.game,
    phase: room.phase,
    open,
    seated: seated.length,
    seats: room.seats.length,
    options: room.options,
    names: seated.map(s => s.name),
    since: hidden.created,
  };
}

/** The next moment at which the room has something to do by itself, or null. */
export function dueOf(doc: RoomDocument): number | null {
  let due: number | null = null;
  for (const timer of Object.values(doc.hidden.timers)) if (due === null || timer.at < due) due = timer.at;
  return due;
}

export function verdictsOf(seat: HiddenSeat): NumberedVerdict[] {
  return Object.entries(seat.verdicts).map(([n, v]) => [
    Number(n),
    typeof v === 'number' ? { seq: v } : { seq: v[0], code: v[1], ...(v[2] ? { detail: v[2] } : {}) },
  ]);
}

export const seatOf = (doc: RoomDocument, player: string): number =>
  doc.hidden.seats.findIndex(s => s?.player === player);
