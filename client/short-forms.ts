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
 * Expands short forms of changes and shortens inputs (SPEC W9), for one connection: a room goes by a number, and the
 * term in effect is not repeated. Used by transports; code above them sees full forms only.
 */
export class ShortForms {
  private readonly rooms = new Map<number, { room: string; term: number }>();
  /** Numbers of the rooms whose inputs may be short. */
  private readonly numbers = new Map<string, number>();

  /** Call with every answer to a join, in the turn in which it arrives: changes may follow immediately. */
  recordJoin(reply: JoinReply): void {
    if (!reply.ok || reply.number === undefined) return;
    this.rooms.set(reply.number, { room: reply.room, term: reply.term });
    if (reply.shortInputs) this.numbers.set(reply.room, reply.number);
  }

  /** Call with every answer to `place`, in the turn in which it arrives. Expands its positions in place. */
  expandHeartbeat(reply: HeartbeatReply | Refused): void {
    if (!reply.ok) return;
    for (const [room, head] of Object.entries(reply.rooms)) {
      if (!Array.isArray(head)) continue;
      // a room that was joined again has several numbers
      const own = [...this.rooms.values()].reverse().find(r => r.room === room);
      if (own) reply.rooms[room] = headOf(own.term, ...head);
      // The answer to the join has not arrived, or came too late to count: as if the node did not know the room yet.
      else delete reply.rooms[room];
    }
  }

  /**
   * @returns the event in full form (`change` or `heads` for a short form); null for a change of a room without a
   * number on this connection
   */
  expandEvent(event: string, args: unknown[]): [event: string, ...args: unknown[]] | null {
    if (event === 'h') return ['heads', this.expandHeads(args as number[])];
    if (event !== 'c' && event !== 's') return [event, ...args];
    const [number, seq, what, events, term, prevTerm] = args as Parameters<ServerToClient['c']>;
    const changes = event === 's' ? { state: what } : what;
    const own = this.rooms.get(number);
    if (!own) return null;
    const before = prevTerm ?? own.term;
    own.term = term ?? own.term;
    return events
      ? ['change', own.room, own.term, seq, before, changes, events]
      : ['change', own.room, own.term, seq, before, changes];
  }

  private expandHeads(args: number[]): Record<string, RoomHead> {
    const heads: Record<string, RoomHead> = {};
    for (let at = 0; at < args.length; at += 3) {
      const own = this.rooms.get(args[at]!);
      if (own) heads[own.room] = headOf(own.term, args[at + 1]!, args[at + 2]!);
    }
    return heads;
  }

  /** @returns the short form; null if the node does not read it */
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
