import type { IncomingMessage } from 'node:http';
import type { Lane } from './lane.ts';
import type { GameSocket } from './types.ts';

/** An Engine.IO connection, as far as it is used here. */
export interface EngineLine {
  /** What it came with; null where that has been let go of. */
  readonly request: IncomingMessage | null;
  readonly writeBuffer: readonly { data?: unknown }[];
  readonly transport: { readonly name?: string; readonly socket?: { pause?(): void; terminate?(): void } };
  on(event: 'packet' | 'upgrade', heard: () => void): void;
  once(event: 'close', gone: () => void): void;
  write(text: string): void;
  close(discard?: boolean): void;
  /** Where the server is this node's own. */
  readonly lane?: Lane;
}

export const lineOf = (socket: GameSocket): EngineLine => socket.conn as unknown as EngineLine;

/** Whether somebody else's namespaces go over the same connection: then it is not ours to close. */
export const sharesItsLine = (socket: GameSocket): boolean => (socket.client as unknown as { sockets: ReadonlyMap<string, unknown> }).sockets.size > 1;

/** Lets a client go that may come back. Not by disconnect() where that can be helped: a stock client takes it for the server's last word. */
export function hangUp(socket: GameSocket): void {
  if (sharesItsLine(socket)) socket.disconnect();
  else socket.conn.close();
}

/** The answers of Engine.IO to requests that ask for a WebSocket: made for middlewares, they hold the request for as long as the connection stands. */
export class UpgradeAnswers {
  private readonly of = new WeakMap<IncomingMessage, { req: unknown }>();

  /** Sees them all, as a middleware of Engine.IO. */
  readonly middleware = (request: IncomingMessage, answer: object, next: () => void): void => {
    if (request.headers.upgrade !== undefined) this.of.set(request, answer as { req: unknown });
    next();
  };

  /**
   * Lets go of what a connection came with: its first request, headers and token, which Socket.IO and Engine.IO hold as long as
   * it stands, and nobody asks for again. Only for who can be sure that nobody else reads them.
   */
  forget(socket: GameSocket): void {
    const { conn, request } = socket;
    Object.assign(socket, { handshake: { headers: {}, auth: {}, query: {} } });
    // One that polls goes on with requests of its own.
    if (conn.transport.name !== 'websocket' || conn.upgraded || !request) return;
    const answer = this.of.get(request);
    if (answer) answer.req = null;
    Object.assign(conn, { request: null });
  }
}

/** How much waits for a client to read it: packets, and their characters. */
export function waitingFor(line: EngineLine): { packets: number; size: number } {
  let size = 0;
  for (const { data } of line.writeBuffer) if (typeof data === 'string') size += data.length;
  return { packets: line.writeBuffer.length, size };
}

/**
 * Ends a connection with a client that does not keep to what was agreed. It is read no more from now on: a farewell takes
 * its time, and one who floods would go on meanwhile. What waits for it is dropped, unless there is a last `word` for it.
 */
export function cutOff(line: EngineLine, word?: string): void {
  const { socket } = line.transport;
  socket?.pause?.();
  if (word !== undefined) line.write(word);
  line.close(word === undefined);
  if (word === undefined) socket?.terminate?.();
  else setTimeout(() => { line.close(true); socket?.terminate?.(); }, 250).unref();
}
