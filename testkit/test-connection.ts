import type { TransportConnection, TransportEvents } from '../client/ports.ts';
import { ShortForms } from '../client/short-forms.ts';
import type { Connection } from '../server/sessions/connection.ts';
import { limits } from '../shared/limits.ts';
import {
  protocolVersion,
  type JoinReply,
  type HeartbeatReply,
  type RequestName,
  type Requests,
  type OneWayMessageName,
  type OneWayMessages,
  type ServerToClient,
  type Welcome,
} from '../shared/protocol.ts';
import { makeRefusal, type Refused } from '../shared/refusals.ts';
import type { RejoinNode } from '../server/node/node.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The node's end of a connection. */
export interface NodeEnd {
  readonly name: string;
  readonly state: 'up' | 'frozen' | 'dead';
  readonly node: RejoinNode;
  readonly connections: Set<TestConnection>;
  runInside(fn: () => void): void;
}
/** The client's end. */
export interface ClientEnd {
  readonly connections: Set<TestConnection>;
  readonly bytes: string[];
  readonly keepsBytes: boolean;
  extraDelay(way: 'up' | 'down'): number;
  run(fn: () => void): void;
  receivesHeads(): boolean;
  onMessage(name: string, text: string): void;
}

/** One way, in ms. */
export const latency = { store: 0.4, bus: 0.3, line: 1 };

/** Size of a message as Socket.IO sends it: `42["act",{…}]`, including the acknowledgement id. */
const packetSize = (name: string, body: string): number => Buffer.byteLength(`421234["${name}",${body}]`);

/** A connection between a client and a node. Messages pass as text, in order. */
export class TestConnection implements TransportConnection {
  readonly channels = new Set<string>();
  private isOpen = true;
  private connection: Connection | null = null;
  /** Rejects of the client's unanswered requests. */
  private readonly pendingRequests = new Map<number, (error: Error) => void>();
  private lastId = 0;
  private readonly shortForms = new ShortForms();
  /** Arrival time of the last message of each direction: a late message delays those behind it. */
  private readonly lastArrival = { up: 0, down: 0 };

  constructor(
    id: string,
    readonly host: NodeEnd,
    private readonly client: ClientEnd,
    who: { player: string; name: string; token: string },
    private readonly clock: VirtualClock,
    private readonly events: TransportEvents,
  ) {
    host.connections.add(this);
    client.connections.add(this);
    // A frozen node accepts the connection but does not answer.
    const patience = clock.after(8_000, () => this.breakConnection());
    clock.after(latency.line, () =>
      host.runInside(() => {
        patience.cancel();
        if (!this.isOpen) return;
        if (!host.node.isReady) return this.breakConnection();
        this.connection = host.node.clients.connect(
          {
            id,
            send: (event: keyof ServerToClient, ...args: unknown[]) => this.sendToClient(event, args),
            sendEncoded: ({ json }) => {
              const [event, ...args] = JSON.parse(json) as [string, ...unknown[]];
              this.sendToClient(event, args);
            },
            subscribe: channel => {
              this.channels.add(channel);
            },
            unsubscribe: channel => {
              this.channels.delete(channel);
            },
            close: () => this.breakConnection(),
          },
          { player: who.player, name: who.name },
        );
        this.ping();
        this.sendToClient('welcome', [
          { ...who, node: host.name, now: clock.now(), wire: protocolVersion } satisfies Welcome,
        ]);
      }),
    );
  }

