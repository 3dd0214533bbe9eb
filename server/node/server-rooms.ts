import type { Contract, ContractDef, OptionsIn, Ranking } from '../../shared/contract.ts';
import { RefusalError } from '../../shared/errors.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomView } from '../../shared/protocol.ts';
import type { RejoinNode } from './node.ts';
import type { ViewReply } from '../rooms/actor/messages.ts';
import { StoreError, type QuarantinedRoom } from '../store/store.ts';

/** A room could not be made, or does not do what was asked. `code` is one of shared/refusals.ts. */
export class ServerRoomError extends RefusalError {
  override readonly name = 'ServerRoomError';
}

/** How a room is made by the server's own code. */
export interface NewRoomOptions<D extends ContractDef> {
  options?: OptionsIn<D>;
  /** Not in the list of rooms. Default true: whoever makes rooms by code also says who goes there. */
  private?: boolean;
  /** Ids of the players for whom the seats are kept. Without it: anybody's. */
  seats?: readonly string[];
  /** So many bots sit down with the first player. */
  bots?: number;
  /** How long (ms) the room waits for its first player; at most a day. */
  life?: number;
}

/**
 * Rooms, handled by the server's own code: for matchmaking, tournaments, tests. It may do what a host may, and end a
 * match. Works on any node of a cluster for any room. All methods throw ServerRoomError; `unknown` where the owner died
 * and nobody can tell whether it was done (kick, makeHost and close are asked again then).
 */
export class ServerRooms {
  constructor(private readonly node: RejoinNode) {}

  /**
   * Makes a room that nobody has joined yet.
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
   * Begins the match, or the next one, whatever the game waits for otherwise.
   * @example
   * ```ts
   * await server.rooms.start(id)
   * ```
   */
  start(room: string): Promise<void> {
    return this.runCommand(room, '$start', null);
  }
  /**
   * Ends the match as the server sees it. `ranking`: see the rules' `ctx.end`.
   * @example
   * ```ts
   * await server.rooms.end(id, { ranking: [[1], [0]] })
   * ```
   */
  end(room: string, result: { ranking: Ranking }): Promise<void> {
    return this.runCommand(room, '$end', { ranking: result.ranking as unknown as Json });
  }
  /**
   * Removes a player: frees the seat, if there is one, and the player cannot come to this room any more, to sit or to
   * watch.
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
   * A bot takes a free seat.
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
   * Ends the room and all that is known of it. Its members are told.
   * @example
   * ```ts
   * await server.rooms.close(id)
   * ```
   */
  async close(room: string): Promise<void> {
    await this.runCommand(room, '$close', null).catch((error: unknown) => {
      // there is none: also when this is asked a second time
      if (!(error instanceof ServerRoomError && error.code === 'room-missing')) throw error;
    });
  }

  /**
   * What a spectator sees, and who (by player id) sits where.
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
   * Rooms of all nodes that were taken out of play because their rules failed or hung too often, or because they cannot
   * be read; those that have been so longest first, a thousand at most. They stay for their life, a day.
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
   * Puts a room back into play, as it was before: its timers have the time that they had then, and what failed or hung
   * in it counts no more. One that is in play is left as it is. `room-quarantined`: it cannot be read, or not by the
   * games of now.
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
