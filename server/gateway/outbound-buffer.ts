import type { Socket as TcpSocket } from 'node:net';
import { Packet } from './packet.ts';

/** The parts of an Engine.IO connection that are used here. */
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

/** The outbound buffers of a server; writes those with pending packets at the end of the turn. */
export class OutboundBuffers {
  private scheduled: OutboundBuffer[] = [];

  /** Adds a buffer to a connection. */
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
 * Outbound buffer of a connection. Everything that is sent to a client within one turn of the event loop leaves in one
 * write, for example the reply to an action and its change: system calls dominate the load of a busy node.
 * On an open WebSocket without backlog, messages and pings are written to the TCP socket directly, as frames that are
 * encoded once for all recipients. Everything else (long-polling, upgrades, closing, backlog) goes through Engine.IO,
 * and the order is kept.
 */
export class OutboundBuffer {
  /** Text that is sent along with a ping, as a Socket.IO packet; null: none. */
  textWithPing: (() => string | null) | null = null;
  private packets: Packet[] = [];
  private isScheduled = false;
  private isFlushRequested = false;

  /** @param engineMethods Engine.IO's original methods */
  constructor(
    private readonly engineSocket: BufferedEngineSocket,
    private readonly engineMethods: EngineMethods,
    private readonly buffers: OutboundBuffers,
  ) {}

  send(packet: Packet): void {
    this.packets.push(packet);
    this.schedule();
  }

  /** Called by Engine.IO's own ping timer. */
  ping(): void {
    this.send(ping);
    const text = this.textWithPing?.() ?? null;
    if (text !== null) this.send(new Packet(text));
  }

  flush(): void {
    this.isFlushRequested = true;
    this.schedule();
  }

  /** Passes the pending packets to Engine.IO, because it sends something itself. */
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
    const tcp = this.engineSocket.transport.socket?._socket; // undefined while polling
    tcp?.cork();
    this.engineMethods.flush.call(this.engineSocket);
    tcp?.uncork();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.buffers.schedule(this);
  }

  /** Whether Engine.IO has nothing pending, and the WebSocket is open and uncompressed. */
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

// Shared by all connections: closures would cost memory per connection.
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
