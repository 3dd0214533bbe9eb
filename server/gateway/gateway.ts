import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { Server, type Namespace } from 'socket.io';
import { Encoder } from 'socket.io-parser';
import { RejoinError } from '../../shared/errors.ts';
import { limits } from '../../shared/limits.ts';
import { normalizeName } from '../../shared/names.ts';
import { protocolVersion, type RequestName, type OneWayMessageName } from '../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import type { AddressReader } from '../identity/address.ts';
import type { Identity, Tokens } from '../identity/tokens.ts';
import { BadTokenError } from '../identity/tokens.ts';
import type { RejoinNode } from '../node/node.ts';
import type { Clock, Entropy, Fanout, Log, Meter } from '../runtime/ports.ts';
import type { Connection } from '../sessions/connection.ts';
import type { EncodedEvent } from '../sessions/encoded-event.ts';
import { ackIdOf, Decoder, authSizeKey, type FastPathHandler } from './decoder.ts';
import { ConnectionLimiter } from './connection-limiter.ts';
import {
  terminateConnection,
  closeConnection,
  engineSocketOf,
  sharesConnection,
  UpgradeResponses,
  backlogOf,
  type EngineSocket,
} from './engine-socket.ts';
import { OutboundBuffers } from './outbound-buffer.ts';
import { mayUseCookies, type OriginPolicy } from './origin-policy.ts';
import { Packet } from './packet.ts';
import { isEngineIoRequest, RefusalLog } from './refusal-log.ts';
import { TokenRenewer } from './token-renewer.ts';
import { AdmissionQueue } from './admission-queue.ts';
import { SocketLink } from './socket-link.ts';
import type { GameServer, GameSocket, GameNamespace } from './socket-types.ts';
import { SlowReaders } from './slow-readers.ts';
import { observeWebSockets, type UpgradingServer } from './web-sockets.ts';

/**
 * A connection that is to be authenticated. `request` is its handshake request, including what the host's own
 * middleware has added.
 */
export interface HandshakeSeen {
  readonly auth: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
  readonly request: IncomingMessage;
}
/**
 * Identifies a connection, instead of guest tokens. `auth` holds the client's `token`, `auth` and `name`.
 * Null: not signed in (`not-signed-in`; the client calls its token function once more, then gives up). A throw: unknown
 * for now, and the client retries.
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

const oneWayMessageNames: readonly OneWayMessageName[] = ['i', 'input', 'signal'];

export interface GatewayParts {
  tokens: Tokens;
  authenticate?: Authenticate | undefined;
  origins: OriginPolicy;
  addressOf: AddressReader;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  meter: Meter;
}

/**
 * A Socket.IO 4 server, reduced to what is used here. A structural type, since the host may have another copy of the
 * package.
 * @example
 * ```ts
 * import { Server } from 'socket.io'
 *
 * const io = new Server(http)
 * const games = await createServer({ games: [raceGame], io }) // lives in io.of('/rejoin')
 * ```
 */
export interface SocketIoServer {
  /** Returns a namespace. */
  of(namespace: string): unknown;
}
/**
 * What the sockets are attached to: an http server, on which a Socket.IO server is created (`keep`: the http server is
 * not closed with it), or the Socket.IO server of a host app.
 */
export type Attachment =
  | {
      readonly http: HttpServer;
      readonly keep?: boolean;
      readonly namespace?: string | undefined;
      /** Prefix of `/socket.io`; empty: none. */
      readonly path?: string;
    }
  | { readonly io: SocketIoServer; readonly namespace: string };

/**
 * The Socket.IO layer: admits connections, reads packets, passes requests to ClientRequests, and closes connections
 * that violate limits. It knows nothing of games. Every handler is wrapped, because a throw would end the process and
 * with it all rooms.
 */
