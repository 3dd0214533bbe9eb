import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { Server, type Namespace } from 'socket.io';
import { Encoder } from 'socket.io-parser';
import { limits } from '../../shared/limits.ts';
import { readName } from '../../shared/names.ts';
import { wireVersion, type RequestName, type SayingName } from '../../shared/protocol.ts';
import { refused, type Refused } from '../../shared/refusals.ts';
import type { AddressOf } from '../identity/address.ts';
import type { Identity, Tokens } from '../identity/tokens.ts';
import { BadToken } from '../identity/tokens.ts';
import type { RejoinNode } from '../node.ts';
import type { Clock, Entropy, Fanout, Log, Meter } from '../ports.ts';
import type { Connection } from '../sessions/connection.ts';
import type { Encoded } from '../sessions/encoded.ts';
import { answerIdOf, Decoder, unreadAuth, type Ears } from './decoder.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { cutOff, hangUp, lineOf, sharesItsLine, UpgradeAnswers, waitingFor, type EngineLine } from './line.ts';
import { Lanes } from './lane.ts';
import { mayUseCookies, type Origins } from './origins.ts';
import { Packet } from './packet.ts';
import { isSocketRequest, RefusalLog } from './refusal-log.ts';
import { Renewals } from './renewals.ts';
import { RoomsFirst } from './rooms-first.ts';
import { SocketLink } from './socket-link.ts';
import type { GameServer, GameSocket, GameSpace } from './types.ts';
import { SlowReaders } from './slow-readers.ts';
import { observeWebSockets, type UpgradingServer } from './web-sockets.ts';

/** What is known of a connection that wants to come in. `request` is the one that opened it, with what the host's own middleware has put there. */
export interface HandshakeSeen { readonly auth: Record<string, unknown>; readonly headers: IncomingMessage['headers']; readonly request: IncomingMessage }
/**
 * Decides who a connection is, in place of guests' tokens. `auth` is what the client's `token`, `auth` and `name` say. Null: nobody
 * (`not-signed-in`; the client asks its token function once more, then gives up). Throwing: unknown for now, and the client tries again.
 * @example
 * ```ts
 * // the client: connect(url, { token: ({ refused }) => (refused ? session.refresh() : session.accessToken) })
 * const authenticate: Authenticate = async ({ auth, headers }) => {
 *   const user = await sessions.find(headers.cookie ?? String(auth.token))
 *   return user ? { player: `user:${user.id}`, name: user.name } : null
 * }
 * ```
 */
export type Authenticate = (handshake: HandshakeSeen) => Promise<Identity | null> | Identity | null;

const requestNames: readonly RequestName[] = ['create', 'join', 'act', 'place', 'leave', 'list', 'inspect'];

const sayingNames: readonly SayingName[] = ['i', 'input', 'signal'];

export interface GatewayParts { tokens: Tokens; authenticate?: Authenticate | undefined; origins: Origins; addressOf: AddressOf; clock: Clock; entropy: Entropy; log: Log; meter: Meter }

/**
 * A Socket.IO server of any 4.x, as far as it is used here: a structure, since the host may have another copy of the package.
 * @example
 * ```ts
 * import { Server } from 'socket.io'
 *
 * const io = new Server(http)
 * const games = await createServer({ games: [raceGame], io }) // lives in io.of('/rejoin')
 * ```
 */
export interface SocketIoServer {
  /** A namespace of it. */
  of(namespace: string): unknown;
}
/**
 * Where the sockets come from: an http server, which gets a Socket.IO server of its own (`keep`: it is not closed with it),
 * or a Socket.IO server that belongs to somebody else.
 */
export type Ground = { readonly http: HttpServer; readonly keep?: boolean; readonly namespace?: string | undefined; /** Before `/socket.io`; empty: none. */ readonly path?: string } | { readonly io: SocketIoServer; readonly namespace: string };

/**
 * Socket.IO, and nothing of the game: lets connections in, reads their packets, hands them to the edge, closes what does
 * not behave. Every handler is wrapped, since a throw here would end the process and with it every room.
 */
