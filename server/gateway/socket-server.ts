import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server, type Namespace } from 'socket.io';
import { Encoder } from 'socket.io-parser';
import { limits } from '../../shared/limits.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import type { Log } from '../runtime/ports.ts';
import type { EncodedEvent } from '../sessions/encoded-event.ts';
import type { ClientSocket } from './client-socket.ts';
import type { ConnectionLimiter } from './connection-limiter.ts';
import { ackIdOf, Decoder } from './decoder.ts';
import { closeConnection, engineSocketOf, UpgradeResponses, type EngineSocket } from './engine-socket.ts';
import { jsonSizeOf } from './json-size.ts';
import type { OriginPolicy } from './origin-policy.ts';
import { OutboundBuffers } from './outbound-buffer.ts';
import { Packet } from './packet.ts';
import { isEngineIoRequest, type RefusalLog } from './refusal-log.ts';
import type { GameNamespace, GameServer, GameSocket } from './socket-types.ts';
import { observeWebSockets, type UpgradingServer } from './web-sockets.ts';

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
export type Attachment = HttpAttachment | HostAttachment;
export interface HttpAttachment {
  readonly http: HttpServer;
  readonly keep?: boolean;
  readonly namespace?: string | undefined;
  /** Prefix of `/socket.io`; empty: none. */
  readonly path?: string;
}
export interface HostAttachment {
  readonly io: SocketIoServer;
  readonly namespace: string;
}

/** What differs between a Socket.IO server of this node and that of a host app. Both use one namespace of it. */
export interface SocketServer {
  readonly namespace: GameNamespace;
  /** Whether `checkHandshake` sees each handshake before Socket.IO answers it. If not, the namespace's middleware does. */
  readonly checksHandshakes: boolean;
  /** Number of connections. */
  readonly size: number;
  /** Limits new connections from now on. */
  limitConnections(limiter: ConnectionLimiter): void;
  /** Passes a client's packets on, within the limits. */
  receivePackets(socket: GameSocket, client: ClientSocket): void;
  /** Called when the client has disconnected. */
  stopReceiving(socket: GameSocket): void;
  /** Sends an encoded event. */
  sendEncoded(socket: GameSocket, event: EncodedEvent): void;
  /** Drops what is kept of a handshake. The client has been admitted. */
  forgetHandshake(socket: GameSocket): void;
  /** Replaces the adapter of the namespace. */
  useAdapter(createAdapter: (namespace: Namespace) => GameNamespace['adapter']): Promise<void>;
  close(): Promise<void>;
}

/** Decides on a handshake; `decide(null, true)` admits it. */
export type HandshakeCheck = (
  request: IncomingMessage,
  decide: (error: string | null | undefined, ok: boolean) => void,
) => void;

async function replaceAdapter(
  namespace: GameNamespace,
  createAdapter: (namespace: Namespace) => GameNamespace['adapter'],
  onReplaced: () => void,
): Promise<void> {
  const former = namespace.adapter;
  namespace.adapter = createAdapter(namespace as unknown as Namespace);
  onReplaced();
  await former.close(); // the host's adapter may hold subscriptions for this namespace
  await namespace.adapter.init();
}

/**
 * A Socket.IO server of this node: handshakes and frames are checked before Socket.IO reads them, and frequent packets
 * bypass it.
 */
export class OwnSocketServer implements SocketServer {
  readonly namespace: GameNamespace;
  readonly checksHandshakes = true;
  private readonly io: GameServer;
  private readonly upgradeResponses = new UpgradeResponses();
  private limiter: ConnectionLimiter | null = null;
  /** Prefix of an event's packet: its type, and the namespace unless it is the main one. */
  private readonly eventPrefix: string;

  constructor(
    private readonly attachment: HttpAttachment,
    private readonly parts: {
      origins: OriginPolicy;
      log: Log;
      refusalLog: RefusalLog;
      checkHandshake: HandshakeCheck;
      /** Whether handshakes can be forgotten: no other code reads them. */
      forgetsHandshakes: boolean;
    },
  ) {
    const name = attachment.namespace ?? '/';
    this.io = this.createServer(attachment.http, `${attachment.path ?? ''}/socket.io`, name);
    this.namespace = this.io.of(name);
    this.eventPrefix = name === '/' ? '2' : `2${this.namespace.name},`;
  }

