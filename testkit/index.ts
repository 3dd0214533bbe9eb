/**
 * The test kit: runs your game on a cluster of real nodes with real clients, in one process, on a virtual clock that
 * the test advances. A failover takes milliseconds. All randomness comes from one seed, so a failing test fails again.
 * @module rejoin/testkit
 */
import { readFileSync } from 'node:fs';
import { Replay } from '../client/replay.ts';
import type { EffectAbout } from '../server/rooms/actor/effect-runner.ts';
import type { RoomDocument } from '../server/rooms/core/document.ts';
import { readEntry, readSnapshot } from '../server/rooms/core/entry.ts';
import { apply } from '../shared/delta.ts';
import { RejoinError } from '../shared/errors.ts';
import type { AnyGame, ContractDef, EffectsOf, Game, OptionsIn, Out, ProfileIn, StateOf } from '../shared/contract.ts';
import type { Json, JsonObject } from '../shared/json.ts';
import type { Position } from '../shared/position.ts';
import type { ReplayReply } from '../shared/protocol.ts';
import { RuleFailedError, type Failure } from './failures.ts';
import {
  assertHiddenInViews,
  assertSeedHidden,
  assertSecretsNotSent,
  type Moment,
  type ReceivedMessages,
} from './leaks.ts';
import { assertDealtSecretsHidden } from './redeals.ts';
import { Seat } from './seat.ts';
import { LeakError } from './secrets.ts';
import { assertNoninterference } from './noninterference.ts';
import { TableServer } from './table-server.ts';
import { ServerRoomError, type ServerCallOptions, type ServerCallResult } from '../server/node/server-rooms.ts';
import { TestCluster, type TestClient } from './test-cluster.ts';
import type { TestNode } from './test-node.ts';
import { latency } from './test-connection.ts';

export { LeakError, RejoinError, Replay, RuleFailedError, Seat, ServerRoomError, TableServer };
export type { Failure, ServerCallOptions, ServerCallResult };

/** Options of a table. */
export interface TableOptions<D extends ContractDef> {
  /** Number of players. Default: the minimum of the game. */
  players?: number;
  /** Number of nodes. Default 3. */
  nodes?: number;
  /** Default 1. */
  seed?: number;
  options?: OptionsIn<D>;
  /** Profiles of the players, in seat order; undefined: none. */
  profiles?: readonly (ProfileIn<D> | undefined)[];
  /** Number of additional bots. */
  bots?: number;
  /**
   * What a rule that fails does to the test. `throw`: the call of the test kit that is in progress throws a
   * RuleFailedError. `collect`: nothing, `t.failures` lists it. Default `throw`.
   */
  failures?: 'throw' | 'collect';
  /** Whether to start the match, if the game waits for the host or for ready players. Default true. */
  start?: boolean;
}

type RequestedEffect<D extends ContractDef> = {
  [K in keyof EffectsOf<D> & string]: {
    name: K;
    data: Out<EffectsOf<D>[K]>;
    key: string;
    /** Player ids by seat, as of the request. */
    players: readonly (string | null)[];
  };
}[keyof EffectsOf<D> & string];

/** Upper bound of `lag`, ms. */
const longestLag = 5_000;

/** The account of a player of a table: not the name, so that rules that confuse the two are noticed. */
const idOf = (name: string): string => `user:${name.toLowerCase().replaceAll(' ', '-')}`;

const nameOf = (i: number): string => ['Ann', 'Bob', 'Cid', 'Dee', 'Eve', 'Fay', 'Gus', 'Hal'][i] ?? `Player ${i + 1}`;
const isConnected = <D extends ContractDef>({ client, room }: Seat<D>): boolean =>
  !client.isOffline && room.ended === null;
const isAtOrPast = ([term, seq]: Position, [targetTerm, targetSeq]: Position): boolean =>
  term > targetTerm || (term === targetTerm && seq >= targetSeq);

/** A room of one game with connected players, and its match started. */
export class Table<D extends ContractDef> {
  readonly seats: Seat<D>[] = [];
  /** What the server's own code can do with the room: server actions, events, ending the match, kicking. */
  readonly server: TableServer<D>;
  /** Effects that were executed, with repetitions: after a failover the same key may occur again. */
  readonly effects: RequestedEffect<D>[] = [];
  /**
   * Called for each effect. Throw in it to make an effect fail.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * let failed = 0
   * t.onEffect = () => { if (failed++ === 0) throw new Error('the database is away') }
   * ```
   */
  onEffect: (effect: RequestedEffect<D>) => void = () => {};
  /**
   * Rules that failed, effects that `onEffect` made fail, and leaks that `neverLeaks` found, oldest first. Apart from
   * logs: what nodes warn of during faults is not in it.
   */
  readonly failures: Failure[] = [];
  /** @internal */
  readonly world: TestCluster;
  private readonly watchers: Seat<D>[] = [];
  private id = '';
  private spareNodes = 0;
  /** Delay of the clients that join from now on, ms. */
  private newcomersLag = 0;

