import type { AnyGame } from '../../shared/contract.ts';
import type { Timer } from '../runtime/ports.ts';
import type { HandoverReason } from '../rooms/actor/messages.ts';
import type { RecoveredRoom } from '../rooms/actor/recovery.ts';
import type { PeekedRoom } from '../store/store.ts';

/** A room that another node is about to hand over to this one: loaded, but not owned yet. */
export interface PreparedRoom {
  token: string;
  game: AnyGame;
  recovered: RecoveredRoom;
  peeked: PeekedRoom;
  reason: HandoverReason;
  /**
   * ClusterMembership.lease at the request: while it is valid, no other node can have claimed the room from this one
   * since the handover.
   */
  lease: number | null;
  /** Monotonic ms. */
  preparedAt: number;
  timer: Timer | null;
}

interface Waiter {
  waiting: Promise<void>;
  resolve(): void;
}

/** The rooms that other nodes are about to hand over to this one. */
export class PreparedRooms {
  private readonly rooms = new Map<string, { room: PreparedRoom; waiter: Waiter }>();

  get size(): number {
    return this.rooms.size;
  }
  get(id: string): PreparedRoom | undefined {
    return this.rooms.get(id)?.room;
  }
  has(id: string): boolean {
    return this.rooms.has(id);
  }
  all(): [id: string, room: PreparedRoom][] {
    return [...this.rooms].map(([id, { room }]) => [id, room]);
  }

  add(id: string, room: PreparedRoom): void {
    this.rooms.set(id, { room, waiter: createWaiter() });
  }

  /**
   * Requests for the room wait for this: it resolves when the room is here, or is known not to be; undefined if none is
   * expected.
   */
  wait(id: string): Promise<void> | undefined {
    return this.rooms.get(id)?.waiter.waiting;
  }

  /** Resolves what waits for the room; the room is still expected. */
  releaseWaiting(id: string): void {
    const known = this.rooms.get(id);
    known?.waiter.resolve();
    if (known) known.waiter = createWaiter();
  }

  /** The room is no longer expected. */
  remove(id: string): void {
    const known = this.rooms.get(id);
    known?.room.timer?.cancel();
    this.rooms.delete(id);
    known?.waiter.resolve();
  }
}

function createWaiter(): Waiter {
  let resolve = () => {};
  const waiting = new Promise<void>(done => {
    resolve = done;
  });
  return { waiting, resolve };
}
