import { parseRoomCode } from '../shared/ids.ts';
import { dutyOf, makeRefusal, type Refused } from '../shared/refusals.ts';
import type { Connector } from './connector.ts';
import type { CompleteClock } from './ports.ts';

/**
 * Result of `room.leave()`. `confirmed`: the seat is given up. Otherwise `code` says why that is not known:
 * `unavailable` (not connected; the client keeps trying), `left` (the client was closed, or joined the room again), or
 * the server's refusal.
 */
export type Left = { confirmed: true } | { confirmed: false; code: string };

interface PendingLeave {
  session: string;
  code: string;
  settle(left: Left): void;
}

/** How long (ms) `leave` waits for a confirmation before it resolves as unconfirmed. */
const confirmTimeoutMs = 10_000;
/** Delay (ms) before a request without an answer is repeated. */
const retryDelayMs = 300;

/**
 * Seats that this client gives up. A leave is repeated over any number of connections until the room's owner confirms
 * it, and ends with the client. A later join of the same room withdraws it; watching the room does not.
 */
export class PendingLeaves {
  private readonly rooms = new Map<string, PendingLeave>();
  private ended: string | null = null;
  /** The player id of the last welcome. */
  private player: string | null = null;

  constructor(
    private readonly connector: Connector,
    private readonly clock: CompleteClock,
  ) {
    connector.onWelcome.add(({ player }) => {
      // Until now another connection may have been refused; the open one still gave the seats up.
      if (this.player !== null && this.player !== player) this.end('bad-token', false);
      this.player = player;
      for (const [room, one] of this.rooms) void this.send(room, one);
    });
  }

  /**
   * Gives up the hold of a session. Resolves when that is confirmed or impossible, or after 10 s; then it is still
   * tried.
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

  /** Withdraws the leave of a room that is joined again, by its id or code. */
  withdraw(which: { room?: string; code?: string }): void {
    const code = parseRoomCode(which.code);
    for (const [room, one] of this.rooms)
      if (room === which.room || (code !== null && one.code === code)) one.settle({ confirmed: false, code: 'left' });
  }

  /**
   * The client is closed or refused for good, or (not `forGood`) has become another player: pending leaves are dropped.
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
      reply = makeRefusal('unavailable', undefined, retryDelayMs); // no answer, but the connection may still be open
    }
    if (this.rooms.get(room) !== one) return;
    if (reply.ok || reply.code === 'room-missing') return one.settle({ confirmed: true });
    if (dutyOf(reply.code) !== 'retry') return one.settle({ confirmed: false, code: reply.code });
    this.clock.after(reply.retryAfter ?? retryDelayMs, () => {
      if (this.rooms.get(room) === one && this.connector.connection === connection) void this.send(room, one);
    });
  }
}