  /** Sends from the node to the client. */
  sendToClient(event: string, args: unknown[]): void {
    this.transmitToClient(event, JSON.stringify([event, ...args]), text => {
      const [, ...said] = JSON.parse(text) as unknown[];
      const full = this.shortForms.expandEvent(event, said);
      if (full) (this.events.event as (name: string, ...args: unknown[]) => void)(...full);
    });
  }

  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Error('the connection is closed'));
      const id = ++this.lastId;
      const timer = this.clock.after(patience, () => {
        this.pendingRequests.delete(id);
        reject(new Error('no answer'));
      });
      this.pendingRequests.set(id, error => {
        timer.cancel();
        reject(error);
      });
      const text = JSON.stringify(body);
      this.transmit('up', () =>
        this.host.runInside(() => {
          if (!this.isOpen || !this.connection) return;
          const bytes = packetSize(name, text);
          if (bytes > limits.frameBytes) return this.breakConnection(); // as Engine.IO does
          const { clientRequests } = this.host.node;
          const asked: Promise<unknown> =
            bytes > limits.packetBytes
              ? Promise.resolve(clientRequests.refuseOversized(this.connection, bytes))
              : clientRequests.handle(this.connection, name, JSON.parse(text));
          void asked.then(reply => {
            if (reply === null) return this.refuse(makeRefusal('bad-request', 'too many malformed packets'));
            this.transmitToClient(`${name}!`, JSON.stringify(reply), answer => {
              if (!this.pendingRequests.delete(id)) return;
              timer.cancel();
              const said = JSON.parse(answer) as Requests[K][1];
              if (name === 'join') this.shortForms.recordJoin(said as JoinReply);
              if (name === 'place') this.shortForms.expandHeartbeat(said as HeartbeatReply);
              resolve(said);
            });
            this.host.node.clientRequests.onReplySent(this.connection!, name, reply);
          });
        }),
      );
    });
  }

  send<K extends OneWayMessageName>(name: K, body: OneWayMessages[K]): void {
    const input = name === 'input' ? this.shortForms.shortenInput(body as OneWayMessages['input']) : null;
    const text = JSON.stringify(input ?? body);
    this.transmit('up', () =>
      this.host.runInside(() => {
        if (!this.isOpen || !this.connection) return;
        const bytes = packetSize(name, text);
        const { clientRequests } = this.host.node;
        if (
          bytes > limits.packetBytes
            ? bytes > limits.frameBytes || clientRequests.refuseOversized(this.connection, bytes) === null
            : !clientRequests.handleMessage(this.connection, input ? 'i' : name, JSON.parse(text))
        )
          this.refuse(makeRefusal('bad-request', 'too many malformed packets'));
      }),
    );
  }

  /** The client closes the connection. It receives no further events. */
  close(): void {
    this.end();
  }

  /** Breaks the connection; both ends are notified. */
  breakConnection(): void {
    if (this.end()) this.clock.after(latency.line, () => this.client.run(() => this.events.closed(null)));
  }

  /** The node closes the connection with a refusal. */
  refuse(refusal: Refused): void {
    if (this.end()) this.clock.after(latency.line, () => this.events.closed(refusal));
  }

  private end(): boolean {
    if (!this.isOpen) return false;
    this.isOpen = false;
    this.host.connections.delete(this);
    this.client.connections.delete(this);
    const { connection } = this;
    if (connection)
      this.clock.after(latency.line, () =>
        this.host.runInside(() => this.host.node.clientRequests.disconnect(connection)),
      );
    for (const reject of this.pendingRequests.values()) reject(new Error('the connection is closed'));
    this.pendingRequests.clear();
    return true;
  }

  /** What the node sends along with Engine.IO pings. */
  private ping(): void {
    this.clock.after(limits.pingInterval, () =>
      this.host.runInside(() => {
        if (!this.isOpen || !this.connection) return;
        const heads = this.client.receivesHeads() ? this.host.node.clientRequests.roomHeads(this.connection) : null;
        if (heads) this.sendToClient('h', heads);
        this.ping();
      }),
    );
  }

  private transmitToClient(name: string, text: string, take: (text: string) => void): void {
    if (this.host.state === 'dead') return;
    this.client.onMessage(name, text);
    this.transmit('down', () => {
      if (!this.isOpen) return;
      if (this.client.keepsBytes) this.client.bytes.push(text);
      this.client.run(() => {
        this.events.received();
        take(text);
      });
    });
  }

  private transmit(way: 'up' | 'down', fn: () => void): void {
    const now = this.clock.mono();
    this.lastArrival[way] = Math.max(this.lastArrival[way], now + latency.line + this.client.extraDelay(way));
    this.clock.after(this.lastArrival[way] - now, fn);
  }
}
