import { RejoinError } from '../shared/errors.ts';
import type { LeakError } from './secrets.ts';

/** What failed during a test: a rule, an effect, or a check for leaks. */
export type Failure =
  | {
      kind: 'rule';
      /** As in `actions.step`, `timers.turn`, `setup`, `view`. */
      name: string;
      error: unknown;
    }
  | {
      kind: 'effect';
      name: string;
      key: string;
      /** What `onEffect` threw. */
      error: unknown;
    }
  | { kind: 'leak'; error: LeakError };

/** A rule of the game threw, or left a value that is not JSON. `cause` is what it threw. */
export class RuleFailedError extends RejoinError {
  override readonly name = 'RuleFailedError';
  override readonly code = 'rule-failed';
  constructor(
    readonly rule: string,
    override readonly cause: unknown,
  ) {
    super(`the rule ${rule} failed: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`);
  }
}
