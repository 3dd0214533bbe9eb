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

/** How a client connects; the defaults fit a browser. */
export interface ConnectOptions extends SocketTransportOptions {
  /** The name a guest goes by. */
  name?: string;
  /**
   * A token instead of a stored one, or a function that returns one: asked before each connection, and once more when a
   * token was refused.
   */
  token?: TokenSource;
  /**
   * What the server's `authenticate` reads in `auth`, besides `token` and `name`: values, or a function that returns
   * them.
   */
  auth?: AuthSource;
  /** Null keeps nothing. Default: localStorage where there is one. What it cannot keep is kept in memory. */
  storage?: TokenStorage | null;
  /**
   * For servers behind a proxy that routes by room (docs/routing.md): lines name the room, so that all its members are
   * at one node. It is the one that was entered last; before that the one whose id is given here, for example from a
   * link, or none (`true`). Whoever enters another than the line names goes on by a new line. Default: lines name none.
   */
  byRoom?: boolean | string;
  transport?: Transport;
  clock?: ClientClock;
}

/** A room could not be made, found, or entered. `code` says which refusal it is. */
export class RoomError extends RefusalError {
  override readonly name = 'RoomError';
  /** Why, in English. */
  readonly why: string;
  /** What a person can do now. */
  readonly now: Remedy;

  constructor(code: string, detail?: string) {
    super(code, detail);
    this.why = explainRefusal({ ok: false, code, ...(detail === undefined ? {} : { detail }) });
    this.now = remedyOf(code);
  }
}

/**
 * Keep-alive, ms: how long after heads of the rooms were last heard they are asked for, while something happens and
 * while nothing does. Rooms of which something was `fresh` show by themselves that the line stands and that nothing is
 * missing: then heads may be `atLeast` that old. Heads come of themselves, too; how long an answer takes only asking
 * says, which so is never too `seldom`.
 */
const heartbeatTiming = { busy: 1_000, idle: 2_000, idleAfter: 10_000, fresh: 250, atLeast: 3_000, seldom: 10_000 };

