import type { AnyGame, Ranking } from '../../../shared/contract.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import type { NumberedVerdict, PublicRoom, RoomSummary, SeatLoss } from '../../../shared/protocol.ts';
import type { Seed } from '../../../shared/random.ts';

/**
 * The durable state of a room as one JSON value. A journal entry is a change of it; a room is loaded by applying
 * entries to a snapshot. Its three parts differ in who may see them:
 */
export interface RoomDocument {
  /** Visible to all members. */
  room: PublicRoom;
  /** The game's state: visible to all members, or filtered by the game's view rule. Null before the first match. */
  state: Json;
  /** Visible only to the owner node. */
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
  /** Reason of the quarantine, and the state of the room before it. */
  fault: string | null;
  before?: PreQuarantineState;
  /** Rules that hung, newest first. */
  hangs?: Hang[];
  /** Effects that the rules have requested and no node has completed yet, by key. */
  effects: Record<string, RequestedEffect>;
  /** Lists of players to which pending effects refer. */
  rosters?: Record<string, Roster>;
  /** The room's clock at the start of the match. */
  began: number;
  /** Number of effects ever requested. */
  effectCount: number;
  /** Kicked players, newest first. */
  banned: string[];
  /** Players for whom the seats are reserved; null: any player. */
  reserved: string[] | null;
  /** Teams of the players in `reserved`, in the same order; null: any team. */
  teams?: (number | null)[];
  /** Who may watch; absent: anyone. */
  spectators?: 'listed' | 'none';
  /** The first match does not wait for all players in `reserved`. */
  startsIncomplete?: true;
  /** Number of bots that take a seat with the first player. */
  fill: number;
  /** Server actions and events of the server, by key, oldest first; see server-calls.ts. */
  served?: Record<string, ServerCallRecord>;
  /** What the rules have set with `ctx.setMetadata`. */
  metadata?: RoomMetadata;
  /** Number of holds started so far. */
  holds?: number;
  /** Players who left seats of this match, by the number of the seat's hold. */
  left?: Record<string, string>;
  /** The last lost hold of each player who lost one recently. */
  losses?: Record<string, { session: string; why: SeatLoss }>;
}

/** By which the server's own code finds the room; members do not see it. */
export type RoomMetadata = Record<string, string | number | boolean>;

/** Player ids by seat; null: no player. */
export type Roster = (string | null)[];

/** `roster`: key of the players at the request. Nodes of older builds write none. */
export interface RequestedEffect {
  name: string;
  data: Json;
  match: number;
  roster?: string;
}

export interface RoomTimer {
  at: number;
  data: Json;
}

/** The state of a room at the start of its quarantine, on the room's clock. Other state is kept unchanged. */
export interface PreQuarantineState {
  phase: PublicRoom['phase'];
  at: number;
  timers: Record<string, RoomTimer>;
  clocks: Record<string, number>;
}

/** A rule that hung. `bar`: what is blocked because of it (rooms/core/hangs.ts); '' nothing. */
export interface Hang {
  at: number;
  rule: string;
  bar: string;
}

export interface HiddenSeat {
  player: string;
  session: string;
  /** Earlier sessions of this seat, newest first. */
  closed: string[];
  /** Highest action number with a verdict. */
  base: number;
  /** Verdicts of the latest numbers: the seq alone if accepted, [seq, code, detail] if refused. */
  verdicts: Record<string, StoredVerdict>;
}
export type StoredVerdict = number | [seq: number, code: string, detail: string];

/**
 * `until`: when it is forgotten, on the room's clock. `rule`: what was done. `call`: the call that did it, if it had a
 * key of the caller's. `content`: a hash of its data and receivers. Older builds have written records without them.
 */
export type ServerCallRecord = [until: number, rule: string, verdict: StoredVerdict, call?: string, content?: string];

/** The fault of a room that the server has closed. Clients are shown no fault. */
export const closedFault = 'closed';

/** A bot's player id. Ids of players never contain `$`. */
export const botPlayer = (n: number): string => `$bot-${n}`;
export const isBot = (player: string | null): boolean => player?.startsWith('$bot-') === true;

/** The id of a player who left while a node ran the room that did not keep it. */
const unknownPlayer = '$unknown';

/** The id of the player of a seat that is taken, or was left during this match. */
export const playerIdOf = ({ room, hidden }: RoomDocument, seat: number): string =>
  hidden.seats[seat]?.player ?? hidden.left?.[room.seats[seat]!.hold] ?? unknownPlayer;

/** The ids of all seats. */
export const rosterOf = (doc: RoomDocument): Roster => doc.room.seats.map((s, i) => s && playerIdOf(doc, i));