export class Gateway {
  private readonly io: GameServer;
  /** The namespace in which everything happens. Where the server is somebody else's, nothing outside of it is touched. */
  private readonly space: GameSpace;
  private readonly guest: boolean;
  /** How Socket.IO begins an event's packet: its type, and the namespace where it is not the main one. */
  private readonly eventPrefix: string;
  private node: RejoinNode | null = null;
  private readonly slow: SlowReaders;
  private readonly roomsFirst: RoomsFirst;
  private readonly renewals: Renewals;
  private readonly upgradeAnswers = new UpgradeAnswers();
  private door: Doorkeeper | null = null;
  /** Lines that have said hello to the namespace: a second one, said before the first was answered, would be another player on the same line. */
  private readonly greeted = new WeakSet<object>();

  private readonly refusals: RefusalLog;

  constructor(private readonly ground: Ground, private readonly parts: GatewayParts) {
    this.refusals = new RefusalLog(parts);
    this.guest = 'io' in ground;
    this.io = 'io' in ground ? (ground.io as GameServer) : this.ownServer(ground.http, `${ground.path ?? ''}/socket.io`, ground.namespace ?? '/');
    this.space = this.io.of(ground.namespace ?? '/');
    this.eventPrefix = this.space.name === '/' ? '2' : `2${this.space.name},`;
    this.space.use((socket, next) => this.letIn(socket, next));
    if (this.guest) this.settle();
    this.slow = new SlowReaders(parts.clock, parts.meter);
    this.renewals = new Renewals(parts);
    this.roomsFirst = new RoomsFirst(parts.clock, () => this.node?.registry.claimsUnderWay ?? null);
  }

  private ownServer(http: HttpServer, path: string, namespace: string): GameServer {
    // Node takes its own listener off a socket that is upgraded. Until somebody else has put one on, or where nobody does (a
    // node that is busy, a path that is nobody's), one that is reset would be an error that nobody catches: the end of the process.
    http.prependListener('upgrade', (_request, socket) => { socket.on('error', () => {}); });
    const io: GameServer = new Server(http, {
      path,
      serveClient: false,
      transports: ['websocket', 'polling'],
      // Below nginx's read timeout, so that a connection that is open is never cut for being quiet.
      pingInterval: limits.ping,
      pingTimeout: 4_800,
      connectTimeout: 8_000,
      // Above a packet's own limit: what is too large by little is answered, and the client knows why.
      maxHttpBufferSize: limits.frameBytes,
      parser: { Encoder, Decoder },
      cors: this.parts.origins.cors,
      allowRequest: (request, decide) => this.admit(request, decide),
    });
    // Answers of Engine.IO itself; where the http server is somebody else's, only those that belong to a session.
    const keepsType = { name: 'X-Content-Type-Options', value: 'nosniff' };
    if ('http' in this.ground && !this.ground.keep) http.prependListener('request', (_request, response) => { response.setHeader(keepsType.name, keepsType.value); });
    else io.engine.on('headers', (headers: Record<string, string>) => { headers[keepsType.name] = keepsType.value; });
    io.engine.use(this.upgradeAnswers.middleware);
    io.engine.on('connection', new Lanes().open);
    observeWebSockets(io.engine as unknown as UpgradingServer, (websocket, tcp) => this.door?.watchFrames(websocket, tcp));
    io.engine.on('connection_error', (error: { code: number; message: string; req?: IncomingMessage }) => {
      this.parts.log.debug({ code: error.code, reason: error.message }, 'handshake refused');
      if (error.code === unsupportedProtocol) this.refusals.note('protocol', { origin: error.req?.headers.origin });
    });
    io.of((name, _auth, done) => {
      this.refusals.note('namespace', { asked: name, namespace });
      done(null, false);
    });
    if ('http' in this.ground && !this.ground.keep) this.noteOtherPaths(http, path);
    return io;
  }

  /** Clients that look for the sockets elsewhere: a warning for the author, and a page of another origin can read the 404. */
  private noteOtherPaths(http: HttpServer, path: string): void {
    const isElsewhere = (request: IncomingMessage) => {
      const elsewhere = isSocketRequest(request) && !request.url!.startsWith(`${path}/`);
      if (elsewhere) this.refusals.note('path', { asked: request.url!.split('?')[0], path: `${path}/` });
      return elsewhere;
    };
    http.prependListener('request', (request, response) => { if (isElsewhere(request)) response.setHeader('access-control-allow-origin', '*'); });
    http.prependListener('upgrade', request => { isElsewhere(request); });
  }

