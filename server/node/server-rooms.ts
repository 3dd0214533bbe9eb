import type {
  AnyGame,
  Contract,
  ContractDef,
  DefOf,
  EventsOf,
  In,
  OptionsIn,
  Ranking,
  Schema,
  ServerActionsOf,
} from '../../shared/contract.ts';
import { idFromBytes } from '../../shared/ids.ts';
import { strictJson } from '../../shared/strict-json.ts';
import { RefusalError } from '../../shared/errors.ts';
import { NotJsonError, type Json, type JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomView } from '../../shared/protocol.ts';
import { encodeServerCall, type ServerCall } from '../rooms/core/server-calls.ts';
import type { FoundRoom } from '../rooms/actor/room-index.ts';
import { searchRooms, type RoomFilter, type RoomPage } from './room-search.ts';
import type { RejoinNode } from './node.ts';
import type { Restrictions } from '../rooms/core/document.ts';
import type { ServeReply, ViewReply } from '../rooms/actor/messages.ts';
import { StoreError, type QuarantinedRoom } from '../store/store.ts';

/** A request to a room failed. `code`: see shared/refusals.ts. */
export class ServerRoomError extends RefusalError {
  override readonly name = 'ServerRoomError';
}

/** A seat that is reserved for a player. */
export interface ReservedSeat {
  player: string;
  /** Index or name of the player's team. Default: the smallest one. */
  team?: number | string;
}

/** Options of a call that is executed once by its key. */
export interface ServerCallOptions {
  /** Up to 64 characters, the same for each repetition of the call. */
  key?: string;
}

/** What became of a call that was executed. */
export interface ServerCallResult {
  /** Whether it was executed before, by an earlier call with the same key. */
  repeated: boolean;
}

/** A seat that a player holds. */
export interface FoundSeat extends Pick<FoundRoom, 'id' | 'code' | 'game' | 'phase'> {
  seat: number;
}

/** The contracts of these games. */
type DefsOf<G extends readonly AnyGame[]> = DefOf<G[number]['contract']>;
type NamesOf<Schemas> = Schemas extends unknown ? keyof Schemas & string : never;
type DataOf<Schemas, N> = Schemas extends unknown ? (N extends keyof Schemas ? In<Schemas[N] & Schema> : never) : never;
type ServerActionsOfAll<D> = D extends ContractDef
  ? ContractDef extends D
    ? Record<string, Schema>
    : ServerActionsOf<D>
  : never;
type EventsOfAll<D> = D extends ContractDef ? (ContractDef extends D ? Record<string, Schema> : EventsOf<D>) : never;
/** The names of all server actions of these games. */
export type ServerActionName<G extends readonly AnyGame[]> = NamesOf<ServerActionsOfAll<DefsOf<G>>>;
/** The data of a server action, as its schema takes it. */
export type ServerActionData<G extends readonly AnyGame[], N> = DataOf<ServerActionsOfAll<DefsOf<G>>, N>;
/** The names of all events of these games. */
export type EventName<G extends readonly AnyGame[]> = NamesOf<EventsOfAll<DefsOf<G>>>;
/** The data of an event, as its schema takes it. */
export type EventData<G extends readonly AnyGame[], N> = DataOf<EventsOfAll<DefsOf<G>>, N>;

/** Settings of a room that the server's own code creates. */
export interface NewRoomOptions<D extends ContractDef> {
  options?: OptionsIn<D>;
  /** Whether the room is hidden from the room list. Default: true. */
  private?: boolean;
  /**
   * The players for whom the seats are reserved, in the order of the seats; with the index or the name of a team, if the
   * server assigns it. Default: any player.
   */
  seats?: readonly (string | ReservedSeat)[];
  /**
   * Who may watch: `anyone`, `listed` (only the players in `seats`) or nobody (false). Default: `listed` for a room with
   * reserved seats, `anyone` for other rooms.
   */
  spectators?: false | 'anyone' | 'listed';
  /**
   * Whether the first match waits until all players in `seats` are there. `start` begins it in any case. Default: true.
   */
  waitForAll?: boolean;
  /** Number of bots that take a seat with the first player. */
  bots?: number;
  /** How long (ms) the room waits for its first player; at most a day. */
  life?: number;
}

const isPlayerId = (id: unknown): id is string =>
  typeof id === 'string' && id.length > 0 && id.length <= limits.playerIdLength && !id.startsWith('$');

