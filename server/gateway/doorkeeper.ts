import { limits } from '../../shared/limits.ts';
import { refused } from '../../shared/refusals.ts';
import type { Duplex } from 'node:stream';
import type { AddressOf } from '../identity/address.ts';
import type { Clock, Meter } from '../ports.ts';
import type { Allowances } from '../sessions/allowances.ts';
import { Bucket } from '../sessions/bucket.ts';
import { FrameCounter } from './frame-counter.ts';
import { cutOff, type EngineLine } from './line.ts';
import { PacketBudget } from './packet-budget.ts';
import type { RawWebSocket } from './web-sockets.ts';

/**
 * Bounds what comes before anybody is known: how often an address knocks, how many lines it holds, how many guests are made
 * for it, and how much a line may send of whatever kind.
 */
export class Doorkeeper {
  /** Where lines come from: whoever says goodbye and hello again on one is asked no more, for what it came with has been let go of. */
  private readonly addresses = new WeakMap<EngineLine, string | null>();
  private readonly counted = new WeakSet<EngineLine>();
  /** The packet budgets of WebSockets, each of which counts its frames. */
  private readonly budgets = new WeakMap<object, PacketBudget>();

  constructor(private readonly parts: { addressOf: AddressOf; allowances: Allowances; clock: Clock; meter: Meter; namespace: string }) {}

  addressOf(line: EngineLine): string | null {
    const known = this.addresses.get(line);
    if (known !== undefined) return known;
    const address = line.request ? this.parts.addressOf(line.request) : null;
    this.addresses.set(line, address);
    return address;
  }

  /** One more connection from there? @returns 0, or the ms after which to try again */
  knock(from: string | null): number {
    const address = this.allowanceOf(from);
    if (!address) return 0;
    if (address.isCrowded) return 5_000;
    return address.take('handshakes', this.parts.clock.mono());
  }

  /** One more guest for where a line comes from? @returns 0, or the ms after which to try again */
  mint(line: EngineLine): number { return this.allowanceOf(this.addressOf(line))?.take('guests', this.parts.clock.mono()) ?? 0; }

  /** Counts a connection for its address until it closes: once, however often it enters a namespace. */
  countLine(line: EngineLine): void {
    if (this.counted.has(line)) return;
    this.counted.add(line);
    const address = this.allowanceOf(this.addressOf(line));
    address?.connect();
    line.once('close', () => address?.disconnect());
  }

  /** Watches a line from its first packet to its last, whether or not it ever says who it is. */
  watch(line: EngineLine): void {
    this.countLine(line);
    line.once('close', () => {
      // A WebSocket that was told to go may take half a minute over it, and send all that time.
      const { socket } = line.transport;
      setTimeout(() => socket?.terminate?.(), limits.farewell).unref();
    });
    if (this.adopt(line)) return;
    const budget = new PacketBudget(this.parts.clock, () => this.flooded(line));
    let counted = false;
    line.on('upgrade', () => { counted = this.adopt(line); });
    line.on('packet', () => { if (!counted) budget.spend(1); });
  }

  /**
   * Counts the frames of a WebSocket from its first byte on, before it belongs to a connection. Pings, pongs and fragments never
   * become packets of Engine.IO, and neither do the probes of a connection that polls.
   */
  watchFrames(websocket: RawWebSocket, tcp: Duplex): void {
    const frames = new FrameCounter();
    const budget = new PacketBudget(this.parts.clock, () => {
      this.parts.meter.count('floods');
      websocket.terminate();
    });
    this.budgets.set(websocket, budget);
    // A small piece of a frame costs as much as a frame: it is read, and kept, by itself.
    tcp.prependListener('data', (chunk: Buffer) => {
      budget.spend(Math.max(frames.count(chunk), chunk.length < limits.smallPiece ? 1 : 0));
      // `ws` still reads the rest of this piece. It answers each ping with a write of its own, and a piece holds 10,000 pings.
      if (budget.isExceeded) websocket.pong = () => {};
    });
  }

  /** Closes the connection of a WebSocket whose frames are too many. @returns false if it has no frame counter */
  private adopt(line: EngineLine): boolean {
    const { socket } = line.transport;
    const budget = socket && this.budgets.get(socket);
    if (!budget) return false;
    budget.onExceeded = () => this.flooded(line);
    return true;
  }

  /** Counts packets where the line is somebody else's. @returns false when there were too many */
  counter(): () => boolean {
    const { clock } = this.parts;
    const packets = new Bucket(limits.packets);
    return () => packets.take(clock.mono()) === 0;
  }

  private flooded(line: EngineLine): void {
    this.parts.meter.count('floods');
    const { namespace } = this.parts;
    cutOff(line, `2${namespace === '/' ? '' : `${namespace},`}${JSON.stringify(['refused', refused('slow-down', 'too many packets')])}`);
  }

  private allowanceOf(address: string | null) {
    return address === null ? null : this.parts.allowances.address(address, this.parts.clock.mono());
  }
}
