import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Namespace } from 'socket.io';
import { limits } from '../../shared/limits.ts';
import { protocolVersion } from '../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../shared/refusals.ts';
import type { AddressReader } from '../identity/address.ts';
import type { RejoinNode } from '../node/node.ts';
import type { Clock, Entropy, Fanout, Log, Meter } from '../runtime/ports.ts';
import { AdmissionQueue } from './admission-queue.ts';
import { ClientSocket } from './client-socket.ts';
import { ConnectionLimiter } from './connection-limiter.ts';
import { closeConnection, engineSocketOf } from './engine-socket.ts';
import { Handshakes, type HandshakeParts } from './handshake.ts';
import { mayUseCookies } from './origin-policy.ts';
import { RefusalLog } from './refusal-log.ts';
import { SlowReaders } from './slow-readers.ts';
import { SocketLink } from './socket-link.ts';
import { HostSocketServer, OwnSocketServer, type Attachment, type SocketServer } from './socket-server.ts';
import type { GameNamespace, GameSocket } from './socket-types.ts';
import { TokenRenewer } from './token-renewer.ts';

export interface GatewayParts extends HandshakeParts {
  addressOf: AddressReader;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  meter: Meter;
}

/**
 * The Socket.IO layer: admits connections, passes their packets to ClientRequests, and closes connections that violate
 * limits. It knows nothing of games.
 */
export class Gateway {
  private readonly server: SocketServer;
  private readonly namespace: GameNamespace;
  private readonly handshakes: Handshakes;
  private node: RejoinNode | null = null;
  private connectionLimiter: ConnectionLimiter | null = null;
  private readonly slowReaders: SlowReaders;
  private readonly admissionQueue: AdmissionQueue;
  private readonly tokenRenewer: TokenRenewer;
  private readonly refusalLog: RefusalLog;
  /**
   * Connections that have entered the namespace. A second CONNECT before the first is answered would create another
   * player on the same connection.
   */
  private readonly enteredConnections = new WeakSet<object>();

  constructor(
    attachment: Attachment,
    private readonly parts: GatewayParts,
  ) {
    const refusalLog = (this.refusalLog = new RefusalLog(parts));
    this.handshakes = new Handshakes(parts);
    this.slowReaders = new SlowReaders(parts.clock, parts.meter);
    this.tokenRenewer = new TokenRenewer(parts);
    this.admissionQueue = new AdmissionQueue(parts.clock, () => this.node?.ownedRooms.pendingClaims ?? null);
    this.server =
      'io' in attachment
        ? new HostSocketServer(attachment)
        : new OwnSocketServer(attachment, {
            origins: parts.origins,
            log: parts.log,
            refusalLog,
            checkHandshake: (request, decide) => this.checkHandshake(request, decide),
            forgetsHandshakes: !parts.authenticate,
          });
    this.namespace = this.server.namespace;
    this.namespace.use((socket, next) => this.admitSocket(socket, next));
  }

  /** Replaces the adapter of this namespace only. */
  useAdapter(createAdapter: (namespace: Namespace) => GameNamespace['adapter']): Promise<void> {
    return this.server.useAdapter(createAdapter);
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
    this.connectionLimiter = new ConnectionLimiter({
      addressOf,
      allowances: node.clients.allowances,
      clock,
      meter,
      namespace: this.namespace.name,
    });
    this.server.limitConnections(this.connectionLimiter);
    this.namespace.on('connection', socket => this.onConnection(socket, node, this.connectionLimiter!));
    this.slowReaders.start(
      () => node.clients.all(),
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

  async close(): Promise<void> {
    this.slowReaders.stop();
    this.tokenRenewer.stop();
    await this.server.close();
  }

  /**
   * Checks a handshake before Socket.IO answers it, so that a proxy in front can try another node. Only possible on a
   * Socket.IO server of this node.
   */
  private checkHandshake(
    request: IncomingMessage,
    decide: (error: string | null | undefined, ok: boolean) => void,
  ): void {
    if (!this.node?.isReady || this.server.size >= limits.sockets)
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
    const reject = (message: string, data: object) => {
      this.enteredConnections.delete(engineSocket);
      next(Object.assign(new Error(message), { data }));
    };
    const refuse = (refusal: Refused) => reject(refusal.code, refusal);
    if (!this.server.checksHandshakes) {
      if (this.parts.origins.admit(socket.request) === null) {
        this.reportOrigin(socket.request);
        return reject('origin not allowed', { problem: 'origin-refused' });
      }
      if (!this.node?.isReady || this.server.size >= limits.sockets)
        return refuse(makeRefusal('unavailable', undefined, 1_000));
      const wait = this.connectionLimiter!.takeHandshake(this.connectionLimiter!.addressOf(engineSocket));
      if (wait > 0) return refuse(makeRefusal('slow-down', 'too many connections', wait));
    }
    void this.handshakes
      .identify(socket, () => this.connectionLimiter?.takeGuest(engineSocket) ?? 0)
      .then(refusal => (refusal ? refuse(refusal) : next()));
  }

  private onConnection(socket: GameSocket, node: RejoinNode, limiter: ConnectionLimiter): void {
    const { identity, token } = socket.data;
    const engineSocket = engineSocketOf(socket);
    if (node.clients.isAtConnectionLimit(identity.player)) {
      this.enteredConnections.delete(engineSocket);
      socket.emit('refused', makeRefusal('too-many-connections', undefined, 5_000));
      return closeConnection(socket);
    }
    const link = new SocketLink(socket, event => this.server.sendEncoded(socket, event));
    const connection = node.clients.connect(link, identity, limiter.addressOf(engineSocket));
    const { clientRequests } = node;
    const client = new ClientSocket(socket, connection, { clientRequests, log: this.parts.log });
    this.server.receivePackets(socket, client);
    socket.on('error', () => client.countMalformed());
    socket.on('disconnect', () => {
      this.server.stopReceiving(socket);
      this.enteredConnections.delete(engineSocket);
      clientRequests.disconnect(connection);
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
    this.server.forgetHandshake(socket);
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