/** Checks who may sit where, and who may watch. @throws ServerRoomError */
function readRestrictions(
  { seats, teams }: ContractDef,
  settings: Pick<NewRoomOptions<ContractDef>, 'seats' | 'spectators' | 'waitForAll'>,
): { reserved: string[] | null; restrictions: Restrictions } {
  const refuse = (detail: string) => new ServerRoomError('bad-request', detail);
  const { seats: listed, spectators = listed ? 'listed' : 'anyone', waitForAll = true } = settings;
  if (listed !== undefined && !Array.isArray(listed))
    throw refuse("seats: a list of players, such as [{ player: 'user:1' }, { player: 'user:2' }]");
  const places: readonly Partial<ReservedSeat>[] = ((listed ?? []) as readonly (string | ReservedSeat)[]).map(seat =>
    typeof seat === 'object' && seat !== null ? seat : { player: seat },
  );
  const wrong = places.findIndex(({ player }) => !isPlayerId(player));
  if (wrong >= 0)
    throw refuse(
      `seats[${wrong}]: a player's id of 1 to ${limits.playerIdLength} characters that does not begin with $`,
    );
  const reserved = places.map(({ player }) => player!);
  if (listed?.length === 0 || reserved.length > seats.max || new Set(reserved).size !== reserved.length)
    throw refuse(`seats: 1 to ${seats.max} different players`);
  const assigned = places.map(({ team }, i) => {
    if (team === undefined) return null;
    const index = typeof team === 'string' ? (teams ?? []).indexOf(team) : team;
    if (!Number.isSafeInteger(index) || teams?.[index] === undefined)
      throw refuse(
        `seats[${i}].team: ${teams ? `one of ${teams.join(', ')}, or its index` : 'this game has no teams'}`,
      );
    return index;
  });
  if (spectators !== false && spectators !== 'anyone' && spectators !== 'listed')
    throw refuse("spectators: false, 'anyone' or 'listed'");
  if (spectators === 'listed' && !listed) throw refuse("spectators: 'listed' needs `seats`");
  if (typeof waitForAll !== 'boolean') throw refuse('waitForAll: true or false');
  return {
    reserved: listed ? reserved : null,
    restrictions: {
      ...(assigned.some(team => team !== null) ? { teams: assigned } : {}),
      ...(spectators === 'anyone' ? {} : { spectators: spectators === false ? 'none' : 'listed' }),
      ...(waitForAll ? {} : { startsIncomplete: true }),
    },
  };
}

/**
 * Rooms, managed by the server's own code: for matchmaking, tournaments, tests. It has a host's rights, and can end a
 * match. Works on any node of a cluster for any room.
 * All methods throw ServerRoomError. `unknown`: the owner died, and it is unknown whether the call was executed. Only `start`
 * and `addBot` throw it: the others are sent to the next owner. `unavailable` may mean the same, if no owner answered in
 * time: repeat the call, with the same key.
 */
export class ServerRooms<G extends readonly AnyGame[] = readonly AnyGame[]> {
  constructor(private readonly node: RejoinNode) {}

  /**
   * Creates a room that no player has joined yet.
   * @throws ServerRoomError
   * @example
   * ```ts
   * const { id, code } = await server.rooms.create(race, {
   *   seats: [{ player: 'user:1' }, { player: 'user:2' }], options: { goal: 20 }, spectators: 'anyone', life: 600_000,
   * })
   * console.log(`${id} is kept for two; they can join by ${code}`)
   * ```
   */
  async create<D extends ContractDef>(
    game: Contract<D>,
    settings: NewRoomOptions<D> = {},
  ): Promise<{ id: string; code: string }> {
    if (typeof (game as Partial<Contract> | undefined)?.def !== 'object')
      throw new ServerRoomError('bad-request', 'game: must be a contract, not its rules');
    const { reserved, restrictions } = readRestrictions(game.def, settings);
    if (settings.life !== undefined && !(settings.life > 0))
      throw new ServerRoomError('bad-request', 'life: a time in ms');
    const reply = await this.node.lobby.create(
      '$server',
      {
        game: game.name,
        private: settings.private ?? true,
        ...(settings.options ? { options: settings.options as JsonObject } : {}),
        ...(settings.bots === undefined ? {} : { bots: settings.bots }),
      },
      {
        reserved,
        restrictions,
        life: Math.min(settings.life ?? limits.unjoinedRoomTtl, limits.roomTtl),
      },
    );
    if (!reply.ok) throw new ServerRoomError(reply.code, reply.detail);
    return { id: reply.room, code: reply.code };
  }

