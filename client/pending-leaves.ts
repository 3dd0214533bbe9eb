import { parseRoomCode } from '../shared/ids.ts';
import { dutyOf, makeRefusal, type Refused } from '../shared/refusals.ts';
import type { Connector } from './connector.ts';
import type { ClientClock } from './ports.ts';

/**
 * What became of `room.leave()`. `confirmed`: the seat is given up. Otherwise `code` says why that is not known:
 * `unavailable`, the client is not connected, and goes on trying; `left`, the client was closed, or joined the room
 * again; or why the server refuses.
 */
export type Left = { confirmed: true } | { confirmed: false; code: string };

interface PendingLeave {
  session: string;
  code: string;
  settle(left: Left): void;
}

/** How long (ms) a caller waits for the result. After that the result is that nothing is known yet. */
const confirmTimeoutMs = 10_000;
/** How long (ms) after an attempt without an answer the next one follows. */
const retryDelayMs = 300;

/**
 * Rooms whose seat this client wants to give up. The intention lasts until the room's owner has confirmed it, over any
 * number of connections, and ends with the client. A later join of the same room withdraws it; a call to watch the room
 * does not.
 */
export class PendingLeaves {
  private readonly rooms = new Map<string, PendingLeave>();
  private ended: string | null = null;
  /** As whom the last connection was welcomed. */
  private player: string | null = null;

  constructor(
    private readonly connector: Connector,
    private readonly clock: ClientClock,
  ) {
    connector.onWelcome.add(({ player }) => {
      // Until then another connection may have been refused: the one that is open still gives the seats up.
      if (this.player !== null && this.player !== player) this.end('bad-token', false);
      this.player = player;
      for (const [room, one] of this.rooms) void this.send(room, one);
    });
  }

  /**
   * Gives up the hold of a session. Resolves when that is confirmed, or cannot be, or after 10 s; in that case it is
   * still tried.
   */
  leave(room: string, session: string, code: string): Promise<Left> {
    if (this.ended !== null) return Promise.resolve({ confirmed: false, code: this.ended });
    return new Promise(resolve => {
      const stop = this.clock.after(confirmTimeoutMs, () => resolve({ confirmed: false, code: 'unavailable' }));
      const one: PendingLeave = {
        session,
        code,
        settle: left => {
          stop();
          if (this.rooms.get(room) === one) this.rooms.delete(room);
          resolve(left);
        },
      };
      this.rooms.get(room)?.settle({ confirmed: false, code: 'left' });
      this.rooms.set(room, one);
      void this.send(room, one);
    });
  }

  /** The room is joined again, by its id or its code: the caller wants the seat. */
  withdraw(which: { room?: string; code?: string }): void {
    const code = parseRoomCode(which.code);
    for (const [room, one] of this.rooms)
      if (room === which.room || (code !== null && one.code === code)) one.settle({ confirmed: false, code: 'left' });
  }

  /**
   * The client is closed, refused for good, or (not `forGood`) another player now: nothing of this is sent any more.
   */
  end(code: string, forGood = true): void {
    if (forGood) this.ended = code;
    for (const one of [...this.rooms.values()]) one.settle({ confirmed: false, code });
  }

  private async send(room: string, one: PendingLeave): Promise<void> {
    const { connection } = this.connector;
    if (!connection) return; // the next welcome sends it
    let reply: { ok: true } | Refused;
    try {
      reply = await this.connector.request('leave', { room, session: one.session, seat: true });
    } catch {
      reply = makeRefusal('unavailable', undefined, retryDelayMs); // no answer, and the connection may be open still
    }
    if (this.rooms.get(room) !== one) return;
    if (reply.ok || reply.code === 'room-missing') return one.settle({ confirmed: true });
    if (dutyOf(reply.code) !== 'retry') return one.settle({ confirmed: false, code: reply.code });
    this.clock.after(reply.retryAfter ?? retryDelayMs, () => {
      if (this.rooms.get(room) === one && this.connector.connection === connection) void this.send(room, one);
    });
  }
}