export class Gateway {
  private readonly io: GameServer;
  /** The namespace that is used. On a host's server, nothing outside it is changed. */
  private readonly namespace: GameNamespace;
  private readonly isSharedServer: boolean;
  /** Prefix of an event's packet: its type, and the namespace unless it is the main one. */
  private readonly eventPrefix: string;
  private node: RejoinNode | null = null;
  private readonly slowReaders: SlowReaders;
  private readonly admissionQueue: AdmissionQueue;
  private readonly tokenRenewer: TokenRenewer;
  private readonly upgradeResponses = new UpgradeResponses();
  private connectionLimiter: ConnectionLimiter | null = null;
  /**
   * Connections that have entered the namespace. A second CONNECT before the first is answered would create another
   * player on the same connection.
   */
  private readonly enteredConnections = new WeakSet<object>();

  private readonly refusalLog: RefusalLog;

  constructor(
    private readonly attachment: Attachment,
    private readonly parts: GatewayParts,
  ) {
    this.refusalLog = new RefusalLog(parts);
    this.isSharedServer = 'io' in attachment;
    this.io =
      'io' in attachment
        ? (attachment.io as GameServer)
        : this.createServer(attachment.http, `${attachment.path ?? ''}/socket.io`, attachment.namespace ?? '/');
    this.namespace = this.io.of(attachment.namespace ?? '/');
    this.eventPrefix = this.namespace.name === '/' ? '2' : `2${this.namespace.name},`;
    this.namespace.use((socket, next) => this.admitSocket(socket, next));
    if (this.isSharedServer) this.isolateNamespace();
    this.slowReaders = new SlowReaders(parts.clock, parts.meter);
    this.tokenRenewer = new TokenRenewer(parts);
    this.admissionQueue = new AdmissionQueue(parts.clock, () => this.node?.ownedRooms.pendingClaims ?? null);
  }

  private createServer(http: HttpServer, path: string, namespaceName: string): GameServer {
    // Node removes its own error listener from a socket that is upgraded. Until another one is added (which takes time
    // on a busy node, and never happens on an unknown path), a reset would be an uncaught error and end the process.
    http.prependListener('upgrade', (_request, socket) => {
      socket.on('error', () => {});
    });
    const io: GameServer = new Server(http, {
      path,
      serveClient: false,
      transports: ['websocket', 'polling'],
      // Below nginx's read timeout, so that an idle connection is not closed.
      pingInterval: limits.pingInterval,
      pingTimeout: 4_800,
      connectTimeout: 8_000,
      // Above `packetBytes`, so that slightly oversized packets get a refusal with the reason.
      maxHttpBufferSize: limits.frameBytes,
      parser: { Encoder, Decoder },
      cors: this.parts.origins.cors,
      allowRequest: (request, decide) => this.checkHandshake(request, decide),
    });
    // Responses of Engine.IO itself. On a host's http server only those that belong to a session.
    const keepsType = { name: 'X-Content-Type-Options', value: 'nosniff' };
    if ('http' in this.attachment && !this.attachment.keep)
      http.prependListener('request', (_request, response) => {
        response.setHeader(keepsType.name, keepsType.value);
      });
    else
      io.engine.on('headers', (headers: Record<string, string>) => {
        headers[keepsType.name] = keepsType.value;
      });
    io.engine.use(this.upgradeResponses.middleware);
    io.engine.on('connection', new OutboundBuffers().attach);
    observeWebSockets(io.engine as unknown as UpgradingServer, (websocket, tcp) =>
      this.connectionLimiter?.limitFrames(websocket, tcp),
    );
    io.engine.on('connection_error', (error: { code: number; message: string; req?: IncomingMessage }) => {
      this.parts.log.debug({ code: error.code, reason: error.message }, 'handshake refused');
      if (error.code === unsupportedProtocol) this.refusalLog.report('protocol', { origin: error.req?.headers.origin });
    });
    io.of((name, _auth, done) => {
      this.refusalLog.report('namespace', { asked: name, namespace: namespaceName });
      done(null, false);
    });
    if ('http' in this.attachment && !this.attachment.keep) this.reportOtherPaths(http, path);
    return io;
  }

