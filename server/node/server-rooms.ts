import type { Contract, ContractDef, OptionsIn, Ranking } from '../../shared/contract.ts';
import { RefusalError } from '../../shared/errors.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomView } from '../../shared/protocol.ts';
import type { RejoinNode } from './node.ts';
import type { ViewReply } from '../rooms/actor/messages.ts';
import { StoreError, type QuarantinedRoom } from '../store/store.ts';

/** A request to a room failed. `code`: see shared/refusals.ts. */
export class ServerRoomError extends RefusalError {
  override readonly name = 'ServerRoomError';
}

/** Settings of a room that the server's own code creates. */
export interface NewRoomOptions<D extends ContractDef> {
  options?: OptionsIn<D>;
  /** Whether the room is hidden from the room list. Default: true. */
  private?: boolean;
  /** Ids of the players for whom the seats are reserved. Default: any player. */
  seats?: readonly string[];
  /** Number of bots that take a seat with the first player. */
  bots?: number;
  /** How long (ms) the room waits for its first player; at most a day. */
  life?: number;
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
   * const { id, code } = await server.rooms.create(race, { seats: ['user:1', 'user:2'], options: { goal: 20 }, life: 600_000 })
   * console.log(`${id} is kept for two; they can join by ${code}`)
   * ```
   */
  async create<D extends ContractDef>(
    game: Contract<D>,
    settings: NewRoomOptions<D> = {},
  ): Promise<{ id: string; code: string }> {
    if (
      settings.seats &&
      (settings.seats.length > game.def.seats.max || new Set(settings.seats).size !== settings.seats.length)
    )
      throw new ServerRoomError('bad-request', `seats: up to ${game.def.seats.max} different players`);
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
        reserved: settings.seats ? [...settings.seats] : null,
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