  /** Keeps the settings of a server that is somebody else's from changing what happens in this namespace. */
  private settle(): void {
    // Sessions that Socket.IO brings back pass no middleware and are in channels nobody has looked at: rooms resume by the journal.
    this.space.adapter.restoreSession = () => Promise.resolve(null as never);
    // io.adapter(…) of the host renews the adapters of all namespaces, whenever it is called.
    this.space._initAdapter = () => {};
  }

  /** Puts an adapter under this namespace, and under no other. */
  async adapt(make: (space: Namespace) => GameSpace['adapter']): Promise<void> {
    const former = this.space.adapter;
    this.space.adapter = make(this.space as unknown as Namespace);
    if (this.guest) this.settle();
    await former.close(); // the host's own may have subscribed to something for us
    await this.space.adapter.init();
  }

  /** Broadcasts to all members of a channel, through whatever adapter the namespace has. */
  readonly fanout: Fanout = {
    emit: (channel, event, ...args) => {
      (this.space.to(channel) as unknown as { emit(event: string, ...args: unknown[]): void }).emit(event, ...args);
    },
    local: (channel, event, ...args) => {
      (this.space.local.to(channel) as unknown as { emit(event: string, ...args: unknown[]): void }).emit(event, ...args);
    },
  };

  /** Begins to serve: until then nobody is let in. */
  serve(node: RejoinNode): void {
    this.node = node;
    const { addressOf, clock, meter } = this.parts;
    const door = this.door = new Doorkeeper({ addressOf, allowances: node.edge.allowances, clock, meter, namespace: this.space.name });
    if (!this.guest) this.io.engine.on('connection', (line: EngineLine) => door.watch(line));
    this.space.on('connection', socket => this.connected(socket, node));
    this.slow.start(() => node.edge.all(), id => this.space.sockets.get(id));
    this.renewals.start(() => this.space.sockets.values());
  }

  /** Asks all clients to go to another node, each at its own moment, and closes those that have not gone. */
  async moveClients(): Promise<void> {
    const { clock, entropy } = this.parts;
    const sockets = [...this.space.sockets.values()];
    await Promise.all(sockets.map(async socket => {
      await clock.sleep(entropy.float() * limits.drainWaves);
      socket.emit('moving');
      await clock.sleep(1_500);
      if (socket.connected) hangUp(socket);
    }));
  }

  /** Ends what is its own: the namespace in a server of somebody else's; else the Socket.IO server, and the http server unless that is kept. */
  async close(): Promise<void> {
    this.slow.stop();
    this.renewals.stop();
    if ('http' in this.ground && !this.ground.keep) {
      const { http } = this.ground;
      const closed = this.io.close();
      // Node ends those that wait for another request, and gives up its watch over those that have not sent one yet: they could hold it open for ever.
      const rest = setTimeout(() => http.closeAllConnections(), limits.lastAnswers);
      return closed.finally(() => clearTimeout(rest));
    }
    for (const socket of this.space.sockets.values()) hangUp(socket);
    await this.space.adapter.close();
    if (!this.guest) return void this.io.engine.close();
    this.space.removeAllListeners();
    this.io._nsps.delete(this.space.name);
  }

  /** Before Socket.IO has answered a handshake: a proxy in front tries another node then. Possible only where the server is this node's own. */
  private admit(request: IncomingMessage, decide: (error: string | null | undefined, ok: boolean) => void): void {
    if (!this.node?.ready || this.io.engine.clientsCount >= limits.sockets) return answerBusy(request, '503 Service Unavailable', 1_000);
    const wait = this.door?.knock(this.parts.addressOf(request)) ?? 0;
    if (wait > 0) return answerBusy(request, '429 Too Many Requests', wait);
    const admission = this.parts.origins.admit(request);
    if (admission === null) {
      this.noteOrigin(request);
      // The page is shown the refusal, and nothing else: without it, all failures look the same to it.
      if (request.headers.origin !== undefined) (request as { res?: ServerResponse }).res?.setHeader?.('access-control-allow-origin', request.headers.origin);
      return decide('origin-refused', false);
    }
    if (!mayUseCookies(admission)) delete request.headers.cookie;
    this.roomsFirst.letIn(() => decide(null, true));
  }