  /** Reports clients that use another path. The CORS header lets a page of another origin read the 404. */
  private reportOtherPaths(http: HttpServer, path: string): void {
    const reportIfElsewhere = (request: IncomingMessage) => {
      const elsewhere = isEngineIoRequest(request) && !request.url!.startsWith(`${path}/`);
      if (elsewhere) this.refusalLog.report('path', { asked: request.url!.split('?')[0], path: `${path}/` });
      return elsewhere;
    };
    http.prependListener('request', (request, response) => {
      if (reportIfElsewhere(request)) response.setHeader('access-control-allow-origin', '*');
    });
    http.prependListener('upgrade', request => {
      reportIfElsewhere(request);
    });
  }

  /** Prevents settings of a host's server from affecting this namespace. */
  private isolateNamespace(): void {
    // Sessions that Socket.IO restores skip the middleware and keep unchecked channels; rooms resume by the journal
    // instead.
    this.namespace.adapter.restoreSession = () => Promise.resolve(null as never);
    // io.adapter(…) of the host would replace the adapters of all namespaces.
    this.namespace._initAdapter = () => {};
  }

  /** Replaces the adapter of this namespace only. */
  async useAdapter(createAdapter: (namespace: Namespace) => GameNamespace['adapter']): Promise<void> {
    const former = this.namespace.adapter;
    this.namespace.adapter = createAdapter(this.namespace as unknown as Namespace);
    if (this.isSharedServer) this.isolateNamespace();
    await former.close(); // the host's adapter may hold subscriptions for this namespace
    await this.namespace.adapter.init();
  }

  /** Broadcasts to a channel through the namespace's adapter. */
  readonly fanout: Fanout = {
    emit: (channel, event, ...args) => {
      (this.namespace.to(channel) as unknown as { emit(event: string, ...args: unknown[]): void }).emit(event, ...args);
    },
    emitLocal: (channel, event, ...args) => {
      (this.namespace.local.to(channel) as unknown as { emit(event: string, ...args: unknown[]): void }).emit(
        event,
        ...args,
      );
    },
  };

  /** Starts to admit connections. */
  serve(node: RejoinNode): void {
    this.node = node;
    const { addressOf, clock, meter } = this.parts;
    const limiter = (this.connectionLimiter = new ConnectionLimiter({
      addressOf,
      allowances: node.clientRequests.allowances,
      clock,
      meter,
      namespace: this.namespace.name,
    }));
    if (!this.isSharedServer)
      this.io.engine.on('connection', (engineSocket: EngineSocket) => limiter.limitPackets(engineSocket));
    this.namespace.on('connection', socket => this.onConnection(socket, node));
    this.slowReaders.start(
      () => node.clientRequests.all(),
      id => this.namespace.sockets.get(id),
    );
    this.tokenRenewer.start(() => this.namespace.sockets.values());
  }

  /** Asks all clients to move to another node, spread over time, and closes those that remain. */
  async moveClients(): Promise<void> {
    const { clock, entropy } = this.parts;
    const sockets = [...this.namespace.sockets.values()];
    await Promise.all(
      sockets.map(async socket => {
        await clock.sleep(entropy.float() * limits.drainClientSpread);
        socket.emit('moving');
        await clock.sleep(1_500);
        if (socket.connected) closeConnection(socket);
      }),
    );
  }

  /**
   * Closes the Socket.IO server, and the http server unless it is kept. On a host's Socket.IO server, closes only this
   * namespace.
   */
  async close(): Promise<void> {
    this.slowReaders.stop();
    this.tokenRenewer.stop();
    if ('http' in this.attachment && !this.attachment.keep) {
      const { http } = this.attachment;
      const closed = this.io.close();
      // Node closes idle connections, but stops its timeouts for connections that have not sent a request yet, which
      // could stay open forever.
      const rest = setTimeout(() => http.closeAllConnections(), limits.answerGracePeriod);
      return closed.finally(() => clearTimeout(rest));
    }
    for (const socket of this.namespace.sockets.values()) closeConnection(socket);
    await this.namespace.adapter.close();
    if (!this.isSharedServer) return void this.io.engine.close();
    this.namespace.removeAllListeners();
    this.io._nsps.delete(this.namespace.name);
  }

