import { connect, type Client, type ConnectOptions } from '../../../client/index.ts';
import type { SocketTransportOptions } from '../../../client/socket-transport.ts';
import { until } from '../../../tools/until.ts';

/** Waits for something to become true, generously: these tests prove that it does, benchmarks say how soon. */
export const eventually = (what: string, test: () => boolean, timeoutMs = 20_000): Promise<unknown> =>
  until(what, () => test() || undefined, { timeoutMs, intervalMs: 10 });

/** Socket.IO options of a client in a network (/24) of its own, as nginx sees it. */
export const addressOptions = (n: number): SocketTransportOptions => ({
  socket: { extraHeaders: { 'x-forwarded-for': `10.9.${n}.7` } },
});

/** A client in a network of its own that keeps nothing. */
export const clientFrom = (url: string, n: number, options: ConnectOptions = {}): Client =>
  connect(url, { storage: null, ...addressOptions(n), ...options });
