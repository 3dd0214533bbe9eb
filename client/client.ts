import type { Contract, ContractDef, OptionsIn, ProfileIn } from '../shared/contract.ts';
import type { Changes } from '../shared/delta.ts';
import { RefusalError } from '../shared/errors.ts';
import type { Json, JsonObject } from '../shared/json.ts';
import type { Position } from '../shared/position.ts';
import type {
  JoinSuccess,
  JoinRequest,
  ListReply,
  Notice,
  RoomHead,
  HeartbeatReply,
  RequestName,
  Requests,
  RoomSummary,
  WireChange,
  InspectReply,
} from '../shared/protocol.ts';
import { dutyOf, type Refused } from '../shared/refusals.ts';
import { Connector } from './connector.ts';
import { ClockDrift } from './clock-drift.ts';
import { PendingLeaves } from './pending-leaves.ts';
import { checkName, checkOutgoing, checkRequest, type CheckedValue } from './outgoing-checks.ts';
import { Credentials, type AuthSource, type TokenSource } from './credentials.ts';
import { monotonicNow, type ClientClock, type Transport } from './ports.ts';
import { fetchReplay, Replay, routesUrl } from './replay.ts';
import { Room } from './room.ts';
import { remedyOf, explainRefusal, type Remedy, type Status } from './status.ts';
import { socketTransport, type SocketTransportOptions } from './socket-transport.ts';
import { browserStorage, type TokenStorage } from './stored-token.ts';

/** How a client connects. The defaults fit a browser. */
export interface ConnectOptions extends SocketTransportOptions {
  /** Name of a guest. */
  name?: string;
  /**
   * A token to use instead of the stored one, or a function that returns one. The function is called before each
   * connection, and once more after a token was refused.
   */
  token?: TokenSource;
  /** Further fields of `auth` that the server's `authenticate` reads, or a function that returns them. */
  auth?: AuthSource;
  /**
   * Where a guest's token is stored; null: in memory only. Default: localStorage, if there is one. If storing fails,
   * the token stays in memory.
   */
  storage?: TokenStorage | null;
  /**
   * For servers behind a proxy that routes by room (docs/routing.md): connections name a room, so that all its members
   * reach the same node. The room is the last one entered; before that, the id given here (for example from a link), or
   * none (`true`). Entering another room opens a new connection. Default: connections name no room.
   */
  byRoom?: boolean | string;
  transport?: Transport;
  clock?: ClientClock;
}

/** A room could not be created, found or entered. `code` is the refusal code. */
export class RoomError extends RefusalError {
  override readonly name = 'RoomError';
  /** The reason, in English. */
  readonly why: string;
  /** What the user can do. */
  readonly now: Remedy;

  constructor(code: string, detail?: string) {
    super(code, detail);
    this.why = explainRefusal({ ok: false, code, ...(detail === undefined ? {} : { detail }) });
    this.now = remedyOf(code);
  }
}

/**
 * Times of the heartbeat, in ms.
 * - `busy`, `idle`: interval while messages arrive, and after none has arrived for `idleAfter`.
 * - `fresh`: if every room changed within this time, the connection is known to work.
 * - `atLeast`: the latest positions may then be this old before a heartbeat asks for them.
 * - `seldom`: longest time between two heartbeats, which also measure the round trip.
 */
const heartbeatTiming = { busy: 1_000, idle: 2_000, idleAfter: 10_000, fresh: 250, atLeast: 3_000, seldom: 10_000 };