  get size(): number {
    return this.io.engine.clientsCount;
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
      allowRequest: this.parts.checkHandshake,
    });
    // Responses of Engine.IO itself. On a host's http server only those that belong to a session.
    const keepsType = { name: 'X-Content-Type-Options', value: 'nosniff' };
    if (!this.attachment.keep)
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
      this.limiter?.limitFrames(websocket, tcp),
    );
    io.engine.on('connection_error', (error: { code: number; message: string; req?: IncomingMessage }) => {
      this.parts.log.debug({ code: error.code, reason: error.message }, 'handshake refused');
      if (error.code === unsupportedProtocol)
        this.parts.refusalLog.report('protocol', { origin: error.req?.headers.origin });
    });
    io.of((name, _auth, done) => {
      this.parts.refusalLog.report('namespace', { asked: name, namespace: namespaceName });
      done(null, false);
    });
    if (!this.attachment.keep) this.reportOtherPaths(http, path);
    return io;
  }

  /** Reports clients that use another path. The CORS header lets a page of another origin read the 404. */
  private reportOtherPaths(http: HttpServer, path: string): void {
    const reportIfElsewhere = (request: IncomingMessage) => {
      const elsewhere = isEngineIoRequest(request) && !request.url!.startsWith(`${path}/`);
      if (elsewhere) this.parts.refusalLog.report('path', { asked: request.url!.split('?')[0], path: `${path}/` });
      return elsewhere;
    };
    http.prependListener('request', (request, response) => {
      if (reportIfElsewhere(request)) response.setHeader('access-control-allow-origin', '*');
    });
    http.prependListener('upgrade', request => {
      reportIfElsewhere(request);
    });
  }

  limitConnections(limiter: ConnectionLimiter): void {
    this.limiter = limiter;
    this.io.engine.on('connection', (engineSocket: EngineSocket) => limiter.limitPackets(engineSocket));
  }

  receivePackets(socket: GameSocket, client: ClientSocket): void {
    const outboundBuffer = engineSocketOf(socket).outboundBuffer!;
    // One listener for all events: each costs some hundred bytes per connection.
    socket.onAny((event: unknown, ...args: unknown[]) => {
      if (client.isConnected) client.receive(event, args);
    });
    outboundBuffer.textWithPing = () => {
      const heads = client.roomHeads();
      return heads && `${this.eventPrefix}${heads}`;
    };
    const { decoder } = socket.client as unknown as { decoder: Decoder };
    const replyTo = (id: string | number) => (reply: unknown) =>
      outboundBuffer.send(new Packet(`3${this.eventPrefix.slice(1)}${id}[${JSON.stringify(reply)}]`));
    // The fast path reads packets of the main namespace only.
    if (this.namespace.name === '/')
      decoder.fastPath = (name, data, id) => client.receiveFast(name, data, id === null ? null : replyTo(id));
    decoder.onOversize = (head, bytes) => {
      const id = ackIdOf(head);
      client.refuseOversized(bytes, id === null ? null : replyTo(id));
    };
  }

  stopReceiving(socket: GameSocket): void {
    engineSocketOf(socket).outboundBuffer!.textWithPing = null;
  }

  sendEncoded(socket: GameSocket, event: EncodedEvent): void {
    if (socket.connected)
      engineSocketOf(socket).outboundBuffer!.send(
        (event.cachedPacket ??= new Packet(`${this.eventPrefix}${event.json}`)) as Packet,
      );
  }

  forgetHandshake(socket: GameSocket): void {
    if (!this.attachment.keep && this.parts.forgetsHandshakes) this.upgradeResponses.releaseHandshake(socket);
  }

  useAdapter(createAdapter: (namespace: Namespace) => GameNamespace['adapter']): Promise<void> {
    return replaceAdapter(this.namespace, createAdapter, () => {});
  }

  /** Closes the Socket.IO server, and the http server unless it is kept. */
  async close(): Promise<void> {
    const { http, keep } = this.attachment;
    if (!keep) {
      const closed = this.io.close();
      // Node closes idle connections, but stops its timeouts for connections that have not sent a request yet, which
      // could stay open forever.
      const rest = setTimeout(() => http.closeAllConnections(), limits.answerGracePeriod);
      return closed.finally(() => clearTimeout(rest));
    }
    for (const socket of this.namespace.sockets.values()) closeConnection(socket);
    await this.namespace.adapter.close();
    this.io.engine.close();
  }
}

/**
 * One namespace of a host app's Socket.IO server, which has limits, a parser and a path of its own. Nothing outside the
 * namespace is changed, and connections may be shared with the host's namespaces.
 */
export class HostSocketServer implements SocketServer {
  readonly namespace: GameNamespace;
  readonly checksHandshakes = false;
  private readonly io: GameServer;
  private limiter: ConnectionLimiter | null = null;

  constructor({ io, namespace }: HostAttachment) {
    this.io = io as GameServer;
    this.namespace = this.io.of(namespace);
    this.isolateNamespace();
  }

  get size(): number {
    return this.namespace.sockets.size;
  }

  /** Prevents settings of a host's server from affecting this namespace. */
  private isolateNamespace(): void {
    // Sessions that Socket.IO restores skip the middleware and keep unchecked channels; rooms resume by the journal
    // instead.
    this.namespace.adapter.restoreSession = () => Promise.resolve(null as never);
    // io.adapter(…) of the host would replace the adapters of all namespaces.
    this.namespace._initAdapter = () => {};
  }

  limitConnections(limiter: ConnectionLimiter): void {
    this.limiter = limiter;
  }

  receivePackets(socket: GameSocket, client: ClientSocket): void {
    this.limiter!.countConnection(engineSocketOf(socket));
    const takePacket = this.limiter!.createPacketCounter();
    socket.onAny((event: unknown, ...args: unknown[]) => {
      if (!client.isConnected) return;
      if (!takePacket()) return client.refuseAndDisconnect(makeRefusal('slow-down', 'too many packets'));
      const bytes = jsonSizeOf(args);
      const last = args.at(-1);
      if (bytes > limits.packetBytes)
        client.refuseOversized(bytes, typeof last === 'function' ? (last as (reply: unknown) => void) : null);
      else client.receive(event, args);
    });
  }

  stopReceiving(): void {}

  /** The host may have another parser, so the event is decoded and emitted as usual. */
  sendEncoded(socket: GameSocket, event: EncodedEvent): void {
    (socket as unknown as { emit(...encoded: unknown[]): void }).emit(...(JSON.parse(event.json) as unknown[]));
  }

  forgetHandshake(): void {}

  useAdapter(createAdapter: (namespace: Namespace) => GameNamespace['adapter']): Promise<void> {
    return replaceAdapter(this.namespace, createAdapter, () => this.isolateNamespace());
  }

  /** Closes this namespace only. */
  async close(): Promise<void> {
    for (const socket of this.namespace.sockets.values()) closeConnection(socket);
    await this.namespace.adapter.close();
    this.namespace.removeAllListeners();
    this.io._nsps.delete(this.namespace.name);
  }
}

/** Engine.IO's error code for it. */
const unsupportedProtocol = 5;
