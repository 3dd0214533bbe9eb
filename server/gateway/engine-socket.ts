import type { IncomingMessage } from 'node:http';
import type { OutboundBuffer } from './outbound-buffer.ts';
import type { GameSocket } from './socket-types.ts';

/** An Engine.IO connection, as far as it is used here. */
export interface EngineSocket {
  /** What it came with; null where that has been let go of. */
  readonly request: IncomingMessage | null;
  readonly writeBuffer: readonly { data?: unknown }[];
  readonly transport: { readonly name?: string; readonly socket?: { pause?(): void; terminate?(): void } };
  on(event: 'packet' | 'upgrade', heard: () => void): void;
  once(event: 'close', gone: () => void): void;
  write(text: string): void;
  close(discard?: boolean): void;
  /** Where the server is this node's own. */
  readonly outboundBuffer?: OutboundBuffer;
}

export const engineSocketOf = (socket: GameSocket): EngineSocket => socket.conn as unknown as EngineSocket;

/** Whether somebody else's namespaces go over the same connection: then it is not ours to close. */
export const sharesConnection = (socket: GameSocket): boolean =>
  (socket.client as unknown as { sockets: ReadonlyMap<string, unknown> }).sockets.size > 1;

/**
 * Lets a client go that may come back. Not by disconnect() where that can be helped: a stock client takes it for the
 * server's last word.
 */
export function closeConnection(socket: GameSocket): void {
  if (sharesConnection(socket)) socket.disconnect();
  else socket.conn.close();
}

/**
 * The answers of Engine.IO to requests that ask for a WebSocket: made for middlewares, they hold the request for as
 * long as the connection stands.
 */
export class UpgradeResponses {
  private readonly responses = new WeakMap<IncomingMessage, { req: unknown }>();

  /** Sees them all, as a middleware of Engine.IO. */
  readonly middleware = (request: IncomingMessage, response: object, next: () => void): void => {
    if (request.headers.upgrade !== undefined) this.responses.set(request, response as { req: unknown });
    next();
  };

  /**
   * Lets go of what a connection came with: its first request, headers and token, which Socket.IO and Engine.IO hold as
   * long as it stands, and nobody asks for again. Only for who can be sure that nobody else reads them.
   */
  releaseHandshake(socket: GameSocket): void {
    const { conn, request } = socket;
    Object.assign(socket, { handshake: { headers: {}, auth: {}, query: {} } });
    // One that polls goes on with requests of its own.
    if (conn.transport.name !== 'websocket' || conn.upgraded || !request) return;
    const response = this.responses.get(request);
    if (response) response.req = null;
    Object.assign(conn, { request: null });
  }
}

/** How much waits for a client to read it: packets, and their characters. */
export function backlogOf(engineSocket: EngineSocket): { packets: number; size: number } {
  let size = 0;
  for (const { data } of engineSocket.writeBuffer) if (typeof data === 'string') size += data.length;
  return { packets: engineSocket.writeBuffer.length, size };
}

/**
 * Ends a connection with a client that does not keep to what was agreed. It is read no more from now on: a farewell
 * takes its time, and one who floods would go on meanwhile. What waits for it is dropped, unless there is a last `word`
 * for it.
 */
export function terminateConnection(engineSocket: EngineSocket, farewell?: string): void {
  const { socket } = engineSocket.transport;
  socket?.pause?.();
  if (farewell !== undefined) engineSocket.write(farewell);
  engineSocket.close(farewell === undefined);
  if (farewell === undefined) socket?.terminate?.();
  else
    setTimeout(() => {
      engineSocket.close(true);
      socket?.terminate?.();
    }, 250).unref();
}
