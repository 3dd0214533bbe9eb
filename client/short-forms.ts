import type {
  RoomHead,
  InputRequest,
  JoinReply,
  HeartbeatReply,
  ServerToClient,
  ShortInput,
} from '../shared/protocol.ts';
import type { Refused } from '../shared/refusals.ts';

/**
 * Reads changes and writes inputs in their short forms, in which a room goes by a number and the term is not said
 * again: for one line, since it is what that line has brought that they rest on. For transports; whoever uses one knows
 * of whole ones only.
 */
export class ShortForms {
  private readonly rooms = new Map<number, { room: string; term: number }>();
  /** The numbers of rooms whose inputs may be short. */
  private readonly numbers = new Map<string, number>();

  /** Every answer to a join, in the very turn in which it arrives: changes may follow right behind it. */
  recordJoin(reply: JoinReply): void {
    if (!reply.ok || reply.number === undefined) return;
    this.rooms.set(reply.number, { room: reply.room, term: reply.term });
    if (reply.shortInputs) this.numbers.set(reply.room, reply.number);
  }

  /** Every answer to `place`, in the very turn in which it arrives: its heads, in full. */
  expandHeartbeat(reply: HeartbeatReply | Refused): void {
    if (!reply.ok) return;
    for (const [room, heard] of Object.entries(reply.rooms)) {
      if (!Array.isArray(heard)) continue;
      // one that was entered again has several
      const own = [...this.rooms.values()].reverse().find(r => r.room === room);
      if (own) reply.rooms[room] = headOf(own.term, ...heard);
    }
  }

  /**
   * @returns an event and what it says in full: `change` or `heads` where it came in a short form; null for a change of
   * a room that this line knows nothing of
   */
  expandEvent(event: string, said: unknown[]): [event: string, ...said: unknown[]] | null {
    if (event === 'h') return ['heads', this.expandHeads(said as number[])];
    if (event !== 'c' && event !== 's') return [event, ...said];
    const [number, seq, what, events, term, prevTerm] = said as Parameters<ServerToClient['c']>;
    const changes = event === 's' ? { state: what } : what;
    const own = this.rooms.get(number);
    if (!own) return null;
    const before = prevTerm ?? own.term;
    own.term = term ?? own.term;
    return events
      ? ['change', own.room, own.term, seq, before, changes, events]
      : ['change', own.room, own.term, seq, before, changes];
  }

  private expandHeads(said: number[]): Record<string, RoomHead> {
    const heads: Record<string, RoomHead> = {};
    for (let at = 0; at < said.length; at += 3) {
      const own = this.rooms.get(said[at]!);
      if (own) heads[own.room] = headOf(own.term, said[at + 1]!, said[at + 2]!);
    }
    return heads;
  }

  /** @returns the same in its short form; null where the node has not said that it reads that */
  shortenInput({ room, n, hold, press, after, session }: InputRequest): ShortInput | null {
    const number = this.numbers.get(room);
    if (number === undefined || session !== undefined) return null;
    return after
      ? [number, n, hold ?? 0, press ?? 0, after]
      : press
        ? [number, n, hold ?? 0, press]
        : [number, n, hold ?? 0];
  }
}

const headOf = (term: number, seq: number, watchers: number): RoomHead => ({ head: [term, seq], term, watchers });