  private noteOrigin(request: IncomingMessage): void {
    const { origin, host, 'x-forwarded-host': forwardedHost } = request.headers;
    if (this.parts.origins.isForeignHost(request)) return this.refusals.note('host', { origin, host });
    this.refusals.note('origin', { origin, host, forwardedHost: forwardedHost?.toString() });
  }

  private letIn(socket: GameSocket, next: (error?: Error) => void): void {
    const line = lineOf(socket);
    if (this.greeted.has(line)) return next(new Error('said hello twice'));
    this.greeted.add(line);
    const turnAway = (error: Error) => { this.greeted.delete(line); next(error); };
    const refuse = (refusal: Refused) => turnAway(Object.assign(new Error(refusal.code), { data: refusal }));
    if (this.guest && this.parts.origins.admit(socket.request) === null) {
      this.noteOrigin(socket.request);
      return turnAway(Object.assign(new Error('origin not allowed'), { data: { problem: 'origin-refused' } }));
    }
    if (this.guest && (!this.node?.ready || this.space.sockets.size >= limits.sockets)) return refuse(refused('unavailable', undefined, 1_000));
    const wait = this.guest ? this.door!.knock(this.door!.addressOf(line)) : 0;
    if (wait > 0) return refuse(refused('slow-down', 'too many connections', wait));
    this.identify(socket).then(() => next(), (error: unknown) => {
      if (error instanceof TooManyGuests) return refuse(refused('slow-down', 'too many new guests', error.wait));
      if (error instanceof TooLargeAuth) return refuse(refused('too-large', error.message));
      if (error instanceof OtherWire) return refuse(refused('client-outdated'));
      if (error instanceof NotSignedIn) return refuse(refused('not-signed-in'));
      if (!(error instanceof BadToken)) this.parts.log.error({ error }, 'authentication failed');
      refuse(error instanceof BadToken ? refused('bad-token') : refused('unavailable', undefined, 1_000));
    });
  }

  private async identify(socket: GameSocket): Promise<void> {
    const auth = socket.handshake.auth as Record<string, unknown>;
    if (auth.wire !== undefined && auth.wire !== wireVersion) throw new OtherWire();
    const bytes = typeof auth[unreadAuth] === 'number' ? auth[unreadAuth] : this.sizeOf(auth);
    if (bytes > limits.authBytes) throw new TooLargeAuth(`auth has ${bytes} bytes, at most ${limits.authBytes} (authBytes)`);
    const { tokens, authenticate } = this.parts;
    if (authenticate) {
      const who = await authenticate({ auth, headers: this.headersOf(socket), request: socket.request });
      if (!who) throw new NotSignedIn();
      if (!isPlayer(who.player)) throw new TypeError(`authenticate: a player's id is a text of 1 to ${limits.playerIdLength} characters that does not begin with $, not ${JSON.stringify(who.player)?.slice(0, 80)}`);
      socket.data = { identity: { player: who.player, name: readName(who.name) ?? 'Player' }, token: '', agesAt: Infinity };
      return;
    }
    if (auth.token !== undefined && auth.token !== null) {
      if (typeof auth.token !== 'string' || auth.token.length > limits.tokenLength) throw new BadToken('not a token');
      const { agesAt, ...who } = await tokens.verify(auth.token);
      const name = readName(auth.name);
      const renamed = name !== null && name !== who.name;
      if (renamed) who.name = name;
      const anew = renamed || agesAt < this.parts.clock.now();
      socket.data = { identity: who, token: anew ? await tokens.issue(who) : auth.token, agesAt: anew ? tokens.agesAt : agesAt };
      return;
    }
    const wait = this.door?.mint(lineOf(socket)) ?? 0;
    if (wait > 0) throw new TooManyGuests(wait);
    const guest = tokens.newGuest(readName(auth.name) ?? `Guest ${100 + Math.floor(this.parts.entropy.float() * 900)}`);
    socket.data = { identity: guest, token: await tokens.issue(guest), agesAt: tokens.agesAt };
  }

