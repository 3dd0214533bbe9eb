import type { Contract, ContractDef, OptionsIn, Out, ProfileIn, Schema } from '../shared/contract.ts';
import type { Json, JsonObject } from '../shared/json.ts';
import type { InspectReply, ListReply, RoomHead, RoomSummary } from '../shared/protocol.ts';
import { Connector } from './connector.ts';
import { PendingLeaves } from './pending-leaves.ts';
import { checkName, encodePayloads } from './outgoing-checks.ts';
import { Credentials, type AuthSource, type TokenSource } from './credentials.ts';
import { Heartbeat } from './heartbeat.ts';
import { Listeners } from './listeners.ts';
import { JoinedRooms } from './joined-rooms.ts';
import { listenToPage } from './page-events.ts';
import { PersistentRequests } from './persistent-requests.ts';
import { completeClock, randomId, type ClientClock, type CompleteClock, type Transport } from './ports.ts';
import { fetchReplay, Replay, routesUrl } from './replay.ts';
import { RoomError } from './room-error.ts';
import type { Room } from './room.ts';
import { RoundTrips } from './round-trips.ts';
import type { Status } from './status.ts';
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

/** Silence (ms) after which another connection is opened when a page is shown again or the network returns. */
const shownPageTimeoutMs = 800;

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
  private readonly broadcasts = new Listeners<[name: string, data: unknown]>();
  private readonly connector: Connector;
  private readonly credentials: Credentials;
  private readonly clock: CompleteClock;
  private readonly roundTrips = new RoundTrips();
  private readonly requests: PersistentRequests;
  private readonly departures: PendingLeaves;
  private readonly rooms: JoinedRooms;
  private readonly heartbeat: Heartbeat;
  private readonly stopPageEvents: () => void;
  /** HTTP requests in flight. */
  private readonly fetches = new Set<AbortController>();
  private identity: { player: string; name: string } | null = null;
  /** The name in the last handshake that was accepted. */
  private welcomedName: string | undefined;

  constructor(
    private readonly url: string,
    private readonly options: ConnectOptions = {},
  ) {
    const clock = (this.clock = completeClock(options.clock ?? browserClock));
    this.credentials = new Credentials({
      token: options.token,
      auth: options.auth,
      name: options.name === undefined ? undefined : checkName(options.name),
      storage: options.storage === undefined ? browserStorage() : options.storage,
      clock,
    });
    const connector = (this.connector = new Connector(
      options.transport ?? socketTransport(url, options),
      clock,
      () => this.credentials.nextHandshake(),
      (refusal, sent) => this.credentials.handleRefusal(refusal, sent),
      () => (options.byRoom ? (this.rooms.all.at(-1)?.id ?? (options.byRoom === true ? null : options.byRoom)) : null),
    ));
    const { roundTrips } = this;
    const requests = (this.requests = new PersistentRequests(connector, clock, roundTrips));
    const departures = (this.departures = new PendingLeaves(connector, clock));
    const playerId = () => this.player ?? '';
    this.rooms = new JoinedRooms({ connector, clock, departures, roundTrips, playerId }, requests);
    this.heartbeat = new Heartbeat(connector, clock, this.rooms, roundTrips);
    this.onStatus = fn => connector.onStatus.add(() => fn(this.status)); // an earlier callback may have changed it
    this.onNewIdentity = fn => this.credentials.onNewIdentity.add(fn);
    connector.onStatus.add(status => this.handleStatus(status));
    connector.onWelcome.add((welcome, sent) => {
      this.welcomedName = sent?.name;
      this.identity = { player: welcome.player, name: welcome.name };
      this.credentials.handleWelcome(welcome);
      for (const { sync } of this.rooms.all) {
        sync.suspend();
        sync.rejoin();
      }
      this.heartbeat.start();
    });
    connector.onEvent.add((name, args) => this.handleEvent(name, args));
    connector.start();
    const check = () => {
      if (connector.isLive && document.visibilityState !== 'hidden') void this.heartbeat.send(shownPageTimeoutMs);
    };
    this.stopPageEvents = listenToPage({
      check,
      hide: () => connector.suspend(),
      show: () => {
        connector.resume();
        check();
      },
    });
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
    return this.roundTrips.last;
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
    how: { options?: OptionsIn<D>; private?: boolean; bots?: number; profile?: ProfileIn<D> } | null = {},
  ): Promise<Room<D>> {
    const { options, private: isPrivate, bots, ...rest } = how ?? {};
    encodePayloads({ options, ...rest }); // before a room is created that could not be entered
    const made = await this.requests.send('create', {
      game: game.name,
      key: randomId(this.clock),
      ...(options ? { options: options as JsonObject } : {}),
      ...(isPrivate === undefined ? {} : { private: isPrivate }),
      ...(bots === undefined ? {} : { bots }),
    });
    return this.rooms.enter<D>({ room: made.room, ...profileField(rest) }, game);
  }
  /**
   * Takes a seat in a room, or returns to one's own seat. `profile`: the player's profile, if the contract declares
   * one. It is sent with every join; `room.setProfile` changes it. A second call with the same arguments before the
   * answer returns the same promise. Joining a room that this client is in ends the earlier room object.
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
    return this.rooms.enter<D>({ ...roomSelector(which), ...profileField(which ?? {}) }, game);
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
    how: { options?: OptionsIn<D>; profile?: ProfileIn<D> } | null = {},
  ): Promise<Room<D>> {
    const { options, profile } = how ?? {};
    // The same id on every retry: if an answer is lost, the retry must not take a second seat.
    const quick = {
      game: game.name,
      call: randomId(this.clock),
      ...(options ? { options: options as JsonObject } : {}),
    };
    return this.rooms.enter<D>({ quick, ...profileField({ profile }) }, game);
  }
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
    return this.rooms.enter<D>({ ...roomSelector(which), watch: true }, game);
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
    return ((await this.requests.send('list', game ? { game: game.name } : {})) as ListReply & { ok: true }).rooms;
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
        return (await this.requests.send('inspect', { room: room.id })) as InspectReply & { ok: true };
      } catch (error) {
        // On a new connection the room is unknown until its join is answered.
        if (!(error instanceof RoomError && error.code === 'not-in-room') || this.rooms.get(room.id) !== room)
          throw error;
        await this.requests.sleep(200);
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
    if (this.requests.closedError) throw this.requests.closedError;
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
      await Promise.race([this.requests.waitUntil(isWelcome => isWelcome), this.requests.sleep(2_000)]);
    }
  }
  /**
   * Calls `fn` for each message of this name that the server's own code sends to all clients with `server.broadcast`.
   * Such a message is not kept: a client that is not connected then does not receive it.
   * @param schemas the schemas that are given to `server.broadcast`, for the type of the data
   * @throws TypeError if there is no schema of this name
   * @example
   * ```ts
   * const broadcasts = { maintenance: z.object({ minutes: z.int() }) }
   * client.onBroadcast(broadcasts, 'maintenance', ({ minutes }) => { banner.textContent = `A break in ${minutes} minutes` })
   * ```
   */
  onBroadcast<S extends Record<string, Schema>, N extends keyof S & string>(
    schemas: S,
    name: N,
    fn: (data: Out<S[N]>) => void,
  ): () => void {
    if (!schemas[name]) throw new TypeError(`no schema of a broadcast '${name}'`);
    return this.broadcasts.add((of, data) => of === name && fn(data as Out<S[N]>));
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
    this.heartbeat.stop();
    this.stopPageEvents();
    this.departures.end('left');
    for (const stop of this.fetches) stop.abort();
    for (const { sync } of this.rooms.all) sync.end({ ok: false, code: 'left' });
    this.connector.close();
  }

  private handleStatus(status: Status): void {
    if (status.state === 'refused') {
      this.heartbeat.stop();
      this.departures.end(status.refusal.code);
    }
    for (const { sync } of this.rooms.all) {
      if (status.state === 'refused') sync.end(status.refusal);
      if (status.state !== 'live' && !this.connector.isLive) sync.suspend();
      sync.checkStatus();
    }
  }

  private handleEvent(name: string, args: unknown[]): void {
    if (name === 'heads') return this.heartbeat.receiveHeads(args[0] as Record<string, RoomHead>);
    this.heartbeat.handleActivity();
    if (name === 'broadcast') this.broadcasts.notify(args[0] as string, args[1]);
    else if (name === 'token') this.credentials.storeToken(args[0] as string);
    else this.rooms.receiveEvent(name, args);
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

const roomSelector = (which: { id?: string; code?: string } | null): { room?: string; code?: string } => {
  const { id, code } = which ?? {};
  return id !== undefined ? { room: id } : code !== undefined ? { code } : {};
};

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