/** Drops the lists of players to which no pending effect refers. */
export function dropUnusedRosters(hidden: HiddenRoom): void {
  if (!hidden.rosters) return;
  const used = new Set(Object.values(hidden.effects).map(({ roster }) => roster));
  for (const key of Object.keys(hidden.rosters)) if (!used.has(key)) delete hidden.rosters[key];
  if (Object.keys(hidden.rosters).length === 0) delete hidden.rosters;
}

/** Engine timer that makes a bot's move. */
export const moveTimer = (seat: number): string => `$move-${seat}`;
/** Engine timer that makes the due scan find a room with pending effects. */
export const effectsTimer = '$effects';
/** Engine timer that ends a match whose seats are all played by bots while no player is connected. */
export const rematchTimer = '$rematch';
export const abandonedTimer = '$abandoned';
/** Engine timer that ends the hold of a disconnected player's seat. Names of a game's timers cannot begin with `$`. */
export const holdTimer = (player: string): string => `$hold-${player}`;

export interface RoomInit {
  id: string;
  code: string;
  private: boolean;
  options: JsonObject;
  seed: Seed;
  now: number;
  /** See HiddenRoom. */
  reserved?: string[] | null;
  fill?: number;
  restrictions?: Restrictions;
}
/** Settings of rooms that the server's own code creates. Absent in all other rooms. */
export type Restrictions = Pick<HiddenRoom, 'teams' | 'spectators' | 'startsIncomplete'>;

export function newDocument(game: AnyGame, init: RoomInit): RoomDocument {
  const { contract } = game;
  const seats = contract.def.seats.max;
  return {
    room: {
      id: init.id,
      code: init.code,
      game: contract.name,
      version: contract.def.version,
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
      stateVersion: contract.def.version,
      fault: null,
      began: 0,
      effects: {},
      effectCount: 0,
      banned: [],
      reserved: init.reserved ?? null,
      ...init.restrictions,
      fill: init.fill ?? 0,
    },
  };
}

/** No player has a seat. Bots may have seats, and seats of players who left a match may still be shown. */
export const isDeserted = ({ hidden }: RoomDocument): boolean => hidden.seats.every(s => s === null || isBot(s.player));

/** No player is connected, and no seat is held for one: bots play for them, or they have forfeited. */
export function isAbandoned({ room, hidden }: RoomDocument): boolean {
  return (
    !room.seats.some(s => s?.here && !isBot(s.player)) &&
    !hidden.seats.some(s => s && Object.hasOwn(hidden.timers, holdTimer(s.player)))
  );
}

/** Whether the last entry shows a connected player. False while the room is quarantined. */
export const isOccupied = ({ room, hidden }: RoomDocument): boolean =>
  hidden.fault === null &&
  room.seats.some((s, i) => s?.here === true && hidden.seats[i] !== null && !isBot(hidden.seats[i]!.player));

/** Whether a player may be in the room without a seat. */
export const mayWatch = ({ hidden }: RoomDocument, player: string): boolean =>
  hidden.spectators === undefined ||
  (hidden.spectators === 'listed' && hidden.reserved !== null && hidden.reserved.includes(player));

/** Whether a seat is reserved for this player, who has not taken it yet. */
const isAwaited = ({ hidden }: RoomDocument, player: string): boolean =>
  !hidden.banned.includes(player) && !hidden.seats.some(s => s?.player === player);
/** The players with a reserved seat who have not taken it yet. */
export const awaitedPlayers = (doc: RoomDocument): string[] =>
  (doc.hidden.reserved ?? []).filter(player => isAwaited(doc, player));
/** Whether the seat is reserved for a player who has not taken it yet. */
export const isSeatAwaited = (doc: RoomDocument, seat: number): boolean => {
  const player = doc.hidden.reserved?.[seat];
  return player !== undefined && isAwaited(doc, player);
};
/** The team that the server has given to a player, or null. */
export const assignedTeam = ({ hidden }: RoomDocument, player: string): number | null =>
  hidden.teams?.[(hidden.reserved ?? []).indexOf(player)] ?? null;

/** The room's summary for the room list; null for private and quarantined rooms and for rooms without players. */
export function summaryOf(doc: RoomDocument, allowsLateJoin: boolean): RoomSummary | null {
  const { room, hidden } = doc;
  if (room.private || room.phase === 'quarantined') return null;
  const seated = room.seats.filter(s => s !== null);
  if (isDeserted(doc)) return null;
  // In a match with late joins, a vacated seat is free again, though it still shows its former player.
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

/** The time of the room's next timer, or null. */
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
