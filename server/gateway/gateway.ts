import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import { limits } from '../../shared/limits.ts';
import { wireVersion, type RequestName, type SayingName } from '../../shared/protocol.ts';
import { refused } from '../../shared/refusals.ts';
import type { Identity, Tokens } from '../identity/tokens.ts';
import { BadToken } from '../identity/tokens.ts';
import type { RejoinNode } from '../node.ts';
import type { Clock, Entropy, Fanout, Log, Meter } from '../ports.ts';
import type { Connection } from '../sessions/connection.ts';
import { readName } from '../sessions/read.ts';
import type { GameServer, GameSocket } from './types.ts';
import { SlowReaders } from './slow-readers.ts';

/** Decides who a connection is, in place of guests' tokens. Throwing, or null, refuses it. */
export type Authenticate = (handshake: { auth: Record<string, unknown>; headers: IncomingMessage['headers'] }) => Promise<Identity | null> | Identity | null;

const requestNames: readonly RequestName[] = ['create', 'join', 'act', 'place', 'leave', 'list', 'inspect'];

const sayingNames: readonly SayingName[] = ['input', 'signal'];

export interface GatewayParts { tokens: Tokens; authenticate?: Authenticate | undefined; origins: readonly string[]; clock: Clock; entropy: Entropy; log: Log; meter: Meter }

/**
 * Socket.IO, and nothing of the game: lets connections in, reads their packets, hands them to the edge, closes what does
 * not behave. Every handler is wrapped, since a throw here would end the process and with it every room.
 */
export class Gateway {
  readonly io: GameServer;
  private node: RejoinNode | null = null;
  private readonly slow: SlowReaders;

  constructor(http: HttpServer, private readonly parts: GatewayParts) {
    this.io = new Server(http, {
      serveClient: false,
      transports: ['websocket', 'polling'],
      // Below nginx's read timeout, so that a connection that is open is never cut for being quiet.
      pingInterval: 2_500,
      pingTimeout: 4_000,
      connectTimeout: 8_000,
      maxHttpBufferSize: limits.packetBytes,
      allowRequest: (request, decide) => this.admit(request, decide),
    });
    this.io.engine.on('connection_error', (error: { code: number; message: string }) => parts.log.debug({ code: error.code, reason: error.message }, 'handshake refused'));
    this.slow = new SlowReaders(parts.clock, parts.meter);
  }

  /** Broadcasts to all members of a channel, through whatever adapter the server has. */
  readonly fanout: Fanout = {
    emit: (channel, event, ...args) => {
      (this.io.to(channel) as unknown as { emit(event: string, ...args: unknown[]): void }).emit(event, ...args);
    },
  };

  /** Begins to serve: until then handshakes are answered 503. */
  serve(node: RejoinNode): void {
    this.node = node;
    this.io.use((socket, next) => {
      this.identify(socket).then(() => next(), (error: unknown) => {
        const refusal = error instanceof BadToken ? refused('bad-token') : refused('unavailable', undefined, 1000);
        if (!(error instanceof BadToken)) this.parts.log.error({ error }, 'authentication failed');
        next(Object.assign(new Error(refusal.code), { data: refusal }));
      });
    });
    this.io.on('connection', socket => this.connected(socket, node));
    this.slow.start(() => node.edge.all(), id => this.io.sockets.sockets.get(id));
  }

  /** Asks all clients to go to another node, each at its own moment, and closes those that have not gone. */
  async moveClients(): Promise<void> {
    const { clock, entropy } = this.parts;
    const sockets = [...this.io.sockets.sockets.values()];
    await Promise.all(sockets.map(async socket => {
      await clock.sleep(entropy.float() * limits.drainWaves);
      socket.emit('moving');
      await clock.sleep(1_500);
      // Not disconnect(): a stock client takes that for the server's last word and does not come back.
      if (socket.connected) socket.conn.close();
    }));
  }

  async close(): Promise<void> {
    this.slow.stop();
    await this.io.close();
  }

  private admit(request: IncomingMessage, decide: (error: string | null | undefined, ok: boolean) => void): void {
    const continues = request.url?.includes('sid=') ?? false;
    if (!continues && (!this.node?.ready || this.io.engine.clientsCount >= limits.sockets)) return answer503(request);
    // CORS does not guard WebSockets; this does. No Origin: not a browser.
    const { origin, host } = request.headers;
    const ok = origin === undefined || this.parts.origins.includes('*') || this.parts.origins.includes(origin) || hostOf(origin) === host;
    decide(ok ? null : 'origin not allowed', ok);
  }