  /** @internal */
  constructor(
    private readonly game: Game<D>,
    private readonly how: TableOptions<D>,
  ) {
    this.world = new TestCluster([game as unknown as AnyGame], how.seed ?? 1);
    this.world.steps = [];
    this.server = new TableServer<D>(
      this.world,
      () => this.id,
      () => this.catchUp(),
      this.seats,
    );
    this.world.onRuleFailed = (_room, name, error) => {
      this.failures.push({ kind: 'rule', name, error });
      if (how.failures !== 'collect') this.world.clock.fail(new RuleFailedError(name, error));
    };
    const { contract } = game;
    this.world.effects = {
      [contract.name]: Object.fromEntries(
        Object.keys(contract.def.effects ?? {}).map(name => [
          name,
          (data: Json, { key, players }: EffectAbout) => {
            const effect = { name, data, key, players } as unknown as RequestedEffect<D>;
            try {
              this.onEffect(effect);
            } catch (error) {
              this.failures.push({ kind: 'effect', name, key, error });
              throw error;
            }
            this.effects.push(effect);
          },
        ]),
      ),
    };
  }

  /** @internal */
  async open(): Promise<this> {
    const {
      world,
      how,
      game: { contract },
    } = this;
    const nodes = Array.from({ length: how.nodes ?? 3 }, (_x, i) => `node-${i + 1}`);
    await world.start(...nodes);
    // If there are enough nodes, no player connects to the owner, so that its faults close no player's connection.
    const made = await world.clock.run(
      world.node(nodes.at(-1)!).node.lobby.create('$test', {
        game: contract.name,
        options: (how.options ?? {}) as JsonObject,
        bots: how.bots ?? 0,
      }),
    );
    if (!made.ok) throw new Error(`the room was not made: ${made.code} ${made.detail ?? ''}`);
    this.id = made.room;
    const homes = nodes.length > 2 ? nodes.slice(0, -1) : nodes;
    for (let i = 0; i < (how.players ?? contract.def.seats.min); i++)
      await this.seat(nameOf(i), homes[i % homes.length]!, how.profiles?.[i]);
    if (how.start !== false) await this.begin();
    return this;
  }

  private async seat(name: string, home: string, profile: ProfileIn<D> | undefined): Promise<Seat<D>> {
    const { world, game } = this;
    const client = this.connect(name, home);
    const room = await world.clock.run(
      client.client.join(game.contract, { id: this.id, ...(profile === undefined ? {} : { profile }) }),
      `${name} sits down`,
    );
    const seat = new Seat<D>(world, client, room, name, game.contract.def, () => this.catchUp());
    this.seats.push(seat);
    return seat;
  }

  private connect(name: string, home: string): TestClient {
    const client = this.world.client(name, home, {}, idOf(name));
    const ms = this.newcomersLag;
    client.extraDelay = () => ms;
    return client;
  }

  private async begin(): Promise<void> {
    const { start } = this.game.contract.def;
    if (start === 'host') await this.seats[this.seats[0]!.info.host ?? 0]!.start();
    if (start === 'ready') for (const seat of this.seats) await seat.ready();
    await this.until('the match begins', () => this.seats.every(s => s.info.phase !== 'waiting'));
  }

  /** Name of the node that runs the room. */
  get owner(): string | null {
    return this.world.owner(this.id)?.name ?? null;
  }
  /** The room's document at its owner, including hidden state. */
  get document(): RoomDocument {
    return this.ownerNode.node.ownedRooms.get(this.id)!.doc;
  }
  /** The whole state at the owner, with what views hide. A copy. @throws Error before the first match */
  get state(): StateOf<D> {
    const { state } = this.document;
    if (state === null) throw new Error('no match has begun');
    return structuredClone(state) as StateOf<D>;
  }
  private get ownerNode(): TestNode {
    const host = this.world.owner(this.id);
    if (!host) throw new Error('no node owns the room');
    return host;
  }
  /** What nodes logged as warnings and errors, for example rules that threw. */
  get warnings(): string[] {
    return [...this.world.nodes.values()].flatMap(h => h.warnings);
  }

