import { limits } from '../../../shared/limits.ts';
import type { RuleRun, HangDetector } from '../../runtime/ports.ts';

/** Detects nothing; for rooms without a node. */
export const noHangDetector: HangDetector = { begin: () => {}, end: () => {} };

/**
 * Runs game code that does not belong to a step of a room under hang detection. If it hangs, the process ends, but no
 * report is stored and nothing is blocked.
 */
export function runWatched<T>(
  hangDetector: HangDetector,
  game: string,
  rule: string,
  player: string,
  work: () => T,
): T {
  hangDetector.begin({ room: '', token: '', seq: 0, game, input: rule, rule, player, session: '', n: 0, who: '' });
  try {
    return work();
  } finally {
    hangDetector.end();
  }
}

export interface TrackedRoom {
  room: string;
  token: string;
  game: string;
  seq: number;
}
interface RuleTrackerParts {
  hangDetector: HangDetector;
  /** Monotonic ms. */
  mono(): number;
  /** Called when a rule took longer than `limits.slowRuleAfter`. */
  onSlow(rule: string, ms: number): void;
}

/**
 * Tells the hang detector which rule of a room is running. A *step* is one command; the rules within it run one after
 * the other, and each is timed separately.
 */
export class RuleTracker {
  private readonly run: RuleRun;
  private ruleStartedAt = 0;

  constructor(
    room: TrackedRoom,
    private readonly parts: RuleTrackerParts,
  ) {
    this.run = { ...room, input: '', rule: '', player: '', session: '', n: 0, who: '' };
  }

  /** For a room without a node. */
  static inactive(): RuleTracker {
    return new RuleTracker(
      { room: '', token: '', game: '', seq: 0 },
      { hangDetector: noHangDetector, mono: () => 0, onSlow: () => {} },
    );
  }

  /** The rule that ran last. */
  get lastRule(): string {
    return this.run.rule;
  }

  /** Called when an entry is durable: later runs follow it. */
  entryCommitted(seq: number): void {
    this.run.seq = seq;
  }

  /** Begins a step. `rule`: the first rule of it. */
  beginStep(input: string, rule: string = input, who = '', player = '', session = '', n = 0): void {
    const { run } = this;
    run.input = input;
    run.rule = rule;
    run.who = who;
    run.player = player;
    run.session = session;
    run.n = n;
    this.ruleStartedAt = this.parts.mono();
    this.parts.hangDetector.begin(run);
  }

  /** Begins another rule within a step; `who`: the player or audience it is about. */
  beginRule(rule: string, who = ''): void {
    this.reportIfSlow();
    this.run.rule = rule;
    this.run.who = who;
    this.parts.hangDetector.begin(this.run);
  }

  endStep(): void {
    this.parts.hangDetector.end();
    this.reportIfSlow();
  }

  private reportIfSlow(): void {
    const mono = this.parts.mono();
    if (mono - this.ruleStartedAt > limits.slowRuleAfter) this.parts.onSlow(this.run.rule, mono - this.ruleStartedAt);
    this.ruleStartedAt = mono;
  }
}
