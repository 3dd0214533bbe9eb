import { limits } from '../../shared/limits.ts';
import type { Clock, Meter } from '../runtime/ports.ts';
import type { Connection } from '../sessions/connection.ts';
import { terminateConnection, engineSocketOf, backlogOf } from './engine-socket.ts';
import type { GameSocket } from './socket-types.ts';

/**
 * Bounds the backlog of clients that do not read, which Socket.IO would buffer without limit. Beyond the soft limits, a
 * client gets no more changes; once it has read its backlog, it resyncs by one snapshot. Beyond the hard limits, or
 * after too long, its connection is terminated.
 */
export class SlowReaders {
  /** Paused connections, and monotonic ms since which. */
  private readonly pausedSince = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly meter: Meter,
  ) {}

  start(connections: () => Connection[], socketOf: (id: string) => GameSocket | undefined): void {
    this.timer = setInterval(() => {
      for (const connection of connections()) {
        const socket = socketOf(connection.id);
        if (socket) this.check(connection, socket);
      }
      for (const id of this.pausedSince.keys()) if (!socketOf(id)) this.pausedSince.delete(id);
    }, 250);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private check(connection: Connection, socket: GameSocket): void {
    const { packets, size } = backlogOf(engineSocketOf(socket));
    const since = this.pausedSince.get(connection.id);
    const now = this.clock.mono();
    // Between two checks a busy node may send a lot, so only paused clients are terminated.
    if (
      since !== undefined &&
      (packets > limits.outboundHardPackets || size > limits.outboundHardBytes || now - since > limits.outboundSoftTime)
    ) {
      terminateConnection(engineSocketOf(socket)); // it may reconnect and catch up
    } else if (since === undefined && (packets > limits.outboundSoftPackets || size > limits.outboundSoftBytes)) {
      this.meter.count('slowReaders');
      this.pausedSince.set(connection.id, now);
      for (const { channels } of connection.rooms.values())
        for (const channel of channels) connection.unsubscribe(channel);
    } else if (since !== undefined && packets === 0) {
      this.pausedSince.delete(connection.id);
      for (const [room, { channels }] of connection.rooms) {
        for (const channel of channels) connection.subscribe(channel);
        connection.deliverNotice({ room, code: 'resync' });
      }
    }
  }
}
