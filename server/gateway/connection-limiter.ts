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
 * Bounds what comes before anybody is known: how often an address knocks, how many lines it holds, how many guests are
 * made for it, and how much a line may send of whatever kind.
 */
export class ConnectionLimiter {
  /**
   * Where lines come from: whoever says goodbye and hello again on one is asked no more, for what it came with has been
   * let go of.
   */
  private readonly addresses = new WeakMap<EngineSocket, string | null>();
  private readonly countedConnections = new WeakSet<EngineSocket>();
  /** The packet budgets of WebSockets, each of which counts its frames. */
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

  /** One more connection from there? @returns 0, or the ms after which to try again */
  takeHandshake(from: string | null): number {
    const address = this.allowanceOf(from);
    if (!address) return 0;
    if (address.isAtConnectionLimit) return 5_000;
    return address.take('handshakes', this.parts.clock.mono());
  }

  /** One more guest for where a line comes from? @returns 0, or the ms after which to try again */
  takeGuest(engineSocket: EngineSocket): number {
    return this.allowanceOf(this.addressOf(engineSocket))?.take('guests', this.parts.clock.mono()) ?? 0;
  }

  /** Counts a connection for its address until it closes: once, however often it enters a namespace. */
  countConnection(engineSocket: EngineSocket): void {
    if (this.countedConnections.has(engineSocket)) return;
    this.countedConnections.add(engineSocket);
    const address = this.allowanceOf(this.addressOf(engineSocket));
    address?.connect();
    engineSocket.once('close', () => address?.disconnect());
  }

  /** Watches a line from its first packet to its last, whether or not it ever says who it is. */
  limitPackets(engineSocket: EngineSocket): void {
    this.countConnection(engineSocket);
    engineSocket.once('close', () => {
      // A WebSocket that was told to go may take half a minute over it, and send all that time.
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
   * Counts the frames of a WebSocket from its first byte on, before it belongs to a connection. Pings, pongs and
   * fragments never become packets of Engine.IO, and neither do the probes of a connection that polls.
   */
  limitFrames(websocket: RawWebSocket, tcp: Duplex): void {
    const frames = new FrameCounter();
    const budget = new PacketBudget(this.parts.clock, () => {
      this.parts.meter.count('floods');
      websocket.terminate();
    });
    this.budgets.set(websocket, budget);
    // A small piece of a frame costs as much as a frame: it is read, and kept, by itself.
    tcp.prependListener('data', (chunk: Buffer) => {
      budget.spend(Math.max(frames.count(chunk), chunk.length < limits.minFragmentBytes ? 1 : 0));
      // `ws` still reads the rest of this piece. It answers each ping with a write of its own, and a piece holds 10,000
      // pings.
      if (budget.isExceeded) websocket.pong = () => {};
    });
  }

  /** Closes the connection of a WebSocket whose frames are too many. @returns false if it has no frame counter */
  private adoptFrameBudget(engineSocket: EngineSocket): boolean {
    const { socket } = engineSocket.transport;
    const budget = socket && this.budgets.get(socket);
    if (!budget) return false;
    budget.onExceeded = () => this.closeForFlooding(engineSocket);
    return true;
  }

  /** Counts packets where the line is somebody else's. @returns false when there were too many */
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
