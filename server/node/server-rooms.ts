import type { Contract, ContractDef, OptionsIn, Ranking } from '../../shared/contract.ts';
import { RefusalError } from '../../shared/errors.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomView } from '../../shared/protocol.ts';
import type { RejoinNode } from './node.ts';
import type { Restrictions } from '../rooms/core/document.ts';
import type { ViewReply } from '../rooms/actor/messages.ts';
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
 * All methods throw ServerRoomError. `unknown`: the owner died, and it is unknown whether the call was executed (kick,
 * makeHost and close are retried instead).
 */
export class ServerRooms {
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
   * Ends the match with a ranking by the server. `ranking`: see the rules' `ctx.end`.
   * @example
   * ```ts
   * await server.rooms.end(id, { ranking: [[1], [0]] })
   * ```
   */
  end(room: string, result: { ranking: Ranking }): Promise<void> {
    return this.runCommand(room, '$end', { ranking: result.ranking as unknown as Json });
  }
  /**
   * Removes a player: frees the seat, if there is one, and bars the player from joining or watching this room again.
   * @example
   * ```ts
   * await server.rooms.kick(id, 'user:2')
   * ```
   */
  kick(room: string, player: string): Promise<void> {
    return this.runCommand(room, '$kick', { player });
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
   * Quarantined rooms of all nodes: their rules failed or hung too often, or they cannot be read. Oldest first, at most
   * a thousand. A room remains for its life, a day.
   * @example
   * ```ts
   * for (const { id, game, why, since } of await server.rooms.quarantined()) console.log(id, game, why, new Date(since))
   * ```
   */
  async quarantined(): Promise<QuarantinedRoom[]> {
    try {
      return await this.node.parts.store.quarantined(1_000);
    } catch (error) {
      if (error instanceof StoreError) throw new ServerRoomError('unavailable', error.message);
      throw error;
    }
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

  private async runCommand(room: string, name: string, data: Json): Promise<void> {
    const reply = await this.node.router.request(room, { k: 'serve', name, data });
    if (!reply.ok) throw new ServerRoomError(reply.code, reply.detail);
  }
}