/** A player's connection to the servers, on whichever node, and the rooms that the player is in. */
export class Client {
  /**
   * Calls `fn` after each change of `status`.
   * @example
   * ```ts
   * const stop = client.onStatus(status => { banner.textContent = inWords(status) })
   * stop() // ends the subscription
   * ```
   */
  readonly onStatus: (fn: (status: Status) => void) => () => void;
  /**
   * Calls `fn` when the stored token was refused twice in a row (it expired, or belongs to another server) and this
   * client has become a new guest.
   * @example
   * ```ts
   * client.onNewIdentity(() => { banner.textContent = 'Your last visit is not known here: you are a new guest.' })
   * ```
   */
  readonly onNewIdentity: (fn: () => void) => () => void;
  private readonly connector: Connector;
  private readonly rooms = new Map<string, Room>();
  private readonly departures: PendingLeaves;
  /** Number of joins without an answer. */
  private pendingJoins = 0;
  private readonly credentials: Credentials;
  private readonly clock: ClientClock;
  private readonly monotonicNow: () => number;
  /** The name in the last handshake that was accepted. */
  private welcomedName: string | undefined;
  /** HTTP requests in flight. */
  private readonly fetches = new Set<AbortController>();
  private identity: { player: string; name: string } | null = null;
  private cancelHeartbeat: (() => void) | null = null;
  private lastActiveAt = -Infinity;
  /** When the last heartbeat was sent, and when the latest positions were last received. */
  private heartbeatSentAt = -Infinity;
  private headsReceivedAt = -Infinity;
  /** The last round trips, ms. */
  private roundTrips: number[] = [];
  private readonly drift = new ClockDrift();

  constructor(
    private readonly url: string,
    private readonly options: ConnectOptions = {},
  ) {
    this.clock = options.clock ?? browserClock;
    this.monotonicNow = monotonicNow(this.clock);
    this.credentials = new Credentials({
      token: options.token,
      auth: options.auth,
      name: options.name === undefined ? undefined : checkName(options.name),
      storage: options.storage === undefined ? browserStorage() : options.storage,
      clock: this.clock,
    });
    this.connector = new Connector(
      options.transport ?? socketTransport(url, options),
      this.clock,
      () => this.credentials.nextHandshake(),
      (refusal, sent) => this.credentials.handleRefusal(refusal, sent),
      () =>
        options.byRoom ? ([...this.rooms.keys()].at(-1) ?? (options.byRoom === true ? null : options.byRoom)) : null,
    );
    this.departures = new PendingLeaves(this.connector, this.clock);
    this.onStatus = fn => this.connector.onStatus.add(() => fn(this.status)); // an earlier callback may have changed it
    this.onNewIdentity = fn => this.credentials.onNewIdentity.add(fn);
    this.connector.onStatus.add(status => {
      if (status.state === 'refused') this.departures.end(status.refusal.code);
      for (const room of [...this.rooms.values()]) {
        if (status.state === 'refused') room.finish(status.refusal);
        if (status.state !== 'live' && !this.connector.isLive) room.suspend();
        room.updateStatus();
      }
    });
    this.connector.onWelcome.add((welcome, sent) => {
      this.welcomedName = sent?.name;
      this.identity = { player: welcome.player, name: welcome.name };
      this.credentials.handleWelcome(welcome);
      this.heartbeatSentAt = -Infinity; // this node has received no heartbeat yet
      for (const room of this.rooms.values()) {
        room.suspend();
        void room.join();
      }
      this.scheduleHeartbeat();
    });
    this.connector.onEvent.add((name, args) => this.handleEvent(name, args));
    this.connector.start();
    this.addPageListeners();
  }

  /** This client's public player id; null before the first welcome. */
  get player(): string | null {
    return this.identity?.player ?? null;
  }
  get playerName(): string | null {
    return this.identity?.name ?? null;
  }
  get status(): Status {
    return this.connector.status;
  }
  /** Last measured round trip to the node, ms. */
  get rtt(): number | null {
    return this.roundTrips.at(-1) ?? null;
  }

