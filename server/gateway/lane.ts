import type { Socket as TcpSocket } from 'node:net';
import { Packet } from './packet.ts';

/** An Engine.IO connection, as far as it is used here. */
interface Line {
  readonly readyState: string;
  readonly upgrading: boolean;
  readonly writeBuffer: readonly unknown[];
  readonly transport: { readonly name: string; readonly writable: boolean; readonly perMessageDeflate?: unknown; readonly socket?: { readonly readyState: number; readonly _socket?: TcpSocket } };
  write(text: string, options?: object, callback?: () => void): unknown;
  send: Line['write'];
  sendPacket(type: string, text?: string, options?: object, callback?: () => void): void;
  flush(): void;
  close(discard?: boolean): unknown;
  on(event: 'packetCreate', fn: (this: Line) => void): void;
  lane?: Lane;
}
type Own = Pick<Line, 'sendPacket' | 'flush' | 'close'>;

const ping = new Packet('', 'ping');

/** The lanes of a server: those in which something is to leave at the end of this turn of the loop. */
export class Lanes {
  private leaving: Lane[] = [];

  /** Puts a lane before a line. */
  readonly open = (line: Line): void => {
    line.lane = new Lane(line, Object.getPrototypeOf(line) as Own, this);
    line.write = line.send = write;
    line.sendPacket = sendPacket;
    line.flush = flush;
    line.close = close;
    line.on('packetCreate', giveBack);
  };

  queue(lane: Lane): void {
    if (this.leaving.push(lane) > 1) return;
    setImmediate(() => {
      const lanes = this.leaving;
      this.leaving = [];
      for (const one of lanes) one.leave();
    });
  }
}

/**
 * A line's way out. All that a client is told within one turn of the loop leaves in one write: the answer to an action and
 * the change that it made, say; system calls are most of what a busy node does. On an open WebSocket that takes what it is
 * given, messages and pings go straight to the TCP socket, as frames that are made once for all who are told the same. Everything
 * else (long-polling, upgrades, farewells, a client that does not read) goes by Engine.IO's own way, and the order stays.
 */
export class Lane {
  /** What a ping takes along, as Socket.IO's text; null: nothing now. */
  besidePing: (() => string | null) | null = null;
  private packets: Packet[] = [];
  private due = false;
  private flushes = false;

  /** @param own Engine.IO's own methods */
  constructor(private readonly line: Line, private readonly own: Own, private readonly lanes: Lanes) {}

  send(packet: Packet): void {
    this.packets.push(packet);
    this.queue();
  }

  /** Asks for a sign of life: Engine.IO's own timers do. */
  ping(): void {
    this.send(ping);
    const text = this.besidePing?.() ?? null;
    if (text !== null) this.send(new Packet(text));
  }

  flush(): void {
    this.flushes = true;
    this.queue();
  }

  /** Gives what waits here to Engine.IO, which sends something itself. */
  giveBack(): void {
    const { packets } = this;
    if (packets.length === 0) return;
    this.packets = [];
    for (const { type, text } of packets) this.own.sendPacket.call(this.line, type, text);
  }

  leave(): void {
    this.due = false;
    const { packets } = this;
    if (packets.length > 0) {
      const tcp = this.isClear ? this.line.transport.socket!._socket! : null;
      if (tcp?.writable && tcp.writableLength === 0) {
        this.packets = [];
        tcp.write(packets.length === 1 ? packets[0]!.frame : Buffer.concat(packets.map(p => p.frame)));
      } else this.giveBack();
    }
    if (!this.flushes) return;
    this.flushes = false;
    const tcp = this.line.transport.socket?._socket; // none where it polls
    tcp?.cork();
    this.own.flush.call(this.line);
    tcp?.uncork();
  }

  private queue(): void {
    if (this.due) return;
    this.due = true;
    this.lanes.queue(this);
  }

  /** Nothing of Engine.IO's is on its way or has to go first. */
  private get isClear(): boolean {
    const { line } = this;
    const { transport } = line;
    return line.writeBuffer.length === 0 && line.readyState === 'open' && !line.upgrading && transport.name === 'websocket' && transport.writable && !transport.perMessageDeflate && transport.socket?.readyState === 1;
  }
}

// One for all lines: a closure for each would be held as long as its client is connected.
function write(this: Line, text: string, options?: object, callback?: () => void): unknown {
  if (typeof text === 'string' && callback === undefined) this.lane!.send(new Packet(text));
  else Object.getPrototypeOf(this).write.call(this, text, options, callback);
  return this;
}
function sendPacket(this: Line, type: string, text?: string, options?: object, callback?: () => void): void {
  if (type === 'ping') this.lane!.ping();
  else (Object.getPrototypeOf(this) as Own).sendPacket.call(this, type, text, options, callback);
}
function flush(this: Line): void { this.lane!.flush(); }
function giveBack(this: Line): void { this.lane!.giveBack(); }
function close(this: Line, discard?: boolean): unknown {
  if (!discard) this.lane!.giveBack();
  return (Object.getPrototypeOf(this) as Own).close.call(this, discard);
}
