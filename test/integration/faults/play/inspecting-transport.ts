import { Agent } from 'node:http';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import type { TransportConnection, TransportEvents, Transport } from '../../../../client/ports.ts';
import { socketTransport } from '../../../../client/socket-transport.ts';

/** What a word that only one player may see looks like: whose it is stands in it. */
const secret = /cnry:([A-Za-z0-9-]+):/g;

/** What the ears tell whoever listens to them. */
export interface TransportObserver {
  /** A join was answered: with this session the room is held. */
  onHold(room: string, session: string, watch: boolean): void;
  /** Somebody else's secret stood in what arrived. */
  onLeak(room: string, owner: string, where: string): void;
}

/** Lines of Socket.IO from an address of its own, that can stop to read, and that look at all that arrives. */
export class InspectingTransport implements Transport {
  private readonly sockets = new Set<Socket>();
  private readonly inner: Transport;
  private isPaused = false;

  constructor(
    url: string,
    address: string,
    private readonly own: string,
    private readonly observer: TransportObserver,
  ) {
    const opened = (options: NetConnectOpts) => {
      const socket = connect({ ...options, localAddress: address } as NetConnectOpts);
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      if (this.isPaused) socket.pause();
      return socket;
    };
    const agent = new (class extends Agent {
      override createConnection(options: NetConnectOpts): Socket {
        return opened(options);
      }
    })();
    this.inner = socketTransport(url, { transports: ['websocket'], socket: { agent: agent as never } });
  }

  /**
   * While deaf, nothing is read from any socket: what is sent fills the buffers of the kernels, then those of the
   * sender.
   */
  set paused(yes: boolean) {
    this.isPaused = yes;
    for (const socket of this.sockets) {
      if (yes) socket.pause();
      else socket.resume();
    }
  }

  open: Transport['open'] = (handshake, route, events, beside): TransportConnection => {
    const line = this.inner.open(handshake, route, this.listening(events), beside);
    return {
      send: (name, body) => line.send(name, body),
      close: () => line.close(),
      request: async (name, body, patience) => {
        const reply = await line.request(name, body, patience);
        const { room } = reply as { room?: string };
        if (name === 'join' && reply.ok) {
          const { session, watch } = body as { session: string; watch?: boolean };
          this.observer.onHold(room!, session, watch === true);
        }
        this.search((body as { room?: string }).room ?? room ?? '', name, reply);
        return reply;
      },
    };
  };

  private listening(events: TransportEvents): TransportEvents {
    return {
      received: () => events.received(),
      closed: refusal => events.closed(refusal),
      event: (name, ...args) => {
        if (name !== 'welcome' && name !== 'token') this.search(typeof args[0] === 'string' ? args[0] : '', name, args);
        events.event(name, ...args);
      },
    };
  }

  private search(room: string, where: string, said: unknown): void {
    const text = JSON.stringify(said);
    if (!text.includes('cnry:')) return;
    for (const [, owner] of text.matchAll(secret)) if (owner !== this.own) this.observer.onLeak(room, owner!, where);
  }
}