  /** Where all origins may connect, a page of another one acts for nobody: its visitor's cookies are left out. */
  private headersOf({ handshake: { headers }, request }: GameSocket): IncomingMessage['headers'] {
    const admission = this.parts.origins.admit(request);
    if (admission !== null && mayUseCookies(admission)) return headers;
    const { cookie: _cookie, ...rest } = headers;
    return rest;
  }

  private connected(socket: GameSocket, node: RejoinNode): void {
    const { identity, token } = socket.data;
    if (node.edge.isCrowded(identity.player)) {
      this.greeted.delete(lineOf(socket));
      socket.emit('refused', refused('too-many-connections', undefined, 5_000));
      return hangUp(socket);
    }
    const connection = node.edge.connect(new SocketLink(socket, this.pass), identity, this.door!.addressOf(lineOf(socket)));
    if (this.guest) this.door!.countLine(lineOf(socket));
    const may = this.guest ? this.door!.counter() : null;
    // As few listeners as can be: each costs some hundred bytes for as long as somebody is connected.
    socket.onAny((event: unknown, ...args: unknown[]) => {
      if (!socket.connected) return;
      if (may?.() === false) this.expel(socket, refused('slow-down', 'too many packets'));
      else if (this.guest && this.sizeOf(args) > limits.packetBytes) this.tooLarge(socket, connection, node, this.sizeOf(args), args.at(-1));
      else if (requestNames.includes(event as RequestName)) this.asked(socket, connection, node, event as RequestName, args);
      else if (sayingNames.includes(event as SayingName)) this.saying(socket, connection, node, event as SayingName, args[0]);
      else this.strike(socket, connection, node);
    });
    const { lane } = lineOf(socket);
    if (lane) lane.besidePing = () => this.headsFor(connection, node);
    const { decoder } = socket.client as unknown as { decoder: unknown };
    if (decoder instanceof Decoder) {
      if (this.eventPrefix === '2') decoder.ears = this.earsOf(socket, connection, node);
      decoder.tooLarge = (head, bytes) => {
        const id = answerIdOf(head);
        this.tooLarge(socket, connection, node, bytes, id === null ? null : (reply: unknown) => lane?.send(new Packet(`3${this.eventPrefix.slice(1)}${id}[${JSON.stringify(reply)}]`)));
      };
    }
    socket.on('error', () => this.strike(socket, connection, node));
    socket.on('disconnect', () => {
      if (lane) lane.besidePing = null;
      this.greeted.delete(lineOf(socket));
      node.edge.disconnect(connection);
    });
    socket.emit('welcome', { player: identity.player, name: identity.name, token, node: node.parts.name, now: this.parts.clock.now(), wire: wireVersion });
    socket.data.token = ''; // it has it now
    if ('http' in this.ground && !this.ground.keep && !this.parts.authenticate) this.upgradeAnswers.forget(socket);
  }

  /** Sends what is encoded already; through a server of somebody else's, which may have a parser of its own, as everything else. */
  private readonly pass = (socket: GameSocket, said: Encoded): void => {
    const { lane } = lineOf(socket);
    if (!lane) return void (socket as unknown as { emit(...said: unknown[]): void }).emit(...(JSON.parse(said.json) as unknown[]));
    if (socket.connected) lane.send((said.framed ??= new Packet(`${this.eventPrefix}${said.json}`)) as Packet);
  };

  private headsFor(connection: Connection, node: RejoinNode): string | null {
    const heads = node.edge.heads(connection);
    return heads && `${this.eventPrefix}${JSON.stringify(['h', ...heads])}`;
  }

  /** What the size of packets bounds in a Socket.IO server of its own; somebody else's has bounds of its own. */
  private sizeOf(packet: unknown): number {
    try {
      return Buffer.byteLength(JSON.stringify(packet));
    } catch {
      return Infinity; // nothing that JSON can say
    }
  }

