import { limits } from '../../shared/limits.ts';
import type { Clock, Log } from '../runtime/ports.ts';
import type { Store } from '../store/store.ts';

/** Checks once a second whether the store accepts writes, and sometimes how full it is; removes expired rooms. */
export class StoreMonitor {
  isWritable = true;
  /** Share of the store's memory in use; null: no limit, or unknown. */
  fill: number | null = null;
  /** Monotonic ms of the next removal of expired rooms from the store's indexes. */
  private nextCleanupAt = -Infinity;
  /** Monotonic ms of the next check of the store's memory usage. */
  private nextFillCheckAt = -Infinity;

  constructor(private readonly parts: { store: Store; clock: Clock; log: Log }) {}

  /** Whether the store has memory for recordings. */
  get hasRoomForRecordings(): boolean {
    return (this.fill ?? 0) < limits.storeFill.recordings;
  }
  /** Whether the store has memory for more rooms. */
  get hasRoomForRooms(): boolean {
    return (this.fill ?? 0) < limits.storeFill.rooms;
  }

  async check(): Promise<void> {
    const { store, clock, log } = this.parts;
    const isWritable = await store.probe().catch(() => false);
    if (isWritable !== this.isWritable)
      log.warn({ ok: isWritable }, isWritable ? 'store accepts writes again' : 'store rejects writes');
    this.isWritable = isWritable;
    const now = clock.mono();
    if (!isWritable) return;
    if (now >= this.nextFillCheckAt) {
      this.nextFillCheckAt = now + limits.storeFill.pollInterval;
      await this.checkFill();
    }
    if (now < this.nextCleanupAt) return;
    this.nextCleanupAt = now + limits.indexScan.interval;
    await store.removeExpired(limits.indexScan.roomsPerScan);
  }

  private async checkFill(): Promise<void> {
    const before = { keepsRecordings: this.hasRoomForRecordings, makesRooms: this.hasRoomForRooms };
    this.fill = await this.parts.store.memoryUsage();
    const after = { keepsRecordings: this.hasRoomForRecordings, makesRooms: this.hasRoomForRooms };
    if (before.keepsRecordings !== after.keepsRecordings || before.makesRooms !== after.makesRooms)
      this.parts.log.warn({ fill: this.fill, ...after }, 'store memory usage crossed a limit');
  }
}
