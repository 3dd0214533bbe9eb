import { connect, type Client, type ConnectOptions } from '../../../client/index.ts';
import type { SocketTransportOptions } from '../../../client/socket-transport.ts';

/** Socket.IO options of a client in a network (/24) of its own, as nginx sees it. */
export const addressOptions = (n: number): SocketTransportOptions => ({
  socket: { extraHeaders: { 'x-forwarded-for': `10.9.${n}.7` } },
});

/** A client in a network of its own that keeps nothing. */
export const clientFrom = (url: string, n: number, options: ConnectOptions = {}): Client =>
  connect(url, { storage: null, ...addressOptions(n), ...options });
