import type { ContractDef } from '../../shared/contract.ts';
import type { Changes } from '../../shared/delta.ts';
import type { Clock } from '../ports.ts';
import type { Audience, Audiences } from './audiences.ts';
import type { Room } from './room.ts';

/**
 * Games that journal motion less often than they tick: ticks that only moved things are told at once, and journaled with the
 * next entry. A crash takes what was not: a client drops it when the next owner speaks.
 */
export class Motion {
  /** ms; 0 where each tick is journaled. */
  private readonly every: number;
  private lastEntry = -Infinity;
  /** Told since then. */
  private told = 0;

  constructor(def: ContractDef, private readonly room: Room, private readonly audiences: Audiences, private readonly clock: Clock) {
    const durable = def.tick?.durable ?? 'every';
    this.every = durable === 'every' ? 0 : durable.everyMs;
  }

  /** Whether a batch of nothing but ticks may wait for the next entry. */
  get mayWait(): boolean { return this.every > 0 && this.clock.mono() - this.lastEntry < this.every; }
  /** Whether something may have been told that is in no entry yet. */
  get isUsed(): boolean { return this.every > 0; }

  /** An entry holds all that was told. */
  committed(): void {
    this.lastEntry = this.clock.mono();
    this.told = 0;
  }

  /** Tells what moved since it was last told, as the nth time since the last entry. @returns false when there is an entry to be written */
  tell(each: (audience: Audience, n: number, changes: Changes) => void): boolean {
    const changes = this.room.motion();
    if (!changes) return false;
    this.told += 1;
    for (const [audience, visible] of this.audiences.motion(changes)) each(audience, this.told, visible);
    return true;
  }
}