  /**
   * Checks a handshake before Socket.IO answers it, so that a proxy in front can try another node. Only possible on a
   * Socket.IO server of this node.
   */
  private checkHandshake(
    request: IncomingMessage,
    decide: (error: string | null | undefined, ok: boolean) => void,
  ): void {
    if (!this.node?.isReady || this.io.engine.clientsCount >= limits.sockets)
      return answerBusy(request, '503 Service Unavailable', 1_000);
    const wait = this.connectionLimiter?.takeHandshake(this.parts.addressOf(request)) ?? 0;
    if (wait > 0) return answerBusy(request, '429 Too Many Requests', wait);
    const admission = this.parts.origins.admit(request);
    if (admission === null) {
      this.reportOrigin(request);
      // Lets the page read the refusal; without the header all failures look the same to it.
      if (request.headers.origin !== undefined)
        (request as { res?: ServerResponse }).res?.setHeader?.('access-control-allow-origin', request.headers.origin);
      return decide('origin-refused', false);
    }
    if (!mayUseCookies(admission)) delete request.headers.cookie;
    this.admissionQueue.admit(() => decide(null, true));
  }

  private reportOrigin(request: IncomingMessage): void {
    const { origin, host, 'x-forwarded-host': forwardedHost } = request.headers;
    if (this.parts.origins.isForeignHost(request)) return this.refusalLog.report('host', { origin, host });
    this.refusalLog.report('origin', { origin, host, forwardedHost: forwardedHost?.toString() });
  }

  private admitSocket(socket: GameSocket, next: (error?: Error) => void): void {
    const engineSocket = engineSocketOf(socket);
    if (this.enteredConnections.has(engineSocket)) return next(new Error('already connected to this namespace'));
    this.enteredConnections.add(engineSocket);
    const reject = (error: Error) => {
      this.enteredConnections.delete(engineSocket);
      next(error);
    };
    const refuse = (refusal: Refused) => reject(Object.assign(new Error(refusal.code), { data: refusal }));
    if (this.isSharedServer && this.parts.origins.admit(socket.request) === null) {
      this.reportOrigin(socket.request);
      return reject(Object.assign(new Error('origin not allowed'), { data: { problem: 'origin-refused' } }));
    }
    if (this.isSharedServer && (!this.node?.isReady || this.namespace.sockets.size >= limits.sockets))
      return refuse(makeRefusal('unavailable', undefined, 1_000));
    const wait = this.isSharedServer
      ? this.connectionLimiter!.takeHandshake(this.connectionLimiter!.addressOf(engineSocket))
      : 0;
    if (wait > 0) return refuse(makeRefusal('slow-down', 'too many connections', wait));
    this.identify(socket).then(
      () => next(),
      (error: unknown) => {
        if (error instanceof GuestLimitError)
          return refuse(makeRefusal('slow-down', 'too many new guests', error.retryAfter));
        if (error instanceof AuthTooLargeError) return refuse(makeRefusal('too-large', error.message));
        if (error instanceof WireVersionError) return refuse(makeRefusal('client-outdated'));
        if (error instanceof NotSignedInError) return refuse(makeRefusal('not-signed-in'));
        if (!(error instanceof BadTokenError)) this.parts.log.error({ error }, 'authentication failed');
        refuse(
          error instanceof BadTokenError ? makeRefusal('bad-token') : makeRefusal('unavailable', undefined, 1_000),
        );
      },
    );
  }

