import { apply, copy, type Changes } from '../shared/delta.ts';
import type { Json } from '../shared/json.ts';
import { isSamePosition, type Position } from '../shared/position.ts';
import type { JoinRequest, JoinSuccess, RoomView, WireChange } from '../shared/protocol.ts';

/** What became of a change. `behind`: it cannot be applied, so the room must be joined again. */
export type Received = 'applied' | 'ignored' | 'behind';

/** Context of an event. `replayed`: it happened while this client was disconnected. */
export interface EventContext {
  replayed: boolean;
  place: Position;
}

/**
 * A replica of a room's state: that of the journal at `position`, and the volatile changes since then.
 * | Invariants:
 * - an entry is applied only to the state after the entry before it, without volatile changes;
 * - after a change that failed, the replica is wrong until it gets a snapshot, and asks for one.
 */
export class RoomReplica {
  position: Position = [0, 0];
  private current: RoomView | null = null;
  /**
   * Number of volatile changes applied since the entry at `position`. `durable` is the view without them, to which the
   * next entry applies.
   */
  private volatileCount = 0;
  private durable: RoomView | null = null;
  /** A change could not be applied, so the view may be inconsistent. */
  private isDamaged = false;
  /** The owner's term at the last answer to a join. */
  private answeredInTerm = 0;

  /** @param onEvent called for each event of an entry, when its change is applied */
  constructor(private readonly onEvent: (name: string, data: Json, about: EventContext) => void) {}

  /** Changes in place. */
  get view(): RoomView {
    return this.current!;
  }
  get isEmpty(): boolean {
    return this.current === null;
  }

  /** The fields of a join that say what this replica needs. */
  get joinFields(): Pick<JoinRequest, 'place' | 'whole'> {
    return {
      ...(this.isEmpty ? {} : { place: this.position }),
      ...(this.volatileCount > 0 || this.isDamaged || this.position[1] === 0 ? { whole: true } : {}),
    };
  }

  /**
   * Applies the answer to a join.
   * @returns the number of changes that were missed; null if one could not be applied
   */
  resume(reply: JoinSuccess): number | null {
    const missed = reply.with === 'changes' ? reply.changes! : [];
    if (reply.with === 'snapshot') {
      this.current = reply.view!;
      this.volatileCount = 0;
      this.durable = null;
      this.isDamaged = false;
    }
    try {
      for (const change of missed) this.apply(change, true);
    } catch (error) {
      this.markDamaged(error);
      return null;
    }
    this.position = reply.place;
    this.answeredInTerm = reply.term;
    return missed.length;
  }

  /** Applies a change if it follows on this position. */
  receive(change: WireChange): Received {
    const [term, seq, prevTerm] = change;
    // another owner, which does not have the last volatile changes
    if (this.volatileCount > 0 && term !== this.position[0]) return 'behind';
    // A room without entries may have been removed, and created again with other data under the same id.
    if (this.position[1] === 0 && term !== this.answeredInTerm) return 'behind';
    if (this.position[0] === prevTerm && this.position[1] === seq - 1) {
      try {
        this.apply(change, false);
        return 'applied';
      } catch (error) {
        return this.markDamaged(error);
      }
    }
    return this.hasReached([term, seq]) ? 'ignored' : 'behind'; // a change in between is missing
  }

  /** Applies volatile state. What does not follow on this state is ignored: the next entry contains it. */
  receiveVolatile(term: number, seq: number, k: number, changes: Changes): Received {
    if (!this.current || !isSamePosition(this.position, [term, seq]) || k !== this.volatileCount + 1) return 'ignored';
    try {
      if (this.volatileCount === 0) this.durable = copy(this.current);
      apply(this.current as unknown as Json, changes);
    } catch (error) {
      return this.markDamaged(error);
    }
    this.volatileCount = k;
    return 'applied';
  }

  /** Whether the entry at a position is applied, as far as the numbers tell. */
  hasReached([term, seq]: Position): boolean {
    return term < this.position[0] || (term === this.position[0] && seq <= this.position[1]);
  }

  private apply([term, seq, , changes, events]: WireChange, replayed: boolean): void {
    if (this.volatileCount > 0) this.current = this.durable;
    if (changes !== 0) apply(this.current as unknown as Json, changes);
    this.position = [term, seq];
    this.volatileCount = 0;
    this.durable = null;
    for (const [name, data] of events ?? []) this.onEvent(name, data, { replayed, place: this.position });
  }

  private markDamaged(error: unknown): Received {
    console.error(error);
    this.isDamaged = true;
    return 'behind';
  }
}
