import { limits } from '../../shared/limits.ts';
import type { Clock, Meter } from '../ports.ts';
import type { Connection } from '../sessions/connection.ts';
import { cutOff, lineOf, waitingFor } from './line.ts';
import type { GameSocket } from './types.ts';

/**
 * Socket.IO buffers without limit for a client that does not read. Here such a client first gets no more changes; when
 * it has read what it has, it is told to catch up, by one snapshot instead of all it missed; and when it still does not
 * read, it is let go.
 */
export class SlowReaders {
  /** Connections that get no changes for now, and since when. */
  private readonly held = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly clock: Clock, private readonly meter: Meter) {}

  start(connections: () => Connection[], socketOf: (id: string) => GameSocket | undefined): void {
    this.timer = setInterval(() => {
      for (const connection of connections()) {
        const socket = socketOf(connection.id);
        if (socket) this.look(connection, socket);
      }
      for (const id of this.held.keys()) if (!socketOf(id)) this.held.delete(id);
    }, 250);
  }

  stop(): void { if (this.timer) clearInterval(this.timer); }

  private look(connection: Connection, socket: GameSocket): void {
    const { packets, size } = waitingFor(lineOf(socket));
    const since = this.held.get(connection.id);
    const now = this.clock.mono();
    // Between two looks much may be sent by a node in a hurry: nobody is cut off who could not have known better.
    if (since !== undefined && (packets > limits.slowest || size > limits.slowestBytes || now - since > limits.slowFor)) {
      cutOff(lineOf(socket)); // it may come back, and is caught up then
    } else if (since === undefined && (packets > limits.slowPackets || size > limits.slowBytes)) {
      this.meter.count('slowReaders');
      this.held.set(connection.id, now);
      for (const { channels } of connection.rooms.values()) for (const channel of channels) connection.unsubscribe(channel);
    } else if (since !== undefined && packets === 0) {
      this.held.delete(connection.id);
      for (const [room, { channels }] of connection.rooms) {
        for (const channel of channels) connection.subscribe(channel);
        connection.notice({ room, code: 'resync' });
      }
    }
  }
}
