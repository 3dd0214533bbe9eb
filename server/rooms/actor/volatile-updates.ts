import type { ContractDef } from '../../../shared/contract.ts';
import type { Changes } from '../../../shared/delta.ts';
import type { Clock } from '../../runtime/ports.ts';
import type { Audience, Audiences } from './audiences.ts';
import type { RoomMachine } from '../core/machine.ts';

/**
 * Games that journal motion less often than they tick: ticks that only moved things are told at once, and journaled
 * with the next entry. A crash takes what was not: a client drops it when the next owner speaks.
 */
export class VolatileUpdates {
  /** ms; 0 where each tick is journaled. */
  private readonly intervalMs: number;
  private lastEntryAt = -Infinity;
  /** Told since then. */
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

  /** Whether a batch of nothing but ticks may wait for the next entry. */
  get mayDeferEntry(): boolean {
    return this.intervalMs > 0 && this.clock.mono() - this.lastEntryAt < this.intervalMs;
  }
  /** Whether something may have been told that is in no entry yet. */
  get isEnabled(): boolean {
    return this.intervalMs > 0;
  }

  /** An entry holds all that was told. */
  entryCommitted(): void {
    this.lastEntryAt = this.clock.mono();
    this.sentCount = 0;
  }

  /**
   * Tells what moved since it was last told, as the nth time since the last entry.
   * @returns false when there is an entry to be written
   */
  send(each: (audience: Audience, n: number, changes: Changes) => void): boolean {
    const changes = this.machine.takeVolatileChanges();
    if (!changes) return false;
    this.sentCount += 1;
    for (const [audience, visible] of this.audiences.volatileChanges(changes)) each(audience, this.sentCount, visible);
    return true;
  }
}