  /**
   * Creates a room and takes a seat in it. `bots`: number of bots that take seats, too.
   * @throws RoomError
   * @example
   * ```ts
   * const room = await client.create(race, { options: { goal: 20 }, private: true, bots: 1 })
   * const link = `${location.origin}/?room=${room.id}` // visitors join by this id, or by room.code
   * ```
   */
  async create<D extends ContractDef>(
    game: Contract<D>,
    how: { options?: OptionsIn<D>; private?: boolean; bots?: number; profile?: ProfileIn<D> } = {},
  ): Promise<Room<D>> {
    encodePayloads(how); // before a room is created that could not be entered
    const made = await this.requestUntilAnswered('create', {
      game: game.name,
      key: this.randomId(),
      ...(how.options ? { options: how.options as JsonObject } : {}),
      ...(how.private === undefined ? {} : { private: how.private }),
      ...(how.bots === undefined ? {} : { bots: how.bots }),
    });
    return this.enterRoom<D>({ room: made.room, ...profileField(how) }, game);
  }
  /**
   * Takes a seat in a room, or returns to one's own seat. `profile`: the player's profile, if the contract declares
   * one. It is sent with every join; `room.setProfile` changes it.
   * @throws RoomError; `bad-profile` if the profile of a new seat is invalid
   * @example
   * ```ts
   * const room = await client.join(race, { code: 'K7QXM' })
   * if (room.seat !== null) console.log(`You have seat ${room.seat}.`)
   * ```
   */
  join<D extends ContractDef>(
    game: Contract<D>,
    which: ({ id: string } | { code: string }) & { profile?: ProfileIn<D> },
  ): Promise<Room<D>> {
    return this.enterRoom<D>({ ...roomSelector(which), ...profileField(which) }, game);
  }
  /**
   * Takes a seat in an open public room with these options, or in a new room. Without `options`, any open room of the
   * game will do; with `options`, missing ones have their defaults. A call with the same arguments before the answer
   * returns the same promise.
   * @throws RoomError
   * @example
   * ```ts
   * const room = await client.quick(race, { options: { goal: 20 } })
   * room.onChange(() => draw(room.state))
   * ```
   */
  quick<D extends ContractDef>(
    game: Contract<D>,
    how: { options?: OptionsIn<D>; profile?: ProfileIn<D> } = {},
  ): Promise<Room<D>> {
    const wish = quickJoinKey([game.name, how.options ?? null, how.profile ?? null]);
    const running = this.pendingQuickJoins.get(wish) as Promise<Room<D>> | undefined;
    if (running) return running;
    // The same id on every retry: if an answer is lost, the retry must not take a second seat.
    const quick = {
      game: game.name,
      call: this.randomId(),
      ...(how.options ? { options: how.options as JsonObject } : {}),
    };
    const search = this.enterRoom<D>({ quick, ...profileField(how) }, game).finally(() =>
      this.pendingQuickJoins.delete(wish),
    );
    this.pendingQuickJoins.set(wish, search as unknown as Promise<Room>);
    return search;
  }
  /** Quick joins without an answer, by their arguments: a double click starts only one. */
  private readonly pendingQuickJoins = new Map<string, Promise<Room>>();
  /**
   * Watches a room without a seat.
   * @throws RoomError
   * @example
   * ```ts
   * const room = await client.watch(race, { id })
   * room.onChange(() => draw(room.state)) // the spectators' view; room.act is refused: not-seated
   * ```
   */
  watch<D extends ContractDef>(game: Contract<D>, which: { id: string } | { code: string }): Promise<Room<D>> {
    return this.enterRoom<D>({ ...roomSelector(which), watch: true }, game);
  }
  /**
   * Public rooms, newest first.
   * @throws RoomError
   * @example
   * ```ts
   * for (const { id, names, seated, seats, open } of await client.list(race)) {
   *   console.log(`${id}: ${names.join(', ')}, ${seated} of ${seats}${open ? ', open' : ''}`)
   * }
   * ```
   */
  async list<D extends ContractDef>(game?: Contract<D>): Promise<RoomSummary[]> {
    return ((await this.requestUntilAnswered('list', game ? { game: game.name } : {})) as ListReply & { ok: true })
      .rooms;
  }
  /**
   * Where a room of this client runs, for pages that show the cluster. The room's host also receives the spectators
   * (`spectators`).
   * @throws RoomError
   * @example
   * ```ts
   * const { node, owner, nodes } = await client.inspect(room)
   * console.log(`You are at ${node}, the room is run by ${owner}; ${nodes.length} nodes in all.`)
   * ```
   */
  async inspect(room: Room<never> | Room): Promise<InspectReply & { ok: true }> {
    for (;;) {
      try {
        return (await this.requestUntilAnswered('inspect', { room: room.id })) as InspectReply & { ok: true };
      } catch (error) {
        // On a new connection the room is unknown until its join is answered.
        if (!(error instanceof RoomError && error.code === 'not-in-room') || this.rooms.get(room.id) !== room)
          throw error;
        await this.sleep(200);
      }
    }
  }

