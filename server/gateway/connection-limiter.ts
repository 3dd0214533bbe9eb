import { limits } from '../../shared/limits.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import type { Duplex } from 'node:stream';
import type { AddressReader } from '../identity/address.ts';
import type { Clock, Meter } from '../runtime/ports.ts';
import type { Allowances } from '../sessions/allowances.ts';
import { TokenBucket } from '../sessions/token-bucket.ts';
import { FrameCounter } from './frame-counter.ts';
import { terminateConnection, type EngineSocket } from './engine-socket.ts';
import { PacketBudget } from './packet-budget.ts';
import type { RawWebSocket } from './web-sockets.ts';

/**
 * Rate limits before a client is identified: handshakes, connections and guest tokens by address, and packets by
 * connection.
 */
export class ConnectionLimiter {
  /**
   * Address by connection. Cached, because a client may reconnect to the namespace after its handshake request was
   * released.
   */
  private readonly addresses = new WeakMap<EngineSocket, string | null>();
  private readonly countedConnections = new WeakSet<EngineSocket>();
  /** Packet budgets by WebSocket; each counts frames. */
  private readonly budgets = new WeakMap<object, PacketBudget>();

  constructor(
    private readonly parts: {
      addressOf: AddressReader;
      allowances: Allowances;
      clock: Clock;
      meter: Meter;
      namespace: string;
    },
  ) {}

  addressOf(engineSocket: EngineSocket): string | null {
    const known = this.addresses.get(engineSocket);
    if (known !== undefined) return known;
    const address = engineSocket.request ? this.parts.addressOf(engineSocket.request) : null;
    this.addresses.set(engineSocket, address);
    return address;
  }

  /** Counts a handshake. @returns 0, or the ms after which to retry */
  takeHandshake(from: string | null): number {
    const address = this.allowanceOf(from);
    if (!address) return 0;
    if (address.isAtConnectionLimit) return 5_000;
    return address.take('handshakes', this.parts.clock.mono());
  }

  /** Counts a guest token. @returns 0, or the ms after which to retry */
  takeGuest(engineSocket: EngineSocket): number {
    return this.allowanceOf(this.addressOf(engineSocket))?.take('guests', this.parts.clock.mono()) ?? 0;
  }

  /** Counts a connection for its address until it closes; once, however often it enters a namespace. */
  countConnection(engineSocket: EngineSocket): void {
    if (this.countedConnections.has(engineSocket)) return;
    this.countedConnections.add(engineSocket);
    const address = this.allowanceOf(this.addressOf(engineSocket));
    address?.connect();
    engineSocket.once('close', () => address?.disconnect());
  }

  /** Limits the packets of a connection from the first to the last, identified or not. */
  limitPackets(engineSocket: EngineSocket): void {
    this.countConnection(engineSocket);
    engineSocket.once('close', () => {
      // A WebSocket may take 30 s to close, and send all that time.
      const { socket } = engineSocket.transport;
      setTimeout(() => socket?.terminate?.(), limits.closeTimeout).unref();
    });
    if (this.adoptFrameBudget(engineSocket)) return;
    const budget = new PacketBudget(this.parts.clock, () => this.closeForFlooding(engineSocket));
    let countsFrames = false;
    engineSocket.on('upgrade', () => {
      countsFrames = this.adoptFrameBudget(engineSocket);
    });
    engineSocket.on('packet', () => {
      if (!countsFrames) budget.spend(1);
    });
  }

  /**
   * Limits the frames of a WebSocket from its first byte on, before it belongs to a connection. Pings, pongs, fragments
   * and the upgrade probes of polling connections never become Engine.IO packets.
   */
  limitFrames(websocket: RawWebSocket, tcp: Duplex): void {
    const frames = new FrameCounter();
    const budget = new PacketBudget(this.parts.clock, () => {
      this.parts.meter.count('floods');
      websocket.terminate();
    });
    this.budgets.set(websocket, budget);
    // A small fragment costs as much as a frame: it is read and buffered separately.
    tcp.prependListener('data', (chunk: Buffer) => {
      budget.spend(Math.max(frames.count(chunk), chunk.length < limits.minFragmentBytes ? 1 : 0));
      // `ws` still parses the rest of this chunk and writes a pong for each ping; a chunk can hold 10,000 pings.
      if (budget.isExceeded) websocket.pong = () => {};
    });
  }

  /** Makes an exceeded frame budget close this connection. @returns false if the WebSocket has no frame counter */
  private adoptFrameBudget(engineSocket: EngineSocket): boolean {
    const { socket } = engineSocket.transport;
    const budget = socket && this.budgets.get(socket);
    if (!budget) return false;
    budget.onExceeded = () => this.closeForFlooding(engineSocket);
    return true;
  }

  /**
   * Creates a packet counter for a connection that is shared with other namespaces. @returns a function that is false
   * when there were too many
   */
  createPacketCounter(): () => boolean {
    const { clock } = this.parts;
    const packets = new TokenBucket(limits.packets);
    return () => packets.take(clock.mono()) === 0;
  }

  private closeForFlooding(engineSocket: EngineSocket): void {
    this.parts.meter.count('floods');
    const { namespace } = this.parts;
    terminateConnection(
      engineSocket,
      `2${namespace === '/' ? '' : `${namespace},`}${JSON.stringify(['refused', makeRefusal('slow-down', 'too many packets')])}`,
    );
  }

  private allowanceOf(address: string | null) {
    return address === null ? null : this.parts.allowances.address(address, this.parts.clock.mono());
  }
}