/** A player's connection to the game servers, whichever node it is on, and the rooms it is in. */
export class Client {
  /**
   * After each change of `status`.
   * @example
   * ```ts
   * const stop = client.onStatus(status => { banner.textContent = inWords(status) })
   * stop() // it is not told any more
   * ```
   */
  readonly onStatus: (fn: (status: Status) => void) => () => void;
  /**
   * The stored identity was not accepted (its server is gone, or it expired), twice in a row: this client is a new
   * guest now.
   * @example
   * ```ts
   * client.onNewIdentity(() => { banner.textContent = 'Your last visit is not known here: you are a new guest.' })
   * ```
   */
  readonly onNewIdentity: (fn: () => void) => () => void;
  private readonly connector: Connector;
  private readonly rooms = new Map<string, Room>();
  private readonly departures: PendingLeaves;
  /** Joins that have been asked for and not answered. */
  private pendingJoins = 0;
  private readonly credentials: Credentials;
  private readonly clock: ClientClock;
  private readonly monotonicNow: () => number;
  /** The name in the last handshake that was welcomed. */
  private welcomedName: string | undefined;
  /** Requests over HTTP that are under way. */
  private readonly fetches = new Set<AbortController>();
  private identity: { player: string; name: string } | null = null;
  private cancelHeartbeat: (() => void) | null = null;
  private lastActiveAt = -Infinity;
  /** When the heads of the rooms were last asked for, and last heard. */
  private heartbeatSentAt = -Infinity;
  private headsReceivedAt = -Infinity;
  /** The last few, ms. */
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
      (refusal, said) => this.credentials.handleRefusal(refusal, said),
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
    this.connector.onWelcome.add((welcome, said) => {
      this.welcomedName = said?.name;
      this.identity = { player: welcome.player, name: welcome.name };
      this.credentials.handleWelcome(welcome);
      this.heartbeatSentAt = -Infinity; // this node has not been asked yet
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
  /** Last round trip to the node, ms. */
  get rtt(): number | null {
    return this.roundTrips.at(-1) ?? null;
  }

  /**
   * Makes a room and takes a seat in it. `bots`: so many bots sit down, too.
   * @throws RoomError
   * @example
   * ```ts
   * const room = await client.create(race, { options: { goal: 20 }, private: true, bots: 1 })
   * const link = `${location.origin}/?room=${room.id}` // whoever follows it joins by this id, or by room.code
   * ```
   */
  async create<D extends ContractDef>(
    game: Contract<D>,
    how: { options?: OptionsIn<D>; private?: boolean; bots?: number; profile?: ProfileIn<D> } = {},
  ): Promise<Room<D>> {
    encodePayloads(how); // before there is a room that nobody would enter
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
   * Takes a seat in a room, or comes back to one's own. `profile`: what the player brings along, if the contract has
   * such a thing; it is said again whenever the client comes back, and `room.bring` changes it.
   * @throws RoomError; `bad-profile` where a new seat was asked for with one that does not fit
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
   * Takes a seat in an open public room with these options, or in a new one. Without `options`, in any open room of the
   * game; with them, those that are not named have their defaults. Asked again before there is an answer, it is the
   * same quick join.
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
    // The same id on every retry: an answer that is lost takes no second seat.
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
  /** Quick joins without an answer yet, by what they ask for: a double click is one of them. */
  private readonly pendingQuickJoins = new Map<string, Promise<Room>>();
  /**
   * Watches a room without a seat.
   * @throws RoomError
   * @example
   * ```ts
   * const room = await client.watch(race, { id })
   * room.onChange(() => draw(room.state)) // as spectators may see it; room.act is refused: not-seated
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
   * The machinery behind a room this client is in, for pages that show it; to the room's host also who watches
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
        // A new connection is in the room only when its join is answered.
        if (!(error instanceof RoomError && error.code === 'not-in-room') || this.rooms.get(room.id) !== room)
          throw error;
        await this.sleep(200);
      }
    }
  }

  /**
   * A finished match (1, 2, …) of a room, to be watched again.
   * @param url where the server's routes are; default: where `connect` went
   * @throws RoomError 'not-now' before it is over, 'replay-missing' where it was not recorded, or too long ago;
   * 'unavailable', 'busy' and 'slow-down': ask again in a moment
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
   * Goes by another name. Resolves when the server knows it: names are said when a line is opened, so one is.
   * @throws RoomError if the client is closed or refused before that
   * @example
   * ```ts
   * await client.rename('Ada')
   * console.log(client.playerName) // Ada
   * ```
   */
  async rename(name: string): Promise<void> {
    this.credentials.name = checkName(name);
    // Another rename meanwhile: the last one counts, and all resolve with it.
    while (this.welcomedName !== this.credentials.name) {
      this.connector.switchToUsualRoute();
      // a connection that fails is not tried again while another is open
      await Promise.race([this.waitUntil(isWelcome => isWelcome), this.sleep(2_000)]);
    }
  }
  /**
   * Connects to another node, where the routing leads to one.
   * @example
   * ```ts
   * client.move() // the rooms go on over the new line; nothing is missed
   * ```
   */
  move(): void {
    this.connector.switchRoute();
  }

  /**
   * Ends the connection for good, also in a callback. Seats are kept, as for a player whose phone is off. Not for
   * `pagehide`: a page that comes back by the back button would find a closed client. The client itself closes its
   * connection then, and opens another when the page is shown again.
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
        // The answer was lost, and the seat as well before the next try: another session may have another one.
        if (!(error instanceof RoomError && error.code === 'seat-lost') || tries >= 2) throw error;
      } finally {
        this.pendingJoins -= 1;
      }
    }
  }

  /** Makes the room object in the very turn in which the answer arrives: changes may follow right behind it. */
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
    // A join of the room object before this one may reach the node after this one's: the last word must be this one's.
    if (before) room.rejoinAfter(before.pendingJoins);
    // What came between the entry and this moment went to nobody: the keep-alive would find out, but need not.
    for (const [id, change] of this.earlyChanges.splice(0)) if (id === reply.room) room.receiveChange(change);
    this.connector.switchIfRoomChanged();
  }
  private readonly earlyChanges: [room: string, change: WireChange][] = [];

  /** Asks until there is an answer; a refusal that says "again" is asked again. */
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
        // the keep-alive will know better
        if (this.roundTrips.length === 0) this.roundTrips.push(this.monotonicNow() - asked);
      } catch {
        await this.sleep(150);
        continue;
      }
      if (this.closedError) throw this.closedError; // closed in the very moment in which the answer came
      if (reply.ok) {
        onOk?.(reply as JoinSuccess, asked);
        return reply as Requests[K][1] & { ok: true };
      }
      if (dutyOf(reply.code) !== 'retry') throw new RoomError(reply.code, reply.detail);
      await this.sleep(reply.retryAfter ?? 300);
    }
  }

  /** Why nothing can be asked any more; null while this client is open. */
  private get closedError(): RoomError | null {
    const { status } = this.connector;
    if (status.state === 'refused') return new RoomError(status.refusal.code, status.refusal.detail);
    return status.state === 'closed' ? new RoomError('left', 'the client was closed') : null;
  }

  private waitUntilConnected(): Promise<void> {
    return this.isConnected() ? Promise.resolve() : this.waitUntil(() => this.isConnected());
  }
  private readonly isConnected = (): boolean => this.connector.isLive;

  /** Resolves when a welcome or a change of the status finds the condition true; rejects when this client is over. */
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

  /** The node said heads by itself. Where it left out a room, asking will tell why. */
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

  /** A page that comes back into sight, or a network that returns, has no time to wait for the next beat. */
  private readonly checkConnection = () => {
    if (this.connector.isLive && document.visibilityState !== 'hidden') void this.sendHeartbeat(800);
  };
  /**
   * A page that is left is kept for the back button only if it has no connection; one that comes back opens another.
   */
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
 * Connects to a server. Returns at once; what is asked meanwhile waits.
 * @example
 * ```ts
 * import { connect } from 'rejoin/client'
 * import { race } from './contract.ts'
 *
 * const client = connect('https://play.example', { name: 'Ada' })
 * const room = await client.quick(race)
 * room.onChange(() => draw(room.state))
 * const said = await room.act.step({ by: 2 }) // settles once, also across a failover
 * if (!said.ok) console.log(said.code, said.detail)
 * ```
 */
export const connect = (url: string, options: ConnectOptions = {}): Client => new Client(url, options);

/** @returns the value @throws RoomError */
function valueOrThrow(checked: CheckedValue): Json {
  if (checked.ok) return checked.value;
  throw new RoomError(checked.code, checked.detail);
}

/** Options and profile as they are sent. @throws RoomError where they cannot be */
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

/** Of what JSON cannot hold, no two are the same. */
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
