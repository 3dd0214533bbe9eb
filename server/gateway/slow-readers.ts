import { limits } from '../../shared/limits.ts';
import type { Clock, Meter } from '../runtime/ports.ts';
import type { Connection } from '../sessions/connection.ts';
import { terminateConnection, engineSocketOf, backlogOf } from './engine-socket.ts';
import type { GameSocket } from './socket-types.ts';

/**
 * Socket.IO buffers without limit for a client that does not read. Here such a client first gets no more changes; when
 * it has read what it has, it is told to catch up, by one snapshot instead of all it missed; and when it still does not
 * read, it is let go.
 */
export class SlowReaders {
  /** Connections that get no changes for now, and since when. */
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
    // Between two looks much may be sent by a node in a hurry: nobody is cut off who could not have known better.
    if (
      since !== undefined &&
      (packets > limits.outboundHardPackets || size > limits.outboundHardBytes || now - since > limits.outboundSoftTime)
    ) {
      terminateConnection(engineSocketOf(socket)); // it may come back, and is caught up then
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