  /**
   * Starts the match, or the next one, regardless of the game's start condition.
   * @example
   * ```ts
   * await server.rooms.start(id)
   * ```
   */
  start(room: string): Promise<void> {
    return this.runCommand(room, '$start', null);
  }
  /**
   * Ends the match with a ranking by the server. `ranking`: see the rules' `ctx.end`. Executed once, as `act`: repeated
   * with the same key, it never ends the next match. `not-now`: no match is in progress, and the detail says whether it
   * has ended.
   * @example
   * ```ts
   * const { repeated } = await server.rooms.end(id, { ranking: [[1], [0]] }, { key: 'cup:7:final' })
   * ```
   */
  end(room: string, result: { ranking: Ranking }, options: ServerCallOptions = {}): Promise<ServerCallResult> {
    const data = { ranking: (result?.ranking ?? null) as unknown as Json };
    return this.callOnce('$end', room, { name: '', data, to: null }, options);
  }
  /**
   * Removes a player: frees the seat, if there is one, and bars the player from joining or watching this room again.
   * Executed once, as `act`.
   * @example
   * ```ts
   * await server.rooms.kick(id, 'user:2')
   * ```
   */
  kick(room: string, player: string, options: ServerCallOptions = {}): Promise<ServerCallResult> {
    return this.callOnce('$kick', room, { name: player, data: { player }, to: null }, options);
  }
  /**
   * Makes a seated player the host.
   * @example
   * ```ts
   * await server.rooms.makeHost(id, 'user:1')
   * ```
   */
  makeHost(room: string, player: string): Promise<void> {
    return this.runCommand(room, '$host', { player });
  }
  /**
   * Adds a bot to a free seat.
   * @example
   * ```ts
   * try {
   *   await server.rooms.addBot(id)
   * } catch (error) {
   *   if (!(error instanceof ServerRoomError && error.code === 'room-full')) throw error
   * }
   * ```
   */
  addBot(room: string): Promise<void> {
    return this.runCommand(room, '$bot', null);
  }
  /**
   * Closes and removes the room. Its members are notified.
   * @example
   * ```ts
   * await server.rooms.close(id)
   * ```
   */
  async close(room: string): Promise<void> {
    await this.runCommand(room, '$close', null).catch((error: unknown) => {
      // it does not exist, for example because this is a retry
      if (!(error instanceof ServerRoomError && error.code === 'room-missing')) throw error;
    });
  }

  /**
   * The spectators' view of a room, and the player ids by seat.
   * @example
   * ```ts
   * const { room, state, players } = await server.rooms.see(id)
   * if (room.phase === 'ended') console.log(players, room.result?.ranking, state)
   * ```
   */
  async see(room: string): Promise<RoomView & { players: (string | null)[] }> {
    const reply = (await this.node.router.request(room, { k: 'view' })) as ViewReply;
    if (!reply.ok) throw new ServerRoomError(reply.code, reply.detail);
    return { ...reply.view, players: reply.players };
  }

  /**
   * Rooms of all nodes that satisfy all conditions, in pages: also private rooms, rooms that nobody has joined yet, and
   * rooms that no node runs at the moment. Ordered by id. Each is as of its last entry.
   * @throws ServerRoomError
   * @example
   * ```ts
   * let page = await server.rooms.list({ game: race, phase: 'playing', options: { goal: 20 } })
   * for (const { id, players, metadata } of page.rooms) console.log(id, players, metadata)
   * while (page.cursor !== null) page = await server.rooms.list({ game: race, cursor: page.cursor })
   * ```
   */
  list(filter: RoomFilter = {}): Promise<RoomPage> {
    return this.read(() => searchRooms(this.node.parts.store, filter));
  }

  /**
   * The rooms in which a player holds a seat, also while the player is away and after a node died; at most 500.
   * @throws ServerRoomError
   * @example
   * ```ts
   * for (const { id, game, seat, phase } of await server.rooms.find('user:1')) console.log(id, game, seat, phase)
   * ```
   */
  async find(player: string): Promise<FoundSeat[]> {
    const { rooms } = await this.list({ player, limit: limits.roomsFound.page });
    return rooms.map(({ id, code, game, phase, players }) => ({
      id,
      code,
      game,
      phase,
      seat: players.indexOf(player),
    }));
  }

