import type { Socket as TcpSocket } from 'node:net';
import { Packet } from './packet.ts';

/** An Engine.IO connection, as far as it is used here. */
interface BufferedEngineSocket {
  readonly readyState: string;
  readonly upgrading: boolean;
  readonly writeBuffer: readonly unknown[];
  readonly transport: {
    readonly name: string;
    readonly writable: boolean;
    readonly perMessageDeflate?: unknown;
    readonly socket?: { readonly readyState: number; readonly _socket?: TcpSocket };
  };
  write(text: string, options?: object, callback?: () => void): unknown;
  send: BufferedEngineSocket['write'];
  sendPacket(type: string, text?: string, options?: object, callback?: () => void): void;
  flush(): void;
  close(discard?: boolean): unknown;
  on(event: 'packetCreate', fn: (this: BufferedEngineSocket) => void): void;
  outboundBuffer?: OutboundBuffer;
}
type EngineMethods = Pick<BufferedEngineSocket, 'sendPacket' | 'flush' | 'close'>;

const ping = new Packet('', 'ping');

/** The lanes of a server: those in which something is to leave at the end of this turn of the loop. */
export class OutboundBuffers {
  private scheduled: OutboundBuffer[] = [];

  /** Puts a lane before a line. */
  readonly attach = (engineSocket: BufferedEngineSocket): void => {
    engineSocket.outboundBuffer = new OutboundBuffer(
      engineSocket,
      Object.getPrototypeOf(engineSocket) as EngineMethods,
      this,
    );
    engineSocket.write = engineSocket.send = write;
    engineSocket.sendPacket = sendPacket;
    engineSocket.flush = flush;
    engineSocket.close = close;
    engineSocket.on('packetCreate', handToEngine);
  };

  schedule(buffer: OutboundBuffer): void {
    if (this.scheduled.push(buffer) > 1) return;
    setImmediate(() => {
      const buffers = this.scheduled;
      this.scheduled = [];
      for (const one of buffers) one.writeNow();
    });
  }
}

/**
 * A line's way out. All that a client is told within one turn of the loop leaves in one write: the answer to an action
 * and the change that it made, say; system calls are most of what a busy node does. On an open WebSocket that takes
 * what it is given, messages and pings go straight to the TCP socket, as frames that are made once for all who are told
 * the same. Everything else (long-polling, upgrades, farewells, a client that does not read) goes by Engine.IO's own
 * way, and the order stays.
 */
export class OutboundBuffer {
  /** What a ping takes along, as Socket.IO's text; null: nothing now. */
  textWithPing: (() => string | null) | null = null;
  private packets: Packet[] = [];
  private isScheduled = false;
  private isFlushRequested = false;

  /** @param engineMethods Engine.IO's own methods */
  constructor(
    private readonly engineSocket: BufferedEngineSocket,
    private readonly engineMethods: EngineMethods,
    private readonly buffers: OutboundBuffers,
  ) {}

  send(packet: Packet): void {
    this.packets.push(packet);
    this.schedule();
  }

  /** Asks for a sign of life: Engine.IO's own timers do. */
  ping(): void {
    this.send(ping);
    const text = this.textWithPing?.() ?? null;
    if (text !== null) this.send(new Packet(text));
  }

  flush(): void {
    this.isFlushRequested = true;
    this.schedule();
  }

  /** Gives what waits here to Engine.IO, which sends something itself. */
  handToEngine(): void {
    const { packets } = this;
    if (packets.length === 0) return;
    this.packets = [];
    for (const { type, text } of packets) this.engineMethods.sendPacket.call(this.engineSocket, type, text);
  }

  writeNow(): void {
    this.isScheduled = false;
    const { packets } = this;
    if (packets.length > 0) {
      const tcp = this.canWriteDirectly ? this.engineSocket.transport.socket!._socket! : null;
      if (tcp?.writable && tcp.writableLength === 0) {
        this.packets = [];
        tcp.write(packets.length === 1 ? packets[0]!.frame : Buffer.concat(packets.map(p => p.frame)));
      } else this.handToEngine();
    }
    if (!this.isFlushRequested) return;
    this.isFlushRequested = false;
    const tcp = this.engineSocket.transport.socket?._socket; // none where it polls
    tcp?.cork();
    this.engineMethods.flush.call(this.engineSocket);
    tcp?.uncork();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.buffers.schedule(this);
  }

  /** Nothing of Engine.IO's is on its way or has to go first. */
  private get canWriteDirectly(): boolean {
    const { engineSocket } = this;
    const { transport } = engineSocket;
    return (
      engineSocket.writeBuffer.length === 0 &&
      engineSocket.readyState === 'open' &&
      !engineSocket.upgrading &&
      transport.name === 'websocket' &&
      transport.writable &&
      !transport.perMessageDeflate &&
      transport.socket?.readyState === 1
    );
  }
}

// One for all lines: a closure for each would be held as long as its client is connected.
function write(this: BufferedEngineSocket, text: string, options?: object, callback?: () => void): unknown {
  if (typeof text === 'string' && callback === undefined) this.outboundBuffer!.send(new Packet(text));
  else Object.getPrototypeOf(this).write.call(this, text, options, callback);
  return this;
}
function sendPacket(
  this: BufferedEngineSocket,
  type: string,
  text?: string,
  options?: object,
  callback?: () => void,
): void {
  if (type === 'ping') this.outboundBuffer!.ping();
  else (Object.getPrototypeOf(this) as EngineMethods).sendPacket.call(this, type, text, options, callback);
}
function flush(this: BufferedEngineSocket): void {
  this.outboundBuffer!.flush();
}
function handToEngine(this: BufferedEngineSocket): void {
  this.outboundBuffer!.handToEngine();
}
function close(this: BufferedEngineSocket, discard?: boolean): unknown {
  if (!discard) this.outboundBuffer!.handToEngine();
  return (Object.getPrototypeOf(this) as EngineMethods).close.call(this, discard);
}