  /**
   * Advances time by `ms` and runs everything due.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.advance(21_000) // the turn's timer was set to 20 s
   * assert.equal(t.seats[0].state.turn, 1)
   * ```
   */
  async advance(ms: number): Promise<void> {
    await this.world.clock.advance(ms);
  }
  /**
   * Advances time until a condition holds.
   * @throws if it does not hold within a minute of virtual time
   * @example
   * ```ts
   * const t = await table(raceGame, { players: 1, bots: 1 })
   * await t.until('the bot has moved', () => t.seats[0].state.at[1] > 0)
   * ```
   */
  async until(what: string, holds: () => boolean): Promise<void> {
    await this.world.clock.waitUntil(what, holds, 60_000);
  }

  /**
   * Kills the owner, as with SIGKILL, and waits for the takeover. A new node replaces it.
   * @returns the time without an owner, ms
   * @example
   * ```ts
   * const t = await table(raceGame, { players: 2, nodes: 3, seed: 7 })
   * await t.seats[0].act.step({ by: 2 })
   * await t.killOwner()
   * assert.deepEqual(t.seats[1].state.at, [2, 0])
   * ```
   */
  async killOwner(): Promise<number> {
    const { ownerNode, world } = this;
    const alone = [...world.nodes.values()].filter(h => h.state === 'up').length === 1;
    if (alone) await world.bootNode(`spare-${++this.spareNodes}`);
    const before = world.clock.mono();
    world.kill(ownerNode);
    await this.until('another node runs the room', () => this.world.owner(this.id) !== undefined);
    const took = world.clock.mono() - before;
    if (!alone) await world.bootNode(`spare-${++this.spareNodes}`);
    await this.settle();
    return took;
  }

  /**
   * Freezes the owner, as with SIGSTOP, until another node has taken over; then resumes it.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * const frozen = t.owner
   * await t.freezeOwner()
   * assert.notEqual(t.owner, frozen)
   * ```
   */
  async freezeOwner(): Promise<void> {
    const { ownerNode, world } = this;
    world.freeze(ownerNode);
    await this.until('another node runs the room', () => this.world.owner(this.id) !== undefined);
    await this.advance(500);
    world.thaw(ownerNode);
    await this.settle();
  }

  /**
   * Drains the owner, as a deploy does: it hands the room over and stops.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.drainOwner()
   * assert.equal((await t.seats[0].act.step({ by: 1 })).ok, true)
   * ```
   */
  async drainOwner(): Promise<void> {
    const { ownerNode, world } = this;
    await world.bootNode(`spare-${++this.spareNodes}`);
    await this.advance(500);
    await world.drain(ownerNode);
    await this.settle();
  }

  /**
   * Delays each message between clients and nodes by `ms`, in both directions: of one player or spectator, or of all,
   * those who join later included. `lag(0)` ends it. At most 5,000.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * t.lag(150)
   * const moved = t.seats[0].act.step({ by: 2 })
   * await t.advance(200) // the move has reached the owner, its outcome has not reached the players
   * assert.deepEqual([t.state.at, t.seats[1].state.at], [[2, 0], [0, 0]])
   * await moved
   * assert.deepEqual(t.seats[1].state.at, [2, 0])
   * ```
   */
  lag(ms: number, seat?: Seat<D>): void {
    if (!(ms >= 0 && ms <= longestLag)) throw new RangeError(`lag(${ms}): 0 to ${longestLag} ms`);
    if (!seat) this.newcomersLag = ms;
    for (const { client } of seat ? [seat] : [...this.seats, ...this.watchers]) client.extraDelay = () => ms;
  }

  /**
   * Breaks the connection of one player or spectator, or of all, and lets them connect again after `ms`. What was on
   * its way is lost. Resolves when they are up to date.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * const moved = t.seats[0].act.step({ by: 2 })
   * await t.cut(t.seats[0]) // the answer is lost, or the move
   * assert.equal((await moved).ok, true)
   * assert.deepEqual(t.seats[1].state.at, [2, 0]) // done once
   * ```
   */
  async cut(seat?: Seat<D>, ms = 0): Promise<void> {
    const cut = (seat ? [seat] : [...this.seats, ...this.watchers]).filter(isConnected);
    for (const one of cut) this.disconnect(one);
    await this.advance(Math.max(ms, latency.line));
    for (const one of cut) await this.reconnect(one);
    await this.catchUp();
  }