  private async identify(socket: GameSocket): Promise<void> {
    const auth = socket.handshake.auth as Record<string, unknown>;
    if (auth.wire !== undefined && auth.wire !== wireVersion) throw new BadToken(`wire version ${String(auth.wire)}`);
    const { tokens, authenticate } = this.parts;
    if (authenticate) {
      const who = await authenticate({ auth, headers: socket.handshake.headers });
      if (!who) throw new BadToken('refused by the authenticate hook');
      socket.data = { identity: { player: who.player, name: readName(who.name) ?? 'Player' }, token: '' };
      return;
    }
    if (auth.token !== undefined && auth.token !== null) {
      if (typeof auth.token !== 'string' || auth.token.length > 2_048) throw new BadToken('not a token');
      const { aging, ...who } = await tokens.verify(auth.token);
      const name = readName(auth.name);
      const renamed = name !== null && name !== who.name;
      if (renamed) who.name = name;
      socket.data = { identity: who, token: aging || renamed ? await tokens.issue(who) : auth.token };
      return;
    }
    const guest = tokens.newGuest(readName(auth.name) ?? `Guest ${100 + Math.floor(this.parts.entropy.float() * 900)}`);
    socket.data = { identity: guest, token: await tokens.issue(guest) };
  }

  private connected(socket: GameSocket, node: RejoinNode): void {
    const { identity, token } = socket.data;
    const connection = node.edge.connect({
      id: socket.id,
      send: (event, ...args) => { socket.emit(event, ...args); },
      // Both adapters hear every room's channel from their start, so a join takes effect at once.
      subscribe: channel => { void socket.join(channel); },
      unsubscribe: channel => { void socket.leave(channel); },
      close: () => { socket.disconnect(true); },
    }, identity);
    for (const name of requestNames) socket.on(name, ((...args: unknown[]) => void this.request(socket, connection, node, name, args)) as never);
    for (const name of sayingNames) socket.on(name, (raw: unknown) => this.saying(socket, connection, node, name, raw));
    socket.onAny((event: unknown) => { if (!requestNames.includes(event as RequestName) && !sayingNames.includes(event as SayingName)) this.strike(socket, connection, node); });
    socket.on('error', () => this.strike(socket, connection, node));
    socket.once('disconnect', () => node.edge.disconnect(connection));
    const renewal = setInterval(() => void this.renew(socket), 3_600_000);
    socket.once('disconnect', () => clearInterval(renewal));
    socket.emit('welcome', { player: identity.player, name: identity.name, token, node: node.parts.name, now: this.parts.clock.now(), wire: wireVersion });
  }

  private async request(socket: GameSocket, connection: Connection, node: RejoinNode, name: RequestName, args: unknown[]): Promise<void> {
    try {
      const last = args.at(-1);
      const ack = typeof last === 'function' ? (last as (reply: unknown) => void) : null;
      const reply = await node.edge.handle(connection, name, ack && args.length === 1 ? undefined : args[0]);
      if (reply === null) this.expel(socket);
      else ack?.(reply);
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

  private expel(socket: GameSocket): void {
    socket.emit('refused', refused('bad-request', 'too many malformed packets'));
    socket.disconnect(true);
  }

  private async renew(socket: GameSocket): Promise<void> {
    const { tokens, log } = this.parts;
    try {
      if (socket.data.token === '' || !(await tokens.verify(socket.data.token)).aging) return;
      socket.data.token = await tokens.issue(socket.data.identity);
      socket.emit('token', socket.data.token);
    } catch (error) {
      log.warn({ error }, 'a token was not renewed');
    }
  }
}

const hostOf = (origin: string): string | null => {
  try {
    return new URL(origin).host;
  } catch {
    return null; // "null", or nonsense: no host of ours
  }
};

/** Answers a handshake before Socket.IO does, so that the proxy in front tries another node. */
function answer503(request: IncomingMessage & { res?: { writeHead(code: number, headers: object): { end(text: string): void } } }): void {
  if (request.res && typeof request.res.writeHead === 'function' && request.headers.upgrade === undefined) request.res.writeHead(503, { 'retry-after': '1', connection: 'close' }).end('busy');
  else request.socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}
