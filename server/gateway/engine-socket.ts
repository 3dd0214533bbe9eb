import type { IncomingMessage } from 'node:http';
import type { OutboundBuffer } from './outbound-buffer.ts';
import type { GameSocket } from './socket-types.ts';

/** The parts of an Engine.IO connection that are used here. */
export interface EngineSocket {
  /** The handshake request; null once it was released. */
  readonly request: IncomingMessage | null;
  readonly writeBuffer: readonly { data?: unknown }[];
  readonly transport: { readonly name?: string; readonly socket?: { pause?(): void; terminate?(): void } };
  on(event: 'packet' | 'upgrade', listener: () => void): void;
  once(event: 'close', listener: () => void): void;
  write(text: string): void;
  close(discard?: boolean): void;
  /** Set if the server belongs to this node. */
  readonly outboundBuffer?: OutboundBuffer;
}

export const engineSocketOf = (socket: GameSocket): EngineSocket => socket.conn as unknown as EngineSocket;

/** Whether another app's namespaces use the same connection, which therefore must not be closed. */
export const sharesConnection = (socket: GameSocket): boolean =>
  (socket.client as unknown as { sockets: ReadonlyMap<string, unknown> }).sockets.size > 1;

/**
 * Closes the connection of a client that may reconnect. Avoids disconnect() if possible, because stock clients do not
 * reconnect after it.
 */
export function closeConnection(socket: GameSocket): void {
  if (sharesConnection(socket)) socket.disconnect();
  else socket.conn.close();
}

/**
 * The response objects that Engine.IO creates for WebSocket requests. Created for middlewares, they keep the request
 * alive as long as the connection is open.
 */
export class UpgradeResponses {
  private readonly responses = new WeakMap<IncomingMessage, { req: unknown }>();

  /** An Engine.IO middleware that records them. */
  readonly middleware = (request: IncomingMessage, response: object, next: () => void): void => {
    if (request.headers.upgrade !== undefined) this.responses.set(request, response as { req: unknown });
    next();
  };

  /**
   * Drops the references to the handshake request so that its headers and token can be collected. Socket.IO and
   * Engine.IO would keep them as long as the connection is open. Only for servers on which no other code reads them.
   */
  releaseHandshake(socket: GameSocket): void {
    const { conn, request } = socket;
    Object.assign(socket, { handshake: { headers: {}, auth: {}, query: {} } });
    // A polling connection continues with requests of its own.
    if (conn.transport.name !== 'websocket' || conn.upgraded || !request) return;
    const response = this.responses.get(request);
    if (response) response.req = null;
    Object.assign(conn, { request: null });
  }
}

/** What is queued for a client: number of packets, and their total length in UTF-16 units. */
export function backlogOf(engineSocket: EngineSocket): { packets: number; size: number } {
  let size = 0;
  for (const { data } of engineSocket.writeBuffer) if (typeof data === 'string') size += data.length;
  return { packets: engineSocket.writeBuffer.length, size };
}

/**
 * Terminates the connection of a client that violates the protocol. Reading stops at once, because a regular close
 * takes time, in which a flooding client could continue. Queued packets are dropped, unless there is a `lastPacket` to
 * send.
 */
export function terminateConnection(engineSocket: EngineSocket, lastPacket?: string): void {
  const { socket } = engineSocket.transport;
  socket?.pause?.();
  if (lastPacket !== undefined) engineSocket.write(lastPacket);
  engineSocket.close(lastPacket === undefined);
  if (lastPacket === undefined) socket?.terminate?.();
  else
    setTimeout(() => {
      engineSocket.close(true);
      socket?.terminate?.();
    }, 250).unref();
}
