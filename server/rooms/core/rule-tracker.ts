import { limits } from '../../../shared/limits.ts';
import type { RuleRun, HangDetector } from '../../runtime/ports.ts';

/** Watches nothing: for rooms without a node. */
export const noHangDetector: HangDetector = { begin: () => {}, end: () => {} };

/**
 * Watches over code of a game that runs outside of a room's steps. Nobody is blamed for it, and nothing is refused the
 * next time; but the node ends, and does not stand there for ever with all who are connected to it.
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
  /** A rule took longer than it should. */
  onSlow(rule: string, ms: number): void;
}

/**
 * Says of one room which of its rules runs. A *step* is what the room was asked; within it the rules follow each other,
 * and each counts by itself.
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

  /** The rule that was named last. */
  get lastRule(): string {
    return this.run.rule;
  }

  /** An entry is durable: what runs from now on comes after it. */
  entryCommitted(seq: number): void {
    this.run.seq = seq;
  }

  /** A step begins. `rule`: what it begins with. */
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

  /** Within a step: another rule begins, about somebody. */
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
