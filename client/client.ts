import type { Contract, ContractDef, OptionsIn, ProfileIn } from '../shared/contract.ts';
import type { Changes } from '../shared/delta.ts';
import type { Json, JsonObject } from '../shared/json.ts';
import type { Place } from '../shared/place.ts';
import type { Joined, JoinRequest, ListReply, Notice, Heard, PlaceReply, RequestName, Requests, RoomSummary, WireChange, InspectReply } from '../shared/protocol.ts';
import { dutyOf, type Refused } from '../shared/refusals.ts';
import { Connector } from './connector.ts';
import { ClockDrift } from './clock-drift.ts';
import { Departures } from './departures.ts';
import { checkName, checkOutgoing, checkRequest, type Checked } from './outgoing.ts';
import { Credentials, type AuthSource, type TokenSource } from './credentials.ts';
import { monotonic, type ClientClock, type Transport } from './ports.ts';
import { fetchReplay, Replay, routesUrl } from './replay.ts';
import { Room } from './room.ts';
import { remedyOf, whyOf, type Remedy, type Status } from './status.ts';
import { socketTransport, type SocketTransportOptions } from './socket-transport.ts';
import { browserStorage, type TokenStorage } from './stored-token.ts';

/** How a client connects; the defaults fit a browser. */
export interface ConnectOptions extends SocketTransportOptions {
  /** The name a guest goes by. */
  name?: string;
  /** A token instead of a stored one, or a function that returns one: asked before each connection, and once more when a token was refused. */
  token?: TokenSource;
  /** What the server's `authenticate` reads in `auth`, besides `token` and `name`: values, or a function that returns them. */
  auth?: AuthSource;
  /** Null keeps nothing. Default: localStorage where there is one. What it cannot keep is kept in memory. */
  storage?: TokenStorage | null;
  /**
   * For servers behind a proxy that routes by room (docs/routing.md): lines name the room, so that all its members are at one node. It
   * is the one that was entered last; before that the one whose id is given here, for example from a link, or none (`true`). Whoever
   * enters another than the line names goes on by a new line. Default: lines name none.
   */
  byRoom?: boolean | string;
  transport?: Transport;
  clock?: ClientClock;
}

/** A room could not be made, found, or entered. `code` says which refusal it is. */
export class RoomRefused extends Error {
  /** Why, in English. */
  readonly why: string;
  /** What a person can do now. */
  readonly now: Remedy;

  constructor(readonly code: string, readonly detail?: string) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'RoomRefused';
    this.why = whyOf({ ok: false, code, ...(detail === undefined ? {} : { detail }) });
    this.now = remedyOf(code);
  }
}

/**
 * Keep-alive, ms: how long after heads of the rooms were last heard they are asked for, while something happens and while nothing
 * does. Rooms of which something was `fresh` show by themselves that the line stands and that nothing is missing: then heads
 * may be `atLeast` that old. Heads come of themselves, too; how long an answer takes only asking says, which so is never too `seldom`.
 */