  /**
   * Loads the recording of a finished match. `match` counts from 1.
   * @param url base of the server's HTTP routes; default: derived from the url of `connect`
   * @throws RoomError 'not-now' before the match is over; 'replay-missing' if it was not recorded or has expired;
   * 'unavailable', 'busy' and 'slow-down': try again later
   * @example
   * ```ts
   * const replay = await client.replay(room.id, room.info.match)
   * slider.max = String(replay.duration)
   * slider.oninput = () => draw(replay.at(Number(slider.value)).state)
   * ```
   */
  async replay(room: string, match: number, url = routesUrl(this.url, this.options.path)): Promise<Replay> {
    const stop = new AbortController();
    this.fetches.add(stop);
    const reply = await fetchReplay(`${url.replace(/\/$/, '')}/replays/${encodeURIComponent(room)}/${match}`, {
      stop,
      clock: this.clock,
      cookies: this.options.socket?.withCredentials === true,
    });
    this.fetches.delete(stop);
    if (this.closedError) throw this.closedError;
    if (!reply.ok) throw new RoomError(reply.code, reply.detail);
    return new Replay(reply);
  }

  /**
   * Changes the player's name. Opens a new connection, because the name is part of the handshake, and resolves when
   * the server has accepted it.
   * @throws RoomError if the client is closed or refused before that
   * @example
   * ```ts
   * await client.rename('Ada')
   * console.log(client.playerName) // Ada
   * ```
   */
  async rename(name: string): Promise<void> {
    this.credentials.name = checkName(name);
    // If the name is changed again meanwhile, the last one counts and all calls resolve with it.
    while (this.welcomedName !== this.credentials.name) {
      this.connector.switchToUsualRoute();
      // A connection attempt that fails is not repeated while another connection is open.
      await Promise.race([this.waitUntil(isWelcome => isWelcome), this.sleep(2_000)]);
    }
  }
  /**
   * Connects to another node, if the routing leads to one.
   * @example
   * ```ts
   * client.move() // the rooms continue over the new connection; nothing is missed
   * ```
   */
  move(): void {
    this.connector.switchRoute();
  }

  /**
   * Closes the client for good. May be called in a callback. Seats are held as for any disconnected player. Do not call
   * it on `pagehide`: a page restored by the back button would find a closed client. On `pagehide` the client closes
   * its connection by itself, and opens another when the page is shown again.
   * @example
   * ```ts
   * signOut.onclick = () => client.close() // its rooms end as `left`, and its promises settle
   * ```
   */
  close(): void {
    this.cancelHeartbeat?.();
    this.removePageListeners();
    this.departures.end('left');
    for (const stop of this.fetches) stop.abort();
    for (const room of [...this.rooms.values()]) room.finish({ ok: false, code: 'left' });
    this.connector.close();
  }

