import type { Clock, Log, Meter } from '../ports.ts';
import type { Blame } from './hangs.ts';

/** What goes wrong in a room's rules, as its operator hears of it. */
export class Failures {
  private readonly failedAt = new Map<string, number>();

  constructor(private readonly parts: { clock: Clock; log: Log; meter: Meter }, private readonly where: () => { room: string; game: string }) {}

  /** A rule failed: said once a second for each place, however often it fails. */
  failed(rule: string, error: unknown): void {
    this.parts.meter.count('failedRules');
    const now = this.parts.clock.mono();
    if (now - (this.failedAt.get(rule) ?? -Infinity) < 1000) return;
    this.failedAt.set(rule, now);
    this.parts.log.error({ ...this.where(), rule, error }, 'a rule of a game failed');
  }

  /** Rules hung under owners before, and it is in the journal now. */
  hung(blames: readonly Blame[], quarantined: boolean): void {
    for (const { rule, n } of blames) {
      this.parts.meter.count('hungRules');
      this.parts.log.error({ ...this.where(), rule, ...(n > 0 ? { n } : {}), quarantined }, 'a rule of a game hung and took its node along; it is not run again');
    }
  }
}
