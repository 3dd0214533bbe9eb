import { limits } from '../../../shared/limits.ts';
import { isOccupied, type RoomDocument } from '../core/document.ts';
import type { Journal, OwnershipStatus } from './journal.ts';
import type { Recorder } from './recorder.ts';

/** Work of a room's loop besides its batches. `presence` and `ownership` are done by the loop itself. */
type Task = 'presence' | 'ownership' | 'renewal' | 'existence' | 'snapshot';

interface UpkeepParts {
  journal: Journal;
  recorder: Recorder;
  doc: RoomDocument;
  /** Monotonic ms. */
  mono(): number;
}

/** What a room's loop has to ask or write in the store besides entries. Once a second it is found out what is due. */
export class Upkeep {
  private readonly due = new Set<Task>();
  /**
   * Monotonic ms of the last check that the room still exists. Needed because a room with only spectators writes
   * nothing.
   */
  private existenceCheckedAt: number;

  constructor(private readonly parts: UpkeepParts) {
    this.existenceCheckedAt = parts.mono();
  }

  /** Whether anything is due. */
  get isDue(): boolean {
    return this.due.size > 0;
  }
  has(task: Task): boolean {
    return this.due.has(task);
  }
  request(task: Task): void {
    this.due.add(task);
  }
  /** @returns whether the task was due; now it is not */
  take(task: Task): boolean {
    return this.due.delete(task);
  }

  /** While the store cannot be reached: presence is checked once its result can be journaled. */
  postponeChecks(): void {
    this.due.delete('presence');
    this.due.delete('existence');
  }

  /** Once a second. @param memberCount the number of connections in the room */
  findDueTasks(memberCount: number, roomTime: number): void {
    const { journal, recorder, doc, mono } = this.parts;
    this.set('renewal', journal.isRenewalDue(roomTime));
    this.set('snapshot', recorder.finishedMatches.length > 0); // one failed, or the previous owner died before it
    // A room with only spectators may have expired or been discarded, and it writes nothing that would show that.
    const hasSpectatorsAlone = memberCount > 0 && !isOccupied(doc);
    this.set('existence', hasSpectatorsAlone && mono() - this.existenceCheckedAt >= limits.existenceCheckInterval);
  }

  private set(task: Task, isDue: boolean): void {
    if (isDue) this.due.add(task);
    else this.due.delete(task);
  }

  renewLife(roomTime: number): Promise<OwnershipStatus> {
    this.due.delete('renewal');
    return this.parts.journal.renew(roomTime);
  }

  checkExists(): Promise<OwnershipStatus> {
    this.due.delete('existence');
    this.existenceCheckedAt = this.parts.mono();
    return this.parts.journal.checkExists();
  }
}
