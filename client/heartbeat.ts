import type { Position } from '../shared/position.ts';
import type { RoomHead } from '../shared/protocol.ts';
import { ClockDrift } from './clock-drift.ts';
import { Connector } from './connector.ts';
import type { JoinedRooms } from './joined-rooms.ts';
import type { CompleteClock } from './ports.ts';
import type { RoundTrips } from './round-trips.ts';

/**
 * Times in ms.
 * - `busy`, `idle`: interval while messages arrive, and after none has arrived for `idleAfter`.
 * - `fresh`: if every room changed within this time, the connection is known to work.
 * - `atLeast`: the latest positions may then be this old before a heartbeat asks for them.
 * - `seldom`: longest time between two heartbeats, which also measure the round trip.
 */
const timing = { busy: 1_000, idle: 2_000, idleAfter: 10_000, fresh: 250, atLeast: 3_000, seldom: 10_000 };

/**
 * Asks the node for the latest position of each room. The answer shows that the connection works, whether a change is
 * missing, how long a round trip takes, and whether the local clock lost time.
 */
export class Heartbeat {
  private cancel: (() => void) | null = null;
  private isStopped = false;
  /** When something last arrived, a heartbeat was last sent, and the latest positions were last received. */
  private lastActiveAt = -Infinity;
  private sentAt = -Infinity;
  private headsReceivedAt = -Infinity;
  private readonly drift = new ClockDrift();

  constructor(
    private readonly connector: Connector,
    private readonly clock: CompleteClock,
    private readonly rooms: JoinedRooms,
    private readonly roundTrips: RoundTrips,
  ) {}

  /** A connection was welcomed. Its node has received no heartbeat yet. */
  start(): void {
    this.sentAt = -Infinity;
    this.schedule();
  }
  stop(): void {
    this.isStopped = true;
    this.cancel?.();
  }
  /** Something arrived. */
  handleActivity(): void {
    this.lastActiveAt = this.clock.mono();
  }

  /** The node sent latest positions by itself. If a room is missing there, a heartbeat finds out why. */
  receiveHeads(heads: Record<string, RoomHead>): void {
    for (const [id, head] of Object.entries(heads)) this.rooms.get(id)?.sync.receiveHead(head);
    if (!this.rooms.all.every(({ id }) => heads[id])) return;
    this.headsReceivedAt = this.clock.mono();
    if (this.isWithin(this.sentAt, timing.seldom)) this.schedule();
  }

  /** @param patience time in ms without any message after which another connection is opened */
  async send(patience = Connector.silenceTimeout(this.roundTrips.last)): Promise<void> {
    const places: Record<string, Position> = {};
    for (const room of this.rooms.all) places[room.id] = room.position;
    const asked = (this.sentAt = this.clock.mono());
    const { connection } = this.connector;
    this.schedule();
    const reply = await this.connector.probe('place', { rooms: places }, patience);
    if (!reply?.ok || !connection) return;
    this.connector.reconnectSpread = reply.spread;
    this.headsReceivedAt = this.clock.mono();
    this.roundTrips.add(this.headsReceivedAt - asked);
    const clockLossMs = this.drift.update(connection, reply.now, asked, this.headsReceivedAt);
    if (clockLossMs !== 0) for (const room of this.rooms.all) room.sync.adjustClock(clockLossMs);
    for (const id of Object.keys(places))
      this.rooms.get(id)?.sync.receiveHead(reply.rooms[id] as RoomHead | null | undefined);
  }

  private schedule(): void {
    this.cancel?.();
    if (this.isStopped) return;
    const idle = !this.isWithin(this.lastActiveAt, timing.idleAfter);
    this.cancel = this.clock.after((idle ? timing.idle : timing.busy) * (0.9 + this.clock.random() * 0.2), () =>
      this.sendIfDue(),
    );
  }

  private sendIfDue(): void {
    const rooms = this.rooms.all;
    const roomsAreActive =
      rooms.length > 0 && rooms.every(({ sync }) => this.isWithin(sync.lastChangeAt, timing.fresh));
    if (
      roomsAreActive &&
      this.isWithin(this.headsReceivedAt, timing.atLeast) &&
      this.isWithin(this.sentAt, timing.seldom)
    )
      this.schedule();
    else void this.send();
  }

  private isWithin(since: number, ms: number): boolean {
    return this.clock.mono() - since < ms;
  }
}