  /**
   * Disconnects a player until `reconnect`.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * t.disconnect(t.seats[1])
   * await t.until('the others know', () => t.seats[0].room.players[1]?.here === false)
   * ```
   */
  disconnect(seat: Seat<D>): void {
    this.world.disconnect(seat.client);
  }
  /**
   * Reconnects a player. Resolves when the player is up to date.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * t.disconnect(t.seats[1])
   * await t.seats[0].act.step({ by: 3 })
   * await t.reconnect(t.seats[1])
   * assert.deepEqual(t.seats[1].state.at, [3, 0])
   * ```
   */
  async reconnect(seat: Seat<D>): Promise<void> {
    await this.advance(latency.line); // the client notices first
    seat.client.isOffline = false;
    await this.until(`${seat.name} is back`, () => seat.room.live);
  }

  /**
   * Seats another player, as a late joiner if the match has begun. The same name is the same player: one who has left
   * takes a seat again.
   * @throws RefusalError if the player gets no seat, for example `room-started` in games without `late: true`
   * @example
   * ```ts
   * const t = await table(cardsGame, { start: false })
   * const cid = await t.sit('Cid')
   * assert.equal(cid.seat, 2)
   * assert.deepEqual(t.seats[0].room.players.map(p => p?.name), ['Ann', 'Bob', 'Cid', undefined])
   * ```
   */
  async sit(name: string, { profile }: { profile?: ProfileIn<D> } = {}): Promise<Seat<D>> {
    const seat = await this.seat(name, this.anyNode, profile);
    await this.catchUp();
    return seat;
  }

  /** A node for a new connection; not the owner if there is another. */
  private get anyNode(): string {
    const able = [...this.world.nodes.values()].filter(h => h.state === 'up' && !h.node.isDraining);
    return (able.find(h => h.name !== this.owner) ?? able[0]!).name;
  }

  /**
   * Adds a spectator.
   * @example
   * ```ts
   * const t = await table(cardsGame)
   * const watcher = await t.watch()
   * assert.deepEqual(watcher.state.hand, []) // a spectator has no hand
   * ```
   */
  async watch(name = 'Watcher'): Promise<Seat<D>> {
    const client = this.connect(name, this.anyNode);
    const room = await this.world.clock.run(client.client.watch(this.game.contract, { id: this.id }));
    const watcher = new Seat<D>(this.world, client, room, name, this.game.contract.def, () => this.catchUp());
    this.watchers.push(watcher);
    return watcher;
  }

  /**
   * Waits until no action of a connected client is pending and all connected clients show what the owner has by then.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.seats[0].act.step({ by: 1 })
   * await t.settle()
   * assert.deepEqual(t.seats[1].state, t.seats[0].state)
   * ```
   */
  async settle(): Promise<void> {
    await this.until('every action is answered', () => this.connected.every(s => s.room.live && s.room.pending === 0));
    await this.catchUp();
  }

  private get connected(): Seat<D>[] {
    return [...this.seats, ...this.watchers].filter(isConnected);
  }

  /** Waits until all connected clients show what the owner has now. Later entries may follow at any rate. */
  private async catchUp(): Promise<void> {
    let target: Position | null = null;
    await this.until('all are up to date', () => {
      target ??= this.world.owner(this.id)?.node.ownedRooms.get(this.id)?.head.head ?? null;
      return target !== null && this.connected.every(s => isAtOrPast(s.room.position, target!));
    });
  }