  private async enterRoom<D extends ContractDef>(asked: JoinRequest, game: Contract<D>): Promise<Room<D>> {
    const request = {
      ...asked,
      ...encodePayloads({ profile: asked.profile }),
      ...(asked.quick ? { quick: { ...asked.quick, ...encodePayloads({ options: asked.quick.options }) } } : {}),
    } as JoinRequest;
    if (!request.watch) this.departures.withdraw(request);
    for (let tries = 0; ; tries++) {
      this.pendingJoins += 1;
      const session = this.randomId();
      try {
        const reply = (await this.requestUntilAnswered(
          'join',
          {
            ...request,
            ...(request.quick ? {} : { game: game.name }),
            version: game.def.version,
            short: true,
            session,
          },
          (room, asked) => this.adoptRoom(room, game as unknown as Contract, session, request, asked),
        )) as JoinSuccess;
        return this.rooms.get(reply.room) as unknown as Room<D>;
      } catch (error) {
        // The answer was lost, and so was the seat before the retry: another session may get a seat.
        if (!(error instanceof RoomError && error.code === 'seat-lost') || tries >= 2) throw error;
      } finally {
        this.pendingJoins -= 1;
      }
    }
  }

  /** Creates the room object in the same turn as the answer arrives: changes may follow immediately. */
  private adoptRoom(
    reply: JoinSuccess,
    game: Contract,
    session: string,
    { watch = false, profile }: JoinRequest,
    asked: number,
  ): void {
    const before = this.rooms.get(reply.room);
    before?.finish({ ok: false, code: before.isLeaving ? 'left' : 'session-replaced' });
    if (this.closedError) throw this.closedError; // closed by a callback of that room
    const room: Room = new Room({
      connector: this.connector,
      clock: this.clock,
      game: game.def,
      playerId: () => this.identity?.player ?? '',
      id: reply.room,
      session,
      watch,
      profile,
      roundTrip: () => (this.roundTrips.length > 0 ? Math.min(...this.roundTrips) : null),
      forget: () => {
        if (this.rooms.get(reply.room) === room) this.rooms.delete(reply.room);
      },
      newSession: () => this.randomId(),
      hasPendingJoin: () => this.pendingJoins > 0,
      leave: (session, code) => this.departures.leave(reply.room, session, code),
    });
    this.rooms.set(reply.room, room);
    room.acceptJoin(reply, asked);
    // A join of the previous room object may reach the node after this one. This object's session must be the last to
    // join.
    if (before) room.rejoinAfter(before.pendingJoins);
    // Changes between the join's entry and now had no room object. The heartbeat would notice later; this does it at
    // once.
    for (const [id, change] of this.earlyChanges.splice(0)) if (id === reply.room) room.receiveChange(change);
    this.connector.switchIfRoomChanged();
  }
  private readonly earlyChanges: [room: string, change: WireChange][] = [];

  /** Repeats a request until it is answered. A refusal with the duty `retry` is repeated. */
  private async requestUntilAnswered<K extends RequestName>(
    name: K,
    given: Requests[K][0],
    onOk?: (reply: JoinSuccess, asked: number) => void,
  ): Promise<Requests[K][1] & { ok: true }> {
    const body = valueOrThrow(checkRequest(name, given)) as Requests[K][0];
    for (;;) {
      await this.waitUntilConnected();
      let reply: Requests[K][1] | Refused;
      const asked = this.monotonicNow();
      try {
        reply = await this.connector.request(name, body);
        // the heartbeat will measure it better
        if (this.roundTrips.length === 0) this.roundTrips.push(this.monotonicNow() - asked);
      } catch {
        await this.sleep(150);
        continue;
      }
      if (this.closedError) throw this.closedError; // closed when the answer arrived
      if (reply.ok) {
        onOk?.(reply as JoinSuccess, asked);
        return reply as Requests[K][1] & { ok: true };
      }
      if (dutyOf(reply.code) !== 'retry') throw new RoomError(reply.code, reply.detail);
      await this.sleep(reply.retryAfter ?? 300);
    }
  }

  /** Why no more requests are possible; null while this client is open. */
  private get closedError(): RoomError | null {
    const { status } = this.connector;
    if (status.state === 'refused') return new RoomError(status.refusal.code, status.refusal.detail);
    return status.state === 'closed' ? new RoomError('left', 'the client was closed') : null;
  }

  private waitUntilConnected(): Promise<void> {
    return this.isConnected() ? Promise.resolve() : this.waitUntil(() => this.isConnected());
  }
  private readonly isConnected = (): boolean => this.connector.isLive;

