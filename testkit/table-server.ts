import type { AnyGame, ContractDef, EventsOf, In, Ranking, ServerActionsOf } from '../shared/contract.ts';
import { ServerRooms, type ServerCallOptions, type ServerCallResult } from '../server/node/server-rooms.ts';
import type { Seat } from './seat.ts';
import type { TestCluster } from './test-cluster.ts';

/** What the server's own code does with the room of a table: as `server.rooms` of a real server, without the room's id. */
export class TableServer<D extends ContractDef> {
  /** @internal */
  constructor(
    private readonly world: TestCluster,
    private readonly room: () => string,
    private readonly settle: () => Promise<void>,
    private readonly seats: readonly Seat<D>[],
  ) {}

  /**
   * Performs a server action, as `server.rooms.act`. Here and below, time advances until the answer has arrived and all
   * connected players are up to date.
   * @throws ServerRoomError with the code of a refusal
   * @example
   * ```ts
   * const t = await table(clocksGame)
   * await t.server.act('grantTime', { seat: 0, ms: 5_000 }, { key: 'purchase:1' })
   * await t.killOwner()
   * const { repeated } = await t.server.act('grantTime', { seat: 0, ms: 5_000 }, { key: 'purchase:1' })
   * assert.equal(repeated, true)
   * assert.equal(t.seats[0].state.left[0], 65_000)
   * ```
   */
  act<N extends keyof ServerActionsOf<D> & string>(
    name: N,
    data: In<ServerActionsOf<D>[N]>,
    options?: ServerCallOptions,
  ): Promise<ServerCallResult> {
    return this.run(rooms => rooms.act(this.room(), name as never, data as never, options));
  }

  /**
   * Sends an event of the contract, as `server.rooms.send`.
   * @throws ServerRoomError
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.server.send('lap', { seat: 0, lap: 1 })
   * assert.equal(t.seats[1].events[0].name, 'lap')
   * ```
   */
  send<N extends keyof EventsOf<D> & string>(
    name: N,
    data: In<EventsOf<D>[N]>,
    options?: ServerCallOptions & { to?: string | readonly string[] },
  ): Promise<ServerCallResult> {
    return this.run(rooms => rooms.send(this.room(), name as never, data as never, options));
  }

  /**
   * Ends the match, as `server.rooms.end`.
   * @throws ServerRoomError
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.server.end({ ranking: [[1], [0]] })
   * assert.equal(t.seats[0].info.phase, 'ended')
   * ```
   */
  end(result: { ranking: Ranking }, options?: ServerCallOptions): Promise<ServerCallResult> {
    return this.run(rooms => rooms.end(this.room(), result, options));
  }

  /**
   * Removes a player by id, as `server.rooms.kick`.
   * @throws ServerRoomError
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.server.kick(t.seats[1].id)
   * assert.equal(t.seats[1].room.ended?.code, 'kicked')
   * ```
   */
  async kick(player: string, options?: ServerCallOptions): Promise<ServerCallResult> {
    const result = await this.run(rooms => rooms.kick(this.room(), player, options));
    const kicked = this.seats.filter(seat => seat.id === player && !seat.client.isOffline);
    await this.world.clock.waitUntil('the player is notified', () => kicked.every(seat => seat.room.ended), 60_000);
    return result;
  }

  /** On a node that does not run the room, if there is one. */
  private async run<T>(call: (rooms: ServerRooms<readonly AnyGame[]>) => Promise<T>): Promise<T> {
    const { world } = this;
    const owner = world.owner(this.room());
    const up = [...world.nodes.values()].filter(node => node.state === 'up');
    const { node } = up.find(other => other !== owner) ?? up[0]!;
    const result = await world.clock.run(call(new ServerRooms(node)), "an answer to the server's own code");
    await this.settle();
    return result;
  }
}
