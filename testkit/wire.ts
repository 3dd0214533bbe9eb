import type { Line, LineEvents } from '../client/ports.ts';
import { ShortForms } from '../client/short-forms.ts';
import type { Connection } from '../server/sessions/connection.ts';
import { limits } from '../shared/limits.ts';
import { wireVersion, type JoinReply, type PlaceReply, type RequestName, type Requests, type SayingName, type Sayings, type ServerToClient, type Welcome } from '../shared/protocol.ts';
import { refused, type Refused } from '../shared/refusals.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { Host, TestClient } from './world.ts';

/** One way, in ms. */
export const latency = { store: 0.4, bus: 0.3, line: 1 };

/** Bytes of a message as Socket.IO sends it: `42["act",{…}]`, with the number that asks for an answer. */
const packetBytes = (name: string, body: string): number => Buffer.byteLength(`421234["${name}",${body}]`);

/** A connection: a client at one end, a node at the other. All that passes is text, in order, until it is cut. */
export class Wire implements Line {
  readonly channels = new Set<string>();
  private open = true;
  private connection: Connection | null = null;
  /** Requests of the client without an answer, and how each is told that none will come. */
  private readonly waiting = new Map<number, (error: Error) => void>();
  private lastId = 0;
  private readonly short = new ShortForms();
  /** When the last message of each way arrives: one that is late holds up those behind it, as on one connection. */
  private readonly arrives = { up: 0, down: 0 };

  constructor(id: string, readonly host: Host, private readonly client: TestClient, who: { player: string; name: string; token: string }, private readonly clock: VirtualClock, private readonly events: LineEvents) {
    host.links.add(this);
    client.lines.add(this);
    // A node that stands still takes a connection, and says nothing.
    const patience = clock.after(8_000, () => this.cut());
    clock.after(latency.line, () => host.enter(() => {
      patience.cancel();
      if (!this.open) return;
      if (!host.node.ready) return this.cut();
      this.connection = host.node.edge.connect({
        id,
        send: (event: keyof ServerToClient, ...args: unknown[]) => this.send(event, args),
        pass: ({ json }) => {
          const [event, ...args] = JSON.parse(json) as [string, ...unknown[]];
          this.send(event, args);
        },
        subscribe: channel => { this.channels.add(channel); },
        unsubscribe: channel => { this.channels.delete(channel); },
        close: () => this.cut(),
      }, { player: who.player, name: who.name });
      this.ping();
      this.send('welcome', [{ ...who, node: host.name, now: clock.now(), wire: wireVersion } satisfies Welcome]);
    }));
  }

  /** From the node to the client. */
  send(event: string, args: unknown[]): void {
    this.toClient(event, JSON.stringify([event, ...args]), text => {
      const [, ...said] = JSON.parse(text) as unknown[];
      const full = this.short.full(event, said);
      if (full) (this.events.event as (name: string, ...args: unknown[]) => void)(...full);
    });
  }

  request<K extends RequestName>(name: K, body: Requests[K][0], patience: number): Promise<Requests[K][1] | Refused> {
    return new Promise((resolve, reject) => {
      if (!this.open) return reject(new Error('the line is closed'));
      const id = ++this.lastId;
      const timer = this.clock.after(patience, () => {
        this.waiting.delete(id);
        reject(new Error('no answer'));
      });
      this.waiting.set(id, error => {
        timer.cancel();
        reject(error);
      });
      const text = JSON.stringify(body);
      this.pass('up', () => this.host.enter(() => {
        if (!this.open || !this.connection) return;
        const bytes = packetBytes(name, text);
        if (bytes > limits.frameBytes) return this.cut(); // as Engine.IO does
        const { edge } = this.host.node;
        const asked: Promise<unknown> = bytes > limits.packetBytes ? Promise.resolve(edge.tooLarge(this.connection, bytes)) : edge.handle(this.connection, name, JSON.parse(text));
        void asked.then(reply => {
          if (reply === null) return this.refuse(refused('bad-request', 'too many malformed packets'));
          this.toClient(`${name}!`, JSON.stringify(reply), answer => {
            if (!this.waiting.delete(id)) return;
            timer.cancel();
            const said = JSON.parse(answer) as Requests[K][1];
            if (name === 'join') this.short.joined(said as JoinReply);
            if (name === 'place') this.short.placed(said as PlaceReply);
            resolve(said);
          });
          this.host.node.edge.answered(this.connection!, name, reply);
        });
      }));
    });
  }

  say<K extends SayingName>(name: K, body: Sayings[K]): void {
    const input = name === 'input' ? this.short.input(body as Sayings['input']) : null;
    const text = JSON.stringify(input ?? body);
    this.pass('up', () => this.host.enter(() => {
      if (!this.open || !this.connection) return;
      const bytes = packetBytes(name, text);
      const { edge } = this.host.node;
      if (bytes > limits.packetBytes ? bytes > limits.frameBytes || edge.tooLarge(this.connection, bytes) === null : !edge.hear(this.connection, input ? 'i' : name, JSON.parse(text))) this.refuse(refused('bad-request', 'too many malformed packets'));
    }));
  }

  /** The client closes it: it is told nothing more. */
  close(): void { this.end(); }

  /** The line is gone, and both ends hear of it. */
  cut(): void { if (this.end()) this.clock.after(latency.line, () => this.client.run(() => this.events.closed(null))); }

  /** The node closes it for good, and says why. */
  refuse(refusal: Refused): void { if (this.end()) this.clock.after(latency.line, () => this.events.closed(refusal)); }

  private end(): boolean {
    if (!this.open) return false;
    this.open = false;
    this.host.links.delete(this);
    this.client.lines.delete(this);
    const { connection } = this;
    if (connection) this.clock.after(latency.line, () => this.host.enter(() => this.host.node.edge.disconnect(connection)));
    for (const reject of this.waiting.values()) reject(new Error('the line is closed'));
    this.waiting.clear();
    return true;
  }

  /** What goes along with Engine.IO's pings. */
  private ping(): void {
    this.clock.after(limits.ping, () => this.host.enter(() => {
      if (!this.open || !this.connection) return;
      const heads = this.client.isToldHeads() ? this.host.node.edge.heads(this.connection) : null;
      if (heads) this.send('h', heads);
      this.ping();
    }));
  }

  private toClient(name: string, text: string, take: (text: string) => void): void {
    if (this.host.state === 'dead') return;
    this.client.sent(name, text);
    this.pass('down', () => {
      if (!this.open) return;
      if (this.client.keepsBytes) this.client.bytes.push(text);
      this.client.run(() => {
        this.events.heard();
        take(text);
      });
    });
  }

  private pass(way: 'up' | 'down', fn: () => void): void {
    const now = this.clock.mono();
    this.arrives[way] = Math.max(this.arrives[way], now + latency.line + this.client.late(way));
    this.clock.after(this.arrives[way] - now, fn);
  }
}