  /**
   * Resolves when the condition is true at a welcome or a status change. Rejects when this client is closed or refused.
   */
  private waitUntil(condition: (isWelcome: boolean) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        for (const stop of stops) stop();
        settle();
      };
      const check = (isWelcome: boolean) => {
        const { closedError } = this;
        if (closedError) end(() => reject(closedError));
        else if (condition(isWelcome)) end(resolve);
      };
      const stops = [this.connector.onWelcome.add(() => check(true)), this.connector.onStatus.add(() => check(false))];
      check(false);
    });
  }

  private sleep(ms: number): Promise<void> {
    return new Promise(done => void this.clock.after(ms * (0.75 + this.clock.random() / 2), done));
  }
  private randomId(): string {
    return Array.from(
      { length: 22 },
      () => 'ABCDEFGHJKMNPQRSTWXYZabcdefghjkmnpqrstwxyz23456789'[Math.floor(this.clock.random() * 50)],
    ).join('');
  }

  private handleEvent(name: string, args: unknown[]): void {
    if (name === 'heads') return this.receiveHeads(args[0] as Record<string, RoomHead>);
    this.lastActiveAt = this.monotonicNow();
    if (name === 'change') {
      const [id, ...change] = args as [string, ...WireChange];
      const room = this.rooms.get(id);
      if (room) room.receiveChange(change as WireChange);
      else if (this.earlyChanges.push([id, change as WireChange]) > 64) this.earlyChanges.shift();
    } else if (name === 'notice') {
      const notice = args[0] as Notice;
      this.rooms.get(notice.room)?.receiveNotice(notice);
    } else if (name === 'motion') {
      const [id, ...motion] = args as [string, number, number, number, Changes];
      this.rooms.get(id)?.receiveVolatileState(...motion);
    } else if (name === 'signal') {
      const [id, player, signal, data] = args as [string, string, string, Json];
      this.rooms.get(id)?.receiveSignal(player, signal, data);
    } else if (name === 'token') this.credentials.storeToken(args[0] as string);
  }

  private scheduleHeartbeat(): void {
    this.cancelHeartbeat?.();
    if (this.closedError) return;
    const idle = this.monotonicNow() - this.lastActiveAt > heartbeatTiming.idleAfter;
    this.cancelHeartbeat = this.clock.after(
      (idle ? heartbeatTiming.idle : heartbeatTiming.busy) * (0.9 + this.clock.random() * 0.2),
      () => this.heartbeatIfDue(),
    );
  }

  private heartbeatIfDue(): void {
    const roomsAreActive =
      this.rooms.size > 0 &&
      [...this.rooms.values()].every(room => this.isWithin(room.lastChangeAt, heartbeatTiming.fresh));
    if (
      roomsAreActive &&
      this.isWithin(this.headsReceivedAt, heartbeatTiming.atLeast) &&
      this.isWithin(this.heartbeatSentAt, heartbeatTiming.seldom)
    )
      this.scheduleHeartbeat();
    else void this.sendHeartbeat();
  }

  private isWithin(since: number, ms: number): boolean {
    return this.monotonicNow() - since < ms;
  }

  /** The node sent latest positions by itself. If a room is missing there, a heartbeat finds out why. */
  private receiveHeads(heads: Record<string, RoomHead>): void {
    for (const [id, head] of Object.entries(heads)) this.rooms.get(id)?.receiveHead(head);
    if (![...this.rooms.keys()].every(id => heads[id])) return;
    this.headsReceivedAt = this.monotonicNow();
    if (this.isWithin(this.heartbeatSentAt, heartbeatTiming.seldom)) this.scheduleHeartbeat();
  }

  private async sendHeartbeat(patience = Connector.silenceTimeout(this.rtt)): Promise<void> {
    const places: Record<string, Position> = {};
    for (const room of this.rooms.values()) places[room.id] = room.position;
    const asked = (this.heartbeatSentAt = this.monotonicNow());
    const { connection } = this.connector;
    this.scheduleHeartbeat();
    const reply = (await this.connector.probe('place', { rooms: places }, patience)) as HeartbeatReply | Refused | null;
    if (!reply?.ok || !connection) return;
    this.connector.reconnectSpread = reply.spread;
    this.headsReceivedAt = this.monotonicNow();
    if (this.roundTrips.push(this.headsReceivedAt - asked) > 8) this.roundTrips.shift();
    const clockLossMs = this.drift.update(connection, reply.now, asked, this.headsReceivedAt);
    if (clockLossMs !== 0) for (const room of this.rooms.values()) room.adjustClock(clockLossMs);
    for (const id of Object.keys(places))
      this.rooms.get(id)?.receiveHead(reply.rooms[id] as RoomHead | null | undefined);
  }

  /** When a page is shown again or the network returns, the connection is checked at once. */
  private readonly checkConnection = () => {
    if (this.connector.isLive && document.visibilityState !== 'hidden') void this.sendHeartbeat(800);
  };
  /** Browsers keep a page for the back button only if it has no open connection. A restored page opens another. */
  private readonly handlePageHide = () => this.connector.suspend();
  private readonly handlePageShow = () => {
    this.connector.resume();
    this.checkConnection();
  };
  private addPageListeners(): void {
    if (typeof document === 'undefined' || typeof addEventListener === 'undefined') return;
    document.addEventListener('visibilitychange', this.checkConnection);
    addEventListener('online', this.checkConnection);
    addEventListener('pagehide', this.handlePageHide);
    addEventListener('pageshow', this.handlePageShow);
  }
  private removePageListeners(): void {
    if (typeof document === 'undefined' || typeof removeEventListener === 'undefined') return;
    document.removeEventListener('visibilitychange', this.checkConnection);
    removeEventListener('online', this.checkConnection);
    removeEventListener('pagehide', this.handlePageHide);
    removeEventListener('pageshow', this.handlePageShow);
  }
}