  private async identify(socket: GameSocket): Promise<void> {
    const auth = socket.handshake.auth as Record<string, unknown>;
    if (auth.wire !== undefined && auth.wire !== protocolVersion) throw new WireVersionError();
    const bytes = typeof auth[authSizeKey] === 'number' ? auth[authSizeKey] : this.sizeOf(auth);
    if (bytes > limits.authBytes)
      throw new AuthTooLargeError(`auth has ${bytes} bytes, at most ${limits.authBytes} (authBytes)`);
    const { tokens, authenticate } = this.parts;
    if (authenticate) {
      const identified = await authenticate({ auth, headers: this.headersOf(socket), request: socket.request });
      if (!identified) throw new NotSignedInError();
      if (!isPlayerId(identified.player))
        throw new TypeError(
          `authenticate: a player's id is a text of 1 to ${limits.playerIdLength} characters that does not begin with $, not ${JSON.stringify(identified.player)?.slice(0, 80)}`,
        );
      socket.data = {
        identity: { player: identified.player, name: normalizeName(identified.name) ?? 'Player' },
        token: '',
        renewAt: Infinity,
      };
      return;
    }
    if (auth.token !== undefined && auth.token !== null) {
      if (typeof auth.token !== 'string' || auth.token.length > limits.tokenLength)
        throw new BadTokenError('not a token');
      const { renewAt, ...identified } = await tokens.verify(auth.token);
      const name = normalizeName(auth.name);
      const renamed = name !== null && name !== identified.name;
      if (renamed) identified.name = name;
      const needsNewToken = renamed || renewAt < this.parts.clock.now();
      socket.data = {
        identity: identified,
        token: needsNewToken ? await tokens.issue(identified) : auth.token,
        renewAt: needsNewToken ? tokens.renewAt : renewAt,
      };
      return;
    }
    const wait = this.connectionLimiter?.takeGuest(engineSocketOf(socket)) ?? 0;
    if (wait > 0) throw new GuestLimitError(wait);
    const guest = tokens.newGuest(
      normalizeName(auth.name) ?? `Guest ${100 + Math.floor(this.parts.entropy.float() * 900)}`,
    );
    socket.data = { identity: guest, token: await tokens.issue(guest), renewAt: tokens.renewAt };
  }

  /** If all origins may connect, a page of another origin gets no cookies: it must not act for its visitor. */
  private headersOf({ handshake: { headers }, request }: GameSocket): IncomingMessage['headers'] {
    const admission = this.parts.origins.admit(request);
    if (admission !== null && mayUseCookies(admission)) return headers;
    const { cookie: _, ...rest } = headers;
    return rest;
  }

  private onConnection(socket: GameSocket, node: RejoinNode): void {
    const { identity, token } = socket.data;
    if (node.clientRequests.isAtConnectionLimit(identity.player)) {
      this.enteredConnections.delete(engineSocketOf(socket));
      socket.emit('refused', makeRefusal('too-many-connections', undefined, 5_000));
      return closeConnection(socket);
    }
    const connection = node.clientRequests.connect(
      new SocketLink(socket, this.sendEncoded),
      identity,
      this.connectionLimiter!.addressOf(engineSocketOf(socket)),
    );
    if (this.isSharedServer) this.connectionLimiter!.countConnection(engineSocketOf(socket));
    const takePacket = this.isSharedServer ? this.connectionLimiter!.createPacketCounter() : null;
    // One listener for all events: each costs some hundred bytes per connection.
    socket.onAny((event: unknown, ...args: unknown[]) => {
      if (!socket.connected) return;
      if (takePacket?.() === false) this.refuseAndDisconnect(socket, makeRefusal('slow-down', 'too many packets'));
      else if (this.isSharedServer && this.sizeOf(args) > limits.packetBytes)
        this.refuseOversized(socket, connection, node, this.sizeOf(args), args.at(-1));
      else if (requestNames.includes(event as RequestName))
        this.onRequest(socket, connection, node, event as RequestName, args);
      else if (oneWayMessageNames.includes(event as OneWayMessageName))
        this.onMessage(socket, connection, node, event as OneWayMessageName, args[0]);
      else this.countMalformed(socket, connection, node);
    });
    const { outboundBuffer } = engineSocketOf(socket);
    if (outboundBuffer) outboundBuffer.textWithPing = () => this.roomHeadsFor(connection, node);
    const { decoder } = socket.client as unknown as { decoder: unknown };
    if (decoder instanceof Decoder) {
      if (this.eventPrefix === '2') decoder.fastPath = this.fastPathFor(socket, connection, node);
      decoder.onOversize = (head, bytes) => {
        const id = ackIdOf(head);
        this.refuseOversized(
          socket,
          connection,
          node,
          bytes,
          id === null
            ? null
            : (reply: unknown) =>
                outboundBuffer?.send(new Packet(`3${this.eventPrefix.slice(1)}${id}[${JSON.stringify(reply)}]`)),
        );
      };
    }
    socket.on('error', () => this.countMalformed(socket, connection, node));
    socket.on('disconnect', () => {
      if (outboundBuffer) outboundBuffer.textWithPing = null;
      this.enteredConnections.delete(engineSocketOf(socket));
      node.clientRequests.disconnect(connection);
    });
    socket.emit('welcome', {
      player: identity.player,
      name: identity.name,
      token,
      node: node.parts.name,
      now: this.parts.clock.now(),
      wire: protocolVersion,
    });
    socket.data.token = ''; // the client has it now
    if ('http' in this.attachment && !this.attachment.keep && !this.parts.authenticate)
      this.upgradeResponses.releaseHandshake(socket);
  }