const pace = { busy: 1_000, idle: 2_000, idleAfter: 10_000, fresh: 250, atLeast: 3_000, seldom: 10_000 };

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
   * The stored identity was not accepted (its server is gone, or it expired), twice in a row: this client is a new guest now.
   * @example
   * ```ts
   * client.onNewIdentity(() => { banner.textContent = 'Your last visit is not known here: you are a new guest.' })
   * ```
   */
  readonly onNewIdentity: (fn: () => void) => () => void;
  private readonly connector: Connector;
  private readonly rooms = new Map<string, Room>();
  private readonly departures: Departures;
  /** Joins that have been asked for and not answered. */
  private entering = 0;
  private readonly credentials: Credentials;
  private readonly clock: ClientClock;
  private readonly mono: () => number;
  /** The name in the last handshake that was welcomed. */
  private toldName: string | undefined;
  /** Requests over HTTP that are under way. */
  private readonly fetches = new Set<AbortController>();
  private who: { player: string; name: string } | null = null;
  private beat: (() => void) | null = null;
  private lastActive = -Infinity;
  /** When the heads of the rooms were last asked for, and last heard. */
  private askedAt = -Infinity;
  private headsAt = -Infinity;
  /** The last few, ms. */
  private trips: number[] = [];
  private readonly drift = new ClockDrift();

  constructor(private readonly url: string, private readonly options: ConnectOptions = {}) {
    this.clock = options.clock ?? browserClock;
    this.mono = monotonic(this.clock);
    this.credentials = new Credentials({ token: options.token, auth: options.auth, name: options.name === undefined ? undefined : checkName(options.name), storage: options.storage === undefined ? browserStorage() : options.storage, clock: this.clock });
    this.connector = new Connector(
      options.transport ?? socketTransport(url, options), this.clock,
      () => this.credentials.next(),
      (refusal, said) => this.credentials.refused(refusal, said),
      () => (options.byRoom ? [...this.rooms.keys()].at(-1) ?? (options.byRoom === true ? null : options.byRoom) : null),
    );
    this.departures = new Departures(this.connector, this.clock);
    this.onStatus = fn => this.connector.onStatus.add(() => fn(this.status)); // an earlier callback may have changed it
    this.onNewIdentity = fn => this.credentials.onNewIdentity.add(fn);
    this.connector.onStatus.add(status => {
      if (status.state === 'refused') this.departures.end(status.refusal.code);
      for (const room of [...this.rooms.values()]) {
        if (status.state === 'refused') room.finish(status.refusal);
        if (status.state !== 'live' && !this.connector.isLive) room.suspend();
        room.statusMayDiffer();
      }
    });
    this.connector.onWelcome.add((welcome, said) => {
      this.toldName = said?.name;
      this.who = { player: welcome.player, name: welcome.name };
      this.credentials.accepted(welcome);
      this.askedAt = -Infinity; // this node has not been asked yet
      for (const room of this.rooms.values()) {
        room.suspend();
        void room.join();
      }
      this.keepAlive();
    });
    this.connector.onEvent.add((name, args) => this.event(name, args));
    this.connector.start();
    this.watchPage();
  }

  /** This client's public player id; null before the first welcome. */
  get player(): string | null { return this.who?.player ?? null; }
  get playerName(): string | null { return this.who?.name ?? null; }
  get status(): Status { return this.connector.status; }
  /** Last round trip to the node, ms. */
  get rtt(): number | null { return this.trips.at(-1) ?? null; }

  /**
   * Makes a room and takes a seat in it. `bots`: so many bots sit down, too.
   * @throws RoomRefused
   * @example
   * ```ts
   * const room = await client.create(race, { options: { goal: 20 }, private: true, bots: 1 })
   * const link = `${location.origin}/?room=${room.id}` // whoever follows it joins by this id, or by room.code
   * ```
   */
  async create<D extends ContractDef>(game: Contract<D>, how: { options?: OptionsIn<D>; private?: boolean; bots?: number; profile?: ProfileIn<D> } = {}): Promise<Room<D>> {
    sendable(how); // before there is a room that nobody would enter
    const made = await this.ask('create', { game: game.name, key: this.random(), ...(how.options ? { options: how.options as JsonObject } : {}), ...(how.private === undefined ? {} : { private: how.private }), ...(how.bots === undefined ? {} : { bots: how.bots }) });
    return this.enter<D>({ room: made.room, ...brought(how) }, game);
  }
  /**
   * Takes a seat in a room, or comes back to one's own. `profile`: what the player brings along, if the contract has such a thing;
   * it is said again whenever the client comes back, and `room.bring` changes it.
   * @throws RoomRefused; `bad-profile` where a new seat was asked for with one that does not fit
   * @example
   * ```ts
   * const room = await client.join(race, { code: 'K7QXM' })
   * if (room.seat !== null) console.log(`You have seat ${room.seat}.`)
   * ```
   */
  join<D extends ContractDef>(game: Contract<D>, which: ({ id: string } | { code: string }) & { profile?: ProfileIn<D> }): Promise<Room<D>> { return this.enter<D>({ ...named(which), ...brought(which) }, game); }
  /**
   * Takes a seat in an open public room with these options, or in a new one. Without `options`, in any open room of the game;
   * with them, those that are not named have their defaults. Asked again before there is an answer, it is the same quick join.
   * @throws RoomRefused
   * @example
   * ```ts
   * const room = await client.quick(race, { options: { goal: 20 } })
   * room.onChange(() => draw(room.state))
   * ```
   */
  quick<D extends ContractDef>(game: Contract<D>, how: { options?: OptionsIn<D>; profile?: ProfileIn<D> } = {}): Promise<Room<D>> {
    const wish = wishOf([game.name, how.options ?? null, how.profile ?? null]);
    const running = this.searches.get(wish) as Promise<Room<D>> | undefined;
    if (running) return running;
    // The same id on every retry: an answer that is lost takes no second seat.
    const quick = { game: game.name, call: this.random(), ...(how.options ? { options: how.options as JsonObject } : {}) };
    const search = this.enter<D>({ quick, ...brought(how) }, game).finally(() => this.searches.delete(wish));
    this.searches.set(wish, search as unknown as Promise<Room>);
    return search;
  }
  /** Quick joins without an answer yet, by what they ask for: a double click is one of them. */
  private readonly searches = new Map<string, Promise<Room>>();
  /**
   * Watches a room without a seat.
   * @throws RoomRefused
   * @example
   * ```ts
   * const room = await client.watch(race, { id })
   * room.onChange(() => draw(room.state)) // as spectators may see it; room.act is refused: not-seated
   * ```
   */
  watch<D extends ContractDef>(game: Contract<D>, which: { id: string } | { code: string }): Promise<Room<D>> { return this.enter<D>({ ...named(which), watch: true }, game); }
  /**
   * Public rooms, newest first.
   * @throws RoomRefused
   * @example
   * ```ts
   * for (const { id, names, seated, seats, open } of await client.list(race)) {
   *   console.log(`${id}: ${names.join(', ')}, ${seated} of ${seats}${open ? ', open' : ''}`)
   * }
   * ```
   */
  async list<D extends ContractDef>(game?: Contract<D>): Promise<RoomSummary[]> { return ((await this.ask('list', game ? { game: game.name } : {})) as ListReply & { ok: true }).rooms; }
  /**
   * The machinery behind a room this client is in, for pages that show it; to the room's host also who watches (`spectators`).
   * @throws RoomRefused
   * @example
   * ```ts
   * const { node, owner, nodes } = await client.inspect(room)
   * console.log(`You are at ${node}, the room is run by ${owner}; ${nodes.length} nodes in all.`)
   * ```
   */
  async inspect(room: Room<never> | Room): Promise<InspectReply & { ok: true }> {
    for (;;) {
      try {
        return (await this.ask('inspect', { room: room.id })) as InspectReply & { ok: true };
      } catch (error) {
        // A new connection is in the room only when its join is answered.
        if (!(error instanceof RoomRefused && error.code === 'not-in-room') || this.rooms.get(room.id) !== room) throw error;
        await this.pause(200);
      }
    }
  }

  /**
   * A finished match (1, 2, …) of a room, to be watched again. @param url where the server's routes are; default: where `connect` went
   * @throws RoomRefused 'not-now' before it is over, 'replay-missing' where it was not recorded, or too long ago; 'unavailable', 'busy'
   * and 'slow-down': ask again in a moment
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
    const reply = await fetchReplay(`${url.replace(/\/$/, '')}/replays/${encodeURIComponent(room)}/${match}`, { stop, clock: this.clock, cookies: this.options.socket?.withCredentials === true });
    this.fetches.delete(stop);
    if (this.over) throw this.over;
    if (!reply.ok) throw new RoomRefused(reply.code, reply.detail);
    return new Replay(reply);
  }

  /**
   * Goes by another name. Resolves when the server knows it: names are said when a line is opened, so one is.
   * @throws RoomRefused if the client is closed or refused before that
   * @example
   * ```ts
   * await client.rename('Ada')
   * console.log(client.playerName) // Ada
   * ```
   */
  async rename(name: string): Promise<void> {
    this.credentials.name = checkName(name);
    // Another rename meanwhile: the last one counts, and all resolve with it.
    while (this.toldName !== this.credentials.name) {
      this.connector.renew();
      await Promise.race([this.when(isWelcome => isWelcome), this.pause(2_000)]); // a connection that fails is not tried again while another is open
    }
  }
  /**
   * Connects to another node, where the routing leads to one.
   * @example
   * ```ts
   * client.move() // the rooms go on over the new line; nothing is missed
   * ```
   */
  move(): void { this.connector.hop(); }

  /**
   * Ends the connection for good, also in a callback. Seats are kept, as for a player whose phone is off. Not for `pagehide`: a page that comes back by the back button
   * would find a closed client. The client itself closes its connection then, and opens another when the page is shown again.
   * @example
   * ```ts
   * signOut.onclick = () => client.close() // its rooms end as `left`, and its promises settle
   * ```
   */
  close(): void {
    this.beat?.();
    this.unwatchPage();
    this.departures.end('left');
    for (const stop of this.fetches) stop.abort();
    for (const room of [...this.rooms.values()]) room.finish({ ok: false, code: 'left' });
    this.connector.close();
  }

  private async enter<D extends ContractDef>(asked: JoinRequest, game: Contract<D>): Promise<Room<D>> {
    const request = { ...asked, ...sendable({ profile: asked.profile }), ...(asked.quick ? { quick: { ...asked.quick, ...sendable({ options: asked.quick.options }) } } : {}) } as JoinRequest;
    if (!request.watch) this.departures.withdraw(request);
    for (let tries = 0; ; tries++) {
      this.entering += 1;
      const session = this.random();
      try {
        const reply = (await this.ask('join', { ...request, ...(request.quick ? {} : { game: game.name }), version: game.def.version, short: true, session }, (room, asked) => this.adopt(room, game as unknown as Contract, session, request, asked))) as Joined;
        return this.rooms.get(reply.room) as unknown as Room<D>;
      } catch (error) {
        // The answer was lost, and the seat as well before the next try: another session may have another one.
        if (!(error instanceof RoomRefused && error.code === 'seat-lost') || tries >= 2) throw error;
      } finally {
        this.entering -= 1;
      }
    }
  }

  /** Makes the room object in the very turn in which the answer arrives: changes may follow right behind it. */
  private adopt(reply: Joined, game: Contract, session: string, { watch = false, profile }: JoinRequest, asked: number): void {
    const before = this.rooms.get(reply.room);
    before?.finish({ ok: false, code: before.isLeaving ? 'left' : 'session-replaced' });
    if (this.over) throw this.over; // closed by a callback of that room
    const room: Room = new Room({
      connector: this.connector, clock: this.clock, game: game.def, me: () => this.who?.player ?? '', id: reply.room, session, watch, profile, roundTrip: () => (this.trips.length > 0 ? Math.min(...this.trips) : null),
      forget: () => { if (this.rooms.get(reply.room) === room) this.rooms.delete(reply.room); },
      mint: () => this.random(),
      entering: () => this.entering > 0,
      leave: (session, code) => this.departures.leave(reply.room, session, code),
    });
    this.rooms.set(reply.room, room);
    room.joined(reply, asked);
    // A join of the room object before this one may reach the node after this one's: the last word must be this one's.
    if (before) room.joinBehind(before.pendingJoins);
    // What came between the entry and this moment went to nobody: the keep-alive would find out, but need not.
    for (const [id, change] of this.early.splice(0)) if (id === reply.room) room.change(change);
    this.connector.settle();
  }
  private readonly early: [room: string, change: WireChange][] = [];

  /** Asks until there is an answer; a refusal that says "again" is asked again. */
  private async ask<K extends RequestName>(name: K, given: Requests[K][0], onOk?: (reply: Joined, asked: number) => void): Promise<Requests[K][1] & { ok: true }> {
    const body = passed(checkRequest(name, given)) as Requests[K][0];
    for (;;) {
      await this.connected();
      let reply: Requests[K][1] | Refused;
      const asked = this.mono();
      try {
        reply = await this.connector.request(name, body);
        if (this.trips.length === 0) this.trips.push(this.mono() - asked); // the keep-alive will know better
      } catch {
        await this.pause(150);
        continue;
      }
      if (this.over) throw this.over; // closed in the very moment in which the answer came
      if (reply.ok) {
        onOk?.(reply as Joined, asked);
        return reply as Requests[K][1] & { ok: true };
      }
      if (dutyOf(reply.code) !== 'retry') throw new RoomRefused(reply.code, reply.detail);
      await this.pause(reply.retryAfter ?? 300);
    }
  }

  /** Why nothing can be asked any more; null while this client is open. */
  private get over(): RoomRefused | null {
    const { status } = this.connector;
    if (status.state === 'refused') return new RoomRefused(status.refusal.code, status.refusal.detail);
    return status.state === 'closed' ? new RoomRefused('left', 'the client was closed') : null;
  }

  private connected(): Promise<void> { return this.isConnected() ? Promise.resolve() : this.when(() => this.isConnected()); }
  private readonly isConnected = (): boolean => this.connector.isLive;

  /** Resolves when a welcome or a change of the status finds the condition true; rejects when this client is over. */
  private when(condition: (isWelcome: boolean) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        for (const stop of stops) stop();
        settle();
      };
      const check = (isWelcome: boolean) => {
        const { over } = this;
        if (over) end(() => reject(over));
        else if (condition(isWelcome)) end(resolve);
      };
      const stops = [this.connector.onWelcome.add(() => check(true)), this.connector.onStatus.add(() => check(false))];
      check(false);
    });
  }

  private pause(ms: number): Promise<void> { return new Promise(done => void this.clock.after(ms * (0.75 + this.clock.random() / 2), done)); }
  private random(): string { return Array.from({ length: 22 }, () => 'ABCDEFGHJKMNPQRSTWXYZabcdefghjkmnpqrstwxyz23456789'[Math.floor(this.clock.random() * 50)]).join(''); }

  private event(name: string, args: unknown[]): void {
    if (name === 'heads') return this.headsCame(args[0] as Record<string, Heard>);
    this.lastActive = this.mono();
    if (name === 'change') {
      const [id, ...change] = args as [string, ...WireChange];
      const room = this.rooms.get(id);
      if (room) room.change(change as WireChange);
      else if (this.early.push([id, change as WireChange]) > 64) this.early.shift();
    } else if (name === 'notice') {
      const notice = args[0] as Notice;
      this.rooms.get(notice.room)?.notice(notice);
    } else if (name === 'motion') {
      const [id, ...motion] = args as [string, number, number, number, Changes];
      this.rooms.get(id)?.motion(...motion);
    } else if (name === 'signal') {
      const [id, player, signal, data] = args as [string, string, string, Json];
      this.rooms.get(id)?.signalled(player, signal, data);
    } else if (name === 'token') this.credentials.keep(args[0] as string);
  }

  private keepAlive(): void {
    this.beat?.();
    if (this.over) return;
    const idle = this.mono() - this.lastActive > pace.idleAfter;
    this.beat = this.clock.after((idle ? pace.idle : pace.busy) * (0.9 + this.clock.random() * 0.2), () => this.beatNow());
  }

  private beatNow(): void {
    const flows = this.rooms.size > 0 && [...this.rooms.values()].every(room => this.isWithin(room.changedAt, pace.fresh));
    if (flows && this.isWithin(this.headsAt, pace.atLeast) && this.isWithin(this.askedAt, pace.seldom)) this.keepAlive();
    else void this.probe();
  }

  private isWithin(since: number, ms: number): boolean {
    return this.mono() - since < ms;
  }

  /** The node said heads by itself. Where it left out a room, asking will tell why. */
  private headsCame(heads: Record<string, Heard>): void {
    for (const [id, head] of Object.entries(heads)) this.rooms.get(id)?.headHeard(head);
    if (![...this.rooms.keys()].every(id => heads[id])) return;
    this.headsAt = this.mono();
    if (this.isWithin(this.askedAt, pace.seldom)) this.keepAlive();
  }

  private async probe(patience = Connector.patience(this.rtt)): Promise<void> {
    const places: Record<string, Place> = {};
    for (const room of this.rooms.values()) places[room.id] = room.place;
    const asked = this.askedAt = this.mono();
    const { line } = this.connector;
    this.keepAlive();
    const reply = (await this.connector.probe('place', { rooms: places }, patience)) as PlaceReply | Refused | null;
    if (!reply?.ok || !line) return;
    this.connector.spread = reply.spread;
    this.headsAt = this.mono();
    if (this.trips.push(this.headsAt - asked) > 8) this.trips.shift();
    const lost = this.drift.read(line, reply.now, asked, this.headsAt);
    if (lost !== 0) for (const room of this.rooms.values()) room.clockLost(lost);
    for (const id of Object.keys(places)) this.rooms.get(id)?.headHeard(reply.rooms[id] as Heard | null | undefined);
  }

  /** A page that comes back into sight, or a network that returns, has no time to wait for the next beat. */
  private readonly look = () => { if (this.connector.isLive && document.visibilityState !== 'hidden') void this.probe(800); };
  /** A page that is left is kept for the back button only if it has no connection; one that comes back opens another. */
  private readonly hide = () => this.connector.suspend();
  private readonly show = () => {
    this.connector.resume();
    this.look();
  };
  private watchPage(): void {
    if (typeof document === 'undefined' || typeof addEventListener === 'undefined') return;
    document.addEventListener('visibilitychange', this.look);
    addEventListener('online', this.look);
    addEventListener('pagehide', this.hide);
    addEventListener('pageshow', this.show);
  }
  private unwatchPage(): void {
    if (typeof document === 'undefined' || typeof removeEventListener === 'undefined') return;
    document.removeEventListener('visibilitychange', this.look);
    removeEventListener('online', this.look);
    removeEventListener('pagehide', this.hide);
    removeEventListener('pageshow', this.show);
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

/** @returns the value @throws RoomRefused */
function passed(checked: Checked): Json {
  if (checked.ok) return checked.value;
  throw new RoomRefused(checked.code, checked.detail);
}

/** Options and profile as they are sent. @throws RoomRefused where they cannot be */
function sendable({ options, profile }: { options?: unknown; profile?: unknown }): { options?: JsonObject; profile?: Json } {
  return {
    ...(options === undefined ? {} : { options: passed(checkOutgoing('options', options, 'optionsBytes', 'bad-options')) as JsonObject }),
    ...(profile === undefined ? {} : { profile: passed(checkOutgoing('profile', profile, 'profileBytes', 'bad-profile')) }),
  };
}

/** Of what JSON cannot hold, no two are the same. */
function wishOf(what: unknown[]): string {
  try {
    return JSON.stringify(what);
  } catch {
    return `${Math.random()}`;
  }
}

const named = (which: { id: string } | { code: string }): { room: string } | { code: string } => ('id' in which ? { room: which.id } : { code: which.code });

const brought = ({ profile }: { profile?: unknown }): { profile?: Json } => (profile === undefined ? {} : { profile: profile as Json });

const browserClock: ClientClock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