  private async read<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof StoreError) throw new ServerRoomError('unavailable', error.message);
      if (error instanceof TypeError || error instanceof NotJsonError)
        throw new ServerRoomError('bad-request', error.message);
      throw error;
    }
  }

  /**
   * Quarantined rooms of all nodes: their rules failed or hung too often, or they cannot be read. Oldest first, at most
   * a thousand. A room remains for its life, a day.
   * @example
   * ```ts
   * for (const { id, game, why, since } of await server.rooms.quarantined()) console.log(id, game, why, new Date(since))
   * ```
   */
  quarantined(): Promise<QuarantinedRoom[]> {
    return this.read(() => this.node.parts.store.quarantined(1_000));
  }

  /**
   * Ends a room's quarantine and resumes it: its timers have the time left that they had, and its faults and hangs are
   * cleared. No effect on a room that is not quarantined. `room-quarantined`: the room is unreadable, or no current
   * game version can read it.
   * @example
   * ```ts
   * for (const { id, game } of await server.rooms.quarantined()) if (game === 'race') await server.rooms.release(id)
   * ```
   */
  release(room: string): Promise<void> {
    return this.runCommand(room, '$release', null);
  }

  /**
   * Performs an action that the contract declares in `serverActions`, in a running match.
   * It is executed once by its key: a repetition, also after a crash of this process, gets the first verdict. The room
   * remembers a key for an hour, at most 256 keys (then `slow-down`). Without a key, only this call is not executed
   * twice.
   * @throws ServerRoomError: also with the codes of the contract's refusals
   * @example
   * ```ts
   * await server.rooms.act(id, 'grantTime', { seat: 0, ms: 30_000 }, { key: 'purchase:5107' })
   * ```
   */
  act<N extends ServerActionName<G>>(
    room: string,
    name: N,
    data: ServerActionData<G, N>,
    options: ServerCallOptions = {},
  ): Promise<ServerCallResult> {
    return this.callOnce('$act', room, { name, data: data as Json, to: null }, options);
  }

  /**
   * Sends an event of the contract to all members, or to the players `to`, in games with a view. Keys: see `act`.
   * @example
   * ```ts
   * await server.rooms.send(id, 'lap', { seat: 0, lap: 1 })
   * ```
   */
  send<N extends EventName<G>>(
    room: string,
    name: N,
    data: EventData<G, N>,
    options: ServerCallOptions & {
      /** Ids of the players who are sent the event. Default: all members. */
      to?: string | readonly string[];
    } = {},
  ): Promise<ServerCallResult> {
    const { to } = options;
    const players = to === undefined ? null : typeof to === 'string' ? [to] : [...to];
    return this.callOnce('$send', room, { name, data: data as Json, to: players }, options);
  }

  private async callOnce(
    kind: ServerCall['kind'],
    room: string,
    call: Pick<ServerCall, 'name' | 'data' | 'to'>,
    { key }: ServerCallOptions,
  ): Promise<ServerCallResult> {
    if (key !== undefined && (typeof key !== 'string' || key.length === 0 || key.length > limits.wordLength))
      throw new ServerRoomError('bad-request', `key: a text of 1 to ${limits.wordLength} characters`);
    let data: Json;
    try {
      data = strictJson(call.data ?? null, 'data');
    } catch (error) {
      throw new ServerRoomError('bad-data', error instanceof Error ? error.message : undefined);
    }
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (bytes > limits.dataBytes)
      throw new ServerRoomError('too-large', `data: ${bytes} bytes, at most ${limits.dataBytes}`);
    const unique = idFromBytes(this.node.parts.entropy.bytes(16));
    const request = encodeServerCall({
      kind,
      ...call,
      data,
      ...(key === undefined ? { key: `$${unique}` } : { key: `=${key}`, call: unique.slice(0, 8) }),
    });
    const { repeated = false } = await this.request(room, kind, request);
    return { repeated };
  }

  private async runCommand(room: string, name: string, data: Json): Promise<void> {
    await this.request(room, name, data);
  }

  private async request(room: string, name: string, data: Json): Promise<ServeReply & { ok: true }> {
    const reply = (await this.node.router.request(room, { k: 'serve', name, data })) as ServeReply;
    if (!reply.ok) throw new ServerRoomError(reply.code, reply.detail);
    return reply;
  }
}
