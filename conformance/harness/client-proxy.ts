import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { ClusterNode } from './cluster.ts';
import { readPacket, type Packet } from './packets.ts';

/** A packet on a connection of the client under test. `request`: of an answer, the request it belongs to. */
export interface Passing {
  readonly way: 'up' | 'down';
  readonly packet: Packet;
  readonly request: { readonly name: string; readonly body: unknown } | null;
  readonly wire: Wire;
  /** Monotonic ms. */
  readonly at: number;
}
/** What happens to a packet: it passes, is dropped, or is replaced by these texts. */
export type Fate = 'pass' | 'drop' | readonly string[];

/** Decides on packets. Faults are asked in the order in which they were added, until one does not say `pass`. */
export interface Fault {
  readonly decide: (passing: Passing) => Fate;
  /** Not used any more. */
  ended?: boolean;
}

/** One WebSocket of the client under test, and the one to the node behind it. */
export class Wire {
  isOpen = true;
  /** Monotonic ms. */
  readonly openedAt = performance.now();
  closedAt = Infinity;
  /** Passes nothing in either direction, and stays open. */
  isFrozen = false;
  private readonly requests = new Map<string, { name: string; body: unknown }>();
  private readonly waiting: string[] = [];
  private readonly upstream: WebSocket;

  constructor(
    readonly number: number,
    readonly node: ClusterNode,
    private readonly proxy: ClientProxy,
    private readonly client: WebSocket,
    path: string,
  ) {
    this.upstream = new WebSocket(`ws://127.0.0.1:${node.port}${path}`, { perMessageDeflate: false });
    client.on('message', (data, isBinary) => this.pass('up', isBinary, data as Buffer));
    this.upstream.on('message', (data, isBinary) => this.pass('down', isBinary, data as Buffer));
    this.upstream.on('open', () => {
      for (const text of this.waiting.splice(0)) this.upstream.send(text);
    });
    client.on('close', () => this.end());
    this.upstream.on('close', () => {
      if (!this.isFrozen) this.end();
    });
    for (const socket of [client, this.upstream]) socket.on('error', () => this.end());
  }

  /** Closes both sides without a closing handshake. */
  cut(): void {
    this.isFrozen = false;
    this.end();
  }

  /** Sends a text to the client, as if the node had sent it. */
  sendDown(text: string): void {
    if (!this.isOpen) return;
    this.proxy.record({ ...this.passing('down', text), way: 'down' });
    this.client.send(text);
  }

  private pass(way: 'up' | 'down', isBinary: boolean, data: Buffer): void {
    if (!this.isOpen || this.isFrozen) return;
    const passing = this.passing(way, isBinary ? '' : data.toString());
    if (way === 'up') this.proxy.record(passing);
    const fate = this.proxy.decide(passing);
    if (fate === 'drop') return;
    if (way === 'up') {
      const texts = fate === 'pass' ? [passing.packet.text] : fate;
      for (const text of texts)
        if (this.upstream.readyState === WebSocket.OPEN) this.upstream.send(text);
        else this.waiting.push(text);
    } else for (const text of fate === 'pass' ? [passing.packet.text] : fate) this.sendDown(text);
  }

  private passing(way: 'up' | 'down', text: string): Passing {
    const packet = readPacket(text);
    if (way === 'up' && packet.kind === 'event' && packet.id !== '')
      this.requests.set(packet.id, { name: packet.name, body: packet.args[0] });
    const request = packet.kind === 'ack' ? (this.requests.get(packet.id) ?? null) : null;
    return { way, packet, request, wire: this, at: performance.now() };
  }

  private end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closedAt = performance.now();
    this.client.terminate();
    this.upstream.terminate();
  }
}

/** Stands between one client under test and the nodes: chooses the node, records every packet, and causes faults. */
export class ClientProxy {
  readonly wires: Wire[] = [];
  readonly passed: Passing[] = [];
  readonly faults: Fault[] = [];
  /** While false, connections are refused. */
  isOnline = true;
  /** Times at which a connection was asked for while none could be opened, and HTTP requests that are no WebSocket. */
  readonly refusedAt: number[] = [];
  usedPolling = false;
  onRecord: (passing: Passing) => void = () => {};
  private readonly http: HttpServer;
  private readonly sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

  /** @param route the node for a new connection; null: none */
  private constructor(private readonly route: () => ClusterNode | null) {
    this.http = createServer((request, response) => {
      this.usedPolling ||= request.url?.includes('transport=polling') === true;
      response.writeHead(400, { 'content-type': 'text/plain' });
      response.end('The conformance runner takes WebSockets only: open /socket.io/?EIO=4&transport=websocket.');
    });
    this.http.on('upgrade', (request, socket, head) => {
      const node = this.isOnline ? this.route() : null;
      if (node === null) {
        this.refusedAt.push(performance.now());
        return void socket.destroy();
      }
      socket.on('error', () => {});
      this.sockets.handleUpgrade(request, socket, head, client => {
        const wire = new Wire(this.wires.length + 1, node, this, client, request.url!);
        this.wires.push(wire);
      });
    });
  }

  static async start(route: () => ClusterNode | null): Promise<ClientProxy> {
    const proxy = new ClientProxy(route);
    await new Promise<void>((resolve, reject) => {
      proxy.http.once('error', reject);
      proxy.http.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }
  /** The newest open connection. */
  get wire(): Wire | undefined {
    return this.wires.findLast(wire => wire.isOpen);
  }

  /** Cuts all connections. */
  cut(): void {
    for (const wire of this.wires) wire.cut();
  }

  close(): void {
    this.isOnline = false;
    this.cut();
    this.http.closeAllConnections();
    this.http.close();
  }

  decide(passing: Passing): Fate {
    for (const fault of this.faults) {
      if (fault.ended) continue;
      const fate = fault.decide(passing);
      if (fate !== 'pass') return fate;
    }
    return 'pass';
  }

  record(passing: Passing): void {
    this.passed.push(passing);
    this.onRecord(passing);
  }
}