  /**
   * Sends an encoded event. On a host's server, which may have another parser, the event is decoded and emitted as
   * usual.
   */
  private readonly sendEncoded = (socket: GameSocket, encoded: EncodedEvent): void => {
    const { outboundBuffer } = engineSocketOf(socket);
    if (!outboundBuffer)
      return void (socket as unknown as { emit(...encoded: unknown[]): void }).emit(
        ...(JSON.parse(encoded.json) as unknown[]),
      );
    if (socket.connected)
      outboundBuffer.send((encoded.cachedPacket ??= new Packet(`${this.eventPrefix}${encoded.json}`)) as Packet);
  };

  private roomHeadsFor(connection: Connection, node: RejoinNode): string | null {
    const heads = node.clientRequests.roomHeads(connection);
    return heads && `${this.eventPrefix}${JSON.stringify(['h', ...heads])}`;
  }

  /** The size of a packet on a host's server, which has its own limits. */
  private sizeOf(packet: unknown): number {
    try {
      return Buffer.byteLength(JSON.stringify(packet));
    } catch {
      return Infinity; // not representable in JSON
    }
  }

  /** Refuses an oversized packet if its sender wants an acknowledgement. @param ack the acknowledgement function */
  private refuseOversized(
    socket: GameSocket,
    connection: Connection,
    node: RejoinNode,
    bytes: number,
    ack: unknown,
  ): void {
    const refusal = bytes <= limits.frameBytes ? node.clientRequests.refuseOversized(connection, bytes) : null;
    if (!refusal) this.refuseAndDisconnect(socket);
    else if (typeof ack === 'function') (ack as (reply: unknown) => void)(refusal);
  }

  /** The fast path: handles events as `onAny` does, without Socket.IO. */
  private fastPathFor(socket: GameSocket, connection: Connection, node: RejoinNode): FastPathHandler {
    return (name, data, id) => {
      const { outboundBuffer } = engineSocketOf(socket);
      if (!socket.connected || !outboundBuffer) return false;
      if (id === null && oneWayMessageNames.includes(name as OneWayMessageName))
        this.onMessage(socket, connection, node, name as OneWayMessageName, data);
      else if (id !== null && requestNames.includes(name as RequestName))
        void this.answerRequest(socket, connection, node, name as RequestName, data, reply =>
          outboundBuffer.send(new Packet(`3${id}[${JSON.stringify(reply)}]`)),
        );
      else return false;
      return true;
    };
  }