  /** Answers a packet that is larger than it may be, where it wants to be answered. @param ack what answers it */
  private tooLarge(socket: GameSocket, connection: Connection, node: RejoinNode, bytes: number, ack: unknown): void {
    const refusal = bytes <= limits.frameBytes ? node.edge.tooLarge(connection, bytes) : null;
    if (!refusal) this.expel(socket);
    else if (typeof ack === 'function') (ack as (reply: unknown) => void)(refusal);
  }

  /** What comes by the short way: the same, past Socket.IO. */
  private earsOf(socket: GameSocket, connection: Connection, node: RejoinNode): Ears {
    return (name, data, id) => {
      const { lane } = lineOf(socket);
      if (!socket.connected || !lane) return false;
      if (id === null && sayingNames.includes(name as SayingName)) this.saying(socket, connection, node, name as SayingName, data);
      else if (id !== null && requestNames.includes(name as RequestName)) void this.request(socket, connection, node, name as RequestName, data, reply => lane.send(new Packet(`3${id}[${JSON.stringify(reply)}]`)));
      else return false;
      return true;
    };
  }

  private asked(socket: GameSocket, connection: Connection, node: RejoinNode, name: RequestName, args: unknown[]): void {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as (reply: unknown) => void) : null;
    void this.request(socket, connection, node, name, ack && args.length === 1 ? undefined : args[0], ack);
  }

  private async request(socket: GameSocket, connection: Connection, node: RejoinNode, name: RequestName, data: unknown, ack: ((reply: unknown) => void) | null): Promise<void> {
    try {
      // Every answer would be kept for a client that asks and does not read.
      if (waitingFor(lineOf(socket)).size > limits.slowestBytes) return cutOff(lineOf(socket));
      const reply = await node.edge.handle(connection, name, data);
      if (reply === null) this.expel(socket);
      else if (ack) {
        ack(reply);
        node.edge.answered(connection, name, reply);
      }
    } catch (error) {
      this.parts.log.error({ error, request: name }, 'a request failed');
    }
  }

  private saying(socket: GameSocket, connection: Connection, node: RejoinNode, name: SayingName, raw: unknown): void {
    try {
      if (!node.edge.hear(connection, name, raw)) this.expel(socket);
    } catch (error) {
      this.parts.log.error({ error, saying: name }, 'what a client said was not taken in');
    }
  }

  private strike(socket: GameSocket, connection: Connection, node: RejoinNode): void {
    if (!node.edge.strike(connection)) this.expel(socket);
  }

  private expel(socket: GameSocket, why: Refused = refused('bad-request', 'too many malformed packets')): void {
    socket.emit('refused', why);
    const line = sharesItsLine(socket) ? null : lineOf(socket);
    socket.disconnect(line !== null);
    if (line) setTimeout(() => cutOff(line), 250).unref(); // one who does not listen does not hang up either
  }

}

/** Engine.IO's own number for it. */
const unsupportedProtocol = 5;

/** Ids of players go into names of channels, and those of bots begin with $. */
const isPlayer = (id: unknown): boolean => typeof id === 'string' && id.length > 0 && id.length <= limits.playerIdLength && !id.startsWith('$');

/** The client speaks another version of the protocol: its token may be good. */
class OtherWire extends Error {}
/** Token and `auth` have more bytes than `authenticate` is given. */
class TooLargeAuth extends Error {}
/** The host's own `authenticate` does not know who this is. */
class NotSignedIn extends Error {}
/** This address has had as many new guests as it may for now. */
class TooManyGuests extends Error { constructor(readonly wait: number) { super('too many new guests'); } }

/** Answers a handshake before Socket.IO does: so that the proxy in front tries another node, or that whoever floods pays with a connection. */
function answerBusy(request: IncomingMessage & { res?: { writeHead(code: number, headers: object): { end(text: string): void } } }, status: string, wait: number): void {
  const after = String(Math.ceil(wait / 1_000));
  if (request.res && typeof request.res.writeHead === 'function' && request.headers.upgrade === undefined) request.res.writeHead(Number(status.slice(0, 3)), { 'retry-after': after, connection: 'close' }).end('busy');
  else request.socket.end(`HTTP/1.1 ${status}\r\nRetry-After: ${after}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
