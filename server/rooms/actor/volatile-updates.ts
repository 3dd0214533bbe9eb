import type { ContractDef } from '../../../shared/contract.ts';
import type { Changes } from '../../../shared/delta.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Audience, Audiences } from './audiences.ts';
import type { RoomMachine } from '../core/machine.ts';

/**
 * For games that do not journal volatile state with every tick: ticks that changed only volatile state are sent at once
 * and journaled with the next entry. A crash loses what was not journaled; clients drop it when the next owner
 * announces itself.
 */
export class VolatileUpdates {
  /** Ms between entries; 0 if every tick is journaled. */
  private readonly intervalMs: number;
  private lastEntryAt = -Infinity;
  /** Number of volatile updates sent since the last entry. */
  private sentCount = 0;

  constructor(
    def: ContractDef,
    private readonly machine: RoomMachine,
    private readonly audiences: Audiences,
    private readonly clock: Clock,
  ) {
    const durable = def.tick?.durable ?? 'every';
    this.intervalMs = durable === 'every' ? 0 : durable.everyMs;
  }

  /** Whether a batch of ticks may wait for the next entry. */
  get mayDeferEntry(): boolean {
    return this.intervalMs > 0 && this.clock.mono() - this.lastEntryAt < this.intervalMs;
  }
  /** Whether updates may have been sent that are in no entry yet. */
  get isEnabled(): boolean {
    return this.intervalMs > 0;
  }

  /** Called when an entry was committed; it contains everything sent so far. */
  entryCommitted(): void {
    this.lastEntryAt = this.clock.mono();
    this.sentCount = 0;
  }

  /**
   * Sends the volatile changes since the last call, numbered from the last entry.
   * @returns false when there is an entry to write
   */
  send(each: (audience: Audience, n: number, changes: Changes) => void): boolean {
    const changes = this.machine.takeVolatileChanges();
    if (!changes) return false;
    this.sentCount += 1;
    for (const [audience, visible] of this.audiences.volatileChanges(changes)) each(audience, this.sentCount, visible);
    return true;
  }
}