  /**
   * Checks that no other member can learn a seat's secret. `secret` returns the hidden part of the state (the same
   * objects, not copies), or null if the seat hides nothing. There are three checks:
   *
   * - **Another secret.** Each match is run again with the same inputs, times and random numbers, but with one part of
   *   one secret changed. What other members receive must not change: views, events, answers, refusals, the public room,
   *   the times of timers, and logged errors of rules. This finds secrets of any length. A run ends when `secret` no
   *   longer returns the changed part.
   * - **Other random numbers.** Up to six entries that draw secrets at random are run again from 40 seeds, with single
   *   random numbers replaced. Entries that begin a match are chosen first. Runs in which a receiver's own view is equal
   *   are compared: a field that changes only when another seat's secret changes is a leak. Rules must therefore be
   *   functions of state, context and data: a rule that counts its calls causes false findings.
   * - **Search.** All bytes that a member received and all log lines are searched for secrets that cannot occur by
   *   chance: texts of at least 6 characters, and numbers of at least 6 digits.
   *
   * `reveals` names actions whose outcome may depend on hidden secrets, such as a shot that reports a hit. The first
   * check ends a run before such an action, and where the changed secret changes what its own player can do.
   * @throws LeakError that names the field, the entry and who received it
   * @example
   * ```ts
   * const t = await table(cardsGame, { players: 3 })
   * await t.seats[0].act.play({ card: 0 })
   * await t.killOwner()
   * t.neverLeaks((s, seat) => s.hands[seat])
   * ```
   */
  neverLeaks(
    secret: (state: StateOf<D>, seat: number) => unknown,
    { reveals = [] }: { reveals?: readonly (keyof D['actions'] & string)[] } = {},
  ): void {
    const moments = this.moments();
    const history = moments.map(m => m.doc);
    const received: ReceivedMessages[] = [
      ...this.seats.map(s => ({ name: s.name, player: s.client.client.player ?? s.name, bytes: s.bytes })),
      ...this.watchers.map(w => ({ name: w.name, player: null, bytes: w.bytes })),
    ];
    try {
      assertHiddenInViews(this.game as unknown as AnyGame, history, secret as never);
      assertNoninterference(
        this.game as unknown as AnyGame,
        history,
        this.world.steps!.filter(step => step.room === this.id),
        secret as never,
        reveals,
      );
      assertDealtSecretsHidden(
        this.game as unknown as AnyGame,
        this.created(),
        history,
        this.world.steps!.filter(step => step.room === this.id),
        secret as never,
        reveals,
      );
      assertSeedHidden(history, received);
      assertSecretsNotSent(this.game as unknown as AnyGame, moments, secret as never, received, this.world.logLines);
    } catch (error) {
      if (error instanceof LeakError) this.failures.push({ kind: 'leak', error });
      throw error;
    }
  }

  /**
   * The room's document after each entry, from its journal.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.seats[0].act.step({ by: 2 })
   * assert.deepEqual(t.history().at(-1)?.state, { at: [2, 0], turn: 0 })
   * ```
   */
  history(): RoomDocument[] {
    return this.moments().map(m => m.doc);
  }

  /** The room's document before its first entry. */
  private created(): RoomDocument {
    return readSnapshot(this.world.storeCalls.find(c => c.created?.id === this.id)!.created!.snapshot);
  }

  private moments(): Moment[] {
    const { storeCalls } = this.world;
    const doc = this.created();
    return storeCalls
      .filter(c => c.op === 'append' && c.room === this.id && c.result === 'ok')
      .map(({ append }) => {
        const { c, e } = readEntry(append!.entry);
        apply(doc as unknown as Json, c);
        return { doc: structuredClone(doc), events: e ?? [] };
      });
  }

  /**
   * The recording of a finished match: by its number in this room, or by a file name.
   * @example
   * ```ts
   * const t = await table(raceGame)
   * await t.seats[0].act.step({ by: 3 })
   * await t.seats[1].leave() // that ends it
   * const replay = await t.replay()
   * assert.equal(replay.at(replay.duration).room.phase, 'ended')
   * ```
   */
  async replay(which: number | string = this.seats[0]!.info.match): Promise<Replay> {
    if (typeof which === 'string') return replay(which);
    const match = which;
    for (let tries = 0; tries < 20; tries++) {
      const reply = await this.world.clock.run(this.ownerNode.node.replays.read(this.id, match));
      if (reply.ok) return new Replay(reply);
      await this.advance(200);
    }
    throw new Error(
      `there is no recording of match ${match}: does the contract say replay: true, and has the match ended?`,
    );
  }
}

/**
 * Creates a room of a game with players and starts the match.
 * @example
 * ```ts
 * import { table } from 'rejoin/testkit'
 *
 * const t = await table(raceGame, { players: 2, options: { goal: 4 } })
 * await t.seats[0].act.step({ by: 2 })
 * await t.killOwner()
 * await t.seats[0].act.step({ by: 2 })
 * assert.deepEqual(t.seats[0].info.result?.ranking, [[0]])
 * ```
 */
export const table = <D extends ContractDef>(game: Game<D>, how: TableOptions<D> = {}): Promise<Table<D>> =>
  new Table(game, how).open();

/**
 * Reads a recording from a file: the answer of GET /replays/<room>/<match>.
 * @example
 * ```ts
 * const recorded = replay('test/matches/long-race.json')
 * for (const moment of recorded.moments) assert.ok(recorded.at(moment).room.seats.length <= 4)
 * ```
 */
export const replay = (file: string): Replay => new Replay(JSON.parse(readFileSync(file, 'utf8')) as ReplayReply);
