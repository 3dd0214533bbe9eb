import type { Clock, Log, Meter } from '../../runtime/ports.ts';
import type { HangReport } from '../core/hangs.ts';

/** Logs and counts failures of a room's rules. */
export class RuleFailures {
  private readonly loggedAt = new Map<string, number>();

  constructor(
    private readonly parts: { clock: Clock; log: Log; meter: Meter },
    private readonly context: () => { room: string; game: string },
  ) {}

  /** Called when a rule failed. Logged at most once a second per rule. */
  ruleFailed(rule: string, error: unknown): void {
    this.parts.meter.count('failedRules');
    const now = this.parts.clock.mono();
    if (now - (this.loggedAt.get(rule) ?? -Infinity) < 1000) return;
    this.loggedAt.set(rule, now);
    this.parts.log.error({ ...this.context(), rule, error }, 'rule failed');
  }

  /** Called when hang reports of previous owners have been journaled. */
  rulesHung(hangReports: readonly HangReport[], isQuarantined: boolean): void {
    for (const { rule, n } of hangReports) {
      this.parts.meter.count('hungRules');
      this.parts.log.error(
        { ...this.context(), rule, ...(n > 0 ? { n } : {}), quarantined: isQuarantined },
        'rule hung and ended its node; the rule is blocked',
      );
    }
  }
}