/**
 * Connects to a server. Returns at once; requests made before the connection opens wait for it.
 * @example
 * ```ts
 * import { connect } from 'rejoin/client'
 * import { race } from './contract.ts'
 *
 * const client = connect('https://play.example', { name: 'Ada' })
 * const room = await client.quick(race)
 * room.onChange(() => draw(room.state))
 * const result = await room.act.step({ by: 2 }) // settles once, also across a failover
 * if (!result.ok) console.log(result.code, result.detail)
 * ```
 */
export const connect = (url: string, options: ConnectOptions = {}): Client => new Client(url, options);

/** @returns the value @throws RoomError */
function valueOrThrow(checked: CheckedValue): Json {
  if (checked.ok) return checked.value;
  throw new RoomError(checked.code, checked.detail);
}

/** Encodes options and profile. @throws RoomError if they cannot be sent */
function encodePayloads({ options, profile }: { options?: unknown; profile?: unknown }): {
  options?: JsonObject;
  profile?: Json;
} {
  return {
    ...(options === undefined
      ? {}
      : { options: valueOrThrow(checkOutgoing('options', options, 'optionsBytes', 'bad-options')) as JsonObject }),
    ...(profile === undefined
      ? {}
      : { profile: valueOrThrow(checkOutgoing('profile', profile, 'profileBytes', 'bad-profile')) }),
  };
}

/** Key of a quick join by its arguments. Arguments that JSON cannot hold are never equal. */
function quickJoinKey(what: unknown[]): string {
  try {
    return JSON.stringify(what);
  } catch {
    return `${Math.random()}`;
  }
}

const roomSelector = (which: { id: string } | { code: string }): { room: string } | { code: string } =>
  'id' in which ? { room: which.id } : { code: which.code };

const profileField = ({ profile }: { profile?: unknown }): { profile?: Json } =>
  profile === undefined ? {} : { profile: profile as Json };

const browserClock: ClientClock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