  private onRequest(
    socket: GameSocket,
    connection: Connection,
    node: RejoinNode,
    name: RequestName,
    args: unknown[],
  ): void {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as (reply: unknown) => void) : null;
    void this.answerRequest(socket, connection, node, name, ack && args.length === 1 ? undefined : args[0], ack);
  }

  private async answerRequest(
    socket: GameSocket,
    connection: Connection,
    node: RejoinNode,
    name: RequestName,
    data: unknown,
    ack: ((reply: unknown) => void) | null,
  ): Promise<void> {
    try {
      // A client that sends requests but does not read would make replies pile up.
      if (backlogOf(engineSocketOf(socket)).size > limits.outboundHardBytes)
        return terminateConnection(engineSocketOf(socket));
      const reply = await node.clientRequests.handle(connection, name, data);
      if (reply === null) this.refuseAndDisconnect(socket);
      else if (ack) {
        ack(reply);
        node.clientRequests.onReplySent(connection, name, reply);
      }
    } catch (error) {
      this.parts.log.error({ error, request: name }, 'request failed');
    }
  }

  private onMessage(
    socket: GameSocket,
    connection: Connection,
    node: RejoinNode,
    name: OneWayMessageName,
    raw: unknown,
  ): void {
    try {
      if (!node.clientRequests.handleMessage(connection, name, raw)) this.refuseAndDisconnect(socket);
    } catch (error) {
      this.parts.log.error({ error, message: name }, 'message failed');
    }
  }

  private countMalformed(socket: GameSocket, connection: Connection, node: RejoinNode): void {
    if (!node.clientRequests.countMalformed(connection)) this.refuseAndDisconnect(socket);
  }

  private refuseAndDisconnect(
    socket: GameSocket,
    refusal: Refused = makeRefusal('bad-request', 'too many malformed packets'),
  ): void {
    socket.emit('refused', refusal);
    const engineSocket = sharesConnection(socket) ? null : engineSocketOf(socket);
    socket.disconnect(engineSocket !== null);
    // a client that ignores this does not disconnect either
    if (engineSocket) setTimeout(() => terminateConnection(engineSocket), 250).unref();
  }
}

/** Engine.IO's error code for it. */
const unsupportedProtocol = 5;

/** Player ids become part of channel names; ids of bots begin with $. */
const isPlayerId = (id: unknown): boolean =>
  typeof id === 'string' && id.length > 0 && id.length <= limits.playerIdLength && !id.startsWith('$');

/** The client uses another protocol version; its token may be valid. */
class WireVersionError extends RejoinError {
  override readonly name = 'WireVersionError';
  override readonly code = 'client-outdated';
}
/** Token and `auth` exceed `limits.authBytes`. */
class AuthTooLargeError extends RejoinError {
  override readonly name = 'AuthTooLargeError';
  override readonly code = 'too-large';
}
/** The host's `authenticate` returned null. */
class NotSignedInError extends RejoinError {
  override readonly name = 'NotSignedInError';
  override readonly code = 'not-signed-in';
}
/** The address has exceeded its rate of guest tokens. */
class GuestLimitError extends RejoinError {
  override readonly name = 'GuestLimitError';
  override readonly code = 'slow-down';

  constructor(readonly retryAfter: number) {
    super('too many new guests');
  }
}

/**
 * Refuses a handshake before Socket.IO answers it, and closes the connection, so that a proxy in front tries another
 * node and a flooding client has to reconnect.
 */
function answerBusy(
  request: IncomingMessage & { res?: { writeHead(code: number, headers: object): { end(text: string): void } } },
  status: string,
  retryAfterMs: number,
): void {
  const retryAfterSeconds = String(Math.ceil(retryAfterMs / 1_000));
  if (request.res && typeof request.res.writeHead === 'function' && request.headers.upgrade === undefined)
    request.res
      .writeHead(Number(status.slice(0, 3)), { 'retry-after': retryAfterSeconds, connection: 'close' })
      .end('busy');
  else
    request.socket.end(
      `HTTP/1.1 ${status}\r\nRetry-After: ${retryAfterSeconds}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
}
