import { connect, type Client, type ConnectOptions } from '../../client/index.ts';
import type { Line, Transport } from '../../client/ports.ts';
import { socketTransport, type SocketTransportOptions } from '../../client/socket-transport.ts';
import { until } from '../../server/launcher/until.ts';

/** Waits for something to become true, generously: these tests prove that it does, benchmarks say how soon. */
export const eventually = (what: string, test: () => boolean, within = 20_000): Promise<unknown> => until(what, () => test() || undefined, { within, every: 10 });

/** Socket.IO options of a client in a network (/24) of its own, as nginx sees it. */
export const network = (n: number): SocketTransportOptions => ({ socket: { extraHeaders: { 'x-forwarded-for': `10.9.${n}.7` } } });

/** A client in a network of its own that keeps nothing. */
export const clientFrom = (url: string, n: number, options: ConnectOptions = {}): Client => connect(url, { storage: null, ...network(n), ...options });

/** A transport that can be cut off, as a phone in a tunnel: lines break, and new ones come to nothing. */
export class Tunnel implements Transport {
  private readonly lines = new Set<() => void>();
  private dark = false;
  constructor(private readonly inner: Transport) {}

  static to(url: string, n: number): Tunnel { return new Tunnel(socketTransport(url, network(n))); }

  enter(): void {
    this.dark = true;
    for (const cut of [...this.lines]) cut();
  }
  leave(): void { this.dark = false; }

  open: Transport['open'] = (handshake, route, events): Line => {
    if (this.dark) {
      setImmediate(() => events.closed(null));
      return { request: () => Promise.reject(new Error('dark')), say: () => {}, close: () => {} };
    }
    const line = this.inner.open(handshake, route, { ...events, closed: refusal => { this.lines.delete(cut); events.closed(refusal); } });
    const cut = () => {
      this.lines.delete(cut);
      line.close();
      events.closed(null);
    };
    this.lines.add(cut);
    return line;
  };
}
