import { limits } from '../../shared/limits.ts';
import type { Run, Watch } from '../ports.ts';

/** Watches nothing: for rooms without a node. */
export const noWatch: Watch = { begin: () => {}, end: () => {} };

/**
 * Watches over code of a game that runs outside of a room's steps. Nobody is blamed for it, and nothing is refused the next
 * time; but the node ends, and does not stand there for ever with all who are connected to it.
 */
export function watchedAlone<T>(watch: Watch, game: string, rule: string, player: string, work: () => T): T {
  watch.begin({ room: '', token: '', seq: 0, game, input: rule, rule, player, session: '', n: 0, who: '' });
  try {
    return work();
  } finally {
    watch.end();
  }
}

export interface WatchedRoom { room: string; token: string; game: string; seq: number }
interface WatchedParts {
  watch: Watch;
  /** Monotonic ms. */
  mono(): number;
  /** A rule took longer than it should. */
  onSlow(rule: string, ms: number): void;
}

/**
 * Says of one room which of its rules runs. A *step* is what the room was asked; within it the rules follow each other,
 * and each counts by itself.
 */
export class Watched {
  private readonly run: Run;
  private since = 0;

  constructor(room: WatchedRoom, private readonly parts: WatchedParts) {
    this.run = { ...room, input: '', rule: '', player: '', session: '', n: 0, who: '' };
  }

  /** For a room without a node. */
  static unwatched(): Watched { return new Watched({ room: '', token: '', game: '', seq: 0 }, { watch: noWatch, mono: () => 0, onSlow: () => {} }); }

  /** The rule that was named last. */
  get lastRule(): string { return this.run.rule; }

  /** An entry is durable: what runs from now on comes after it. */
  committed(seq: number): void { this.run.seq = seq; }

  /** A step begins. `rule`: what it begins with. */
  begin(input: string, rule: string = input, who = '', player = '', session = '', n = 0): void {
    const { run } = this;
    run.input = input;
    run.rule = rule;
    run.who = who;
    run.player = player;
    run.session = session;
    run.n = n;
    this.since = this.parts.mono();
    this.parts.watch.begin(run);
  }

  /** Within a step: another rule begins, about somebody. */
  rule(rule: string, who = ''): void {
    this.look();
    this.run.rule = rule;
    this.run.who = who;
    this.parts.watch.begin(this.run);
  }

  end(): void {
    this.parts.watch.end();
    this.look();
  }

  private look(): void {
    const mono = this.parts.mono();
    if (mono - this.since > limits.slowRule) this.parts.onSlow(this.run.rule, mono - this.since);
    this.since = mono;
  }
}
