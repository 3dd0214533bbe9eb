import assert from 'node:assert/strict';
import type { Clock, Timer } from '../server/ports.ts';
import { TimerQueue } from './timer-queue.ts';

/** Runs all promises that can go on without time passing; only outside of a promise's own callback. Not in the documentation of Node, so its absence is survived. */
const drain = (process as unknown as { _tickCallback?: () => void })._tickCallback;

/**
 * How promises get their turn between two timers. `turns`: the event loop goes round, so that real I/O of a test's own
 * goes on as well. `swift`: they alone are run, ten times as fast, while nothing real happens.
 */
export type Pace = 'turns' | 'swift';

/** Time that passes only when a test lets it: from one timer to the next, with all that follows from each in between. */
export class VirtualClock implements Clock {
  private passed = 0;
  private readonly waiting = new TimerQueue();
  private failure: Error | null = null;

  constructor(private readonly begin = Date.UTC(2026, 0, 1), private readonly pace: Pace = 'turns') {}

  now(): number { return this.begin + Math.floor(this.passed); }
  mono(): number { return this.passed; }
  /** Timers that wait. */
  get timers(): number { return this.waiting.size; }

  soon(fn: () => void): void { this.after(0, fn); }

  after(ms: number, fn: () => void): Timer { return this.waiting.add(this.passed + Math.max(0, ms), fn, this.passed); }

  /** The same, but it is never put off by `skip`: for what a test does, which is no part of the idle time. */
  afterExactly(ms: number, fn: () => void): Timer { return this.waiting.add(this.passed + Math.max(0, ms), fn, -Infinity); }

  sleep(ms: number): Promise<void> { return new Promise(resolve => { this.after(ms, resolve); }); }

  /** What lets time pass fails with this. */
  fail(error: Error): void { this.failure ??= error; }

  /** Lets so many ms pass. */
  async pass(ms: number): Promise<void> {
    const until = this.passed + ms;
    await this.wind(() => this.waiting.next > until);
    this.passed = until;
  }

  /**
   * Skips idle time, up to `ms`: timers set for less than 10 s ahead (heartbeats, scans, keep-alives) are put off, as if every process
   * had been suspended; all others keep their time and are not skipped. Only for times in which nothing else would happen.
   * @returns how many ms were skipped
   */
  skip(ms: number): number {
    const by = Math.floor(Math.min(ms, this.waiting.nextOf(10_000) - this.passed));
    if (by <= 0) return 0;
    this.waiting.putOff(by, 10_000);
    this.passed += by;
    this.onSkip(by);
    return by;
  }

  /** Called with the ms that were skipped. */
  onSkip: (ms: number) => void = () => {};

  /** Lets time pass until `holds`. @throws when it does not within so many ms */
  async until(what: string, holds: () => boolean, within = 15_000): Promise<number> {
    const from = this.passed;
    await this.wind(() => {
      if (holds()) return true;
      assert.ok(this.waiting.next - from <= within, `${what}: not within ${within} ms`);
      return false;
    });
    return this.passed - from;
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, what = 'a promise', within = 15_000): Promise<T> {
    let over = false;
    const end = () => { over = true; };
    promise.then(end, end);
    await this.until(what, () => over, within);
    return promise;
  }

  private takeFailure(): Error {
    const failure = this.failure!;
    this.failure = null;
    return failure;
  }

  /** Fires one timer after the other, each with all that follows from it, until `enough`, which is asked before each. */
  private wind(enough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          // What follows from one timer has happened before the next: by turns of the loop, or by draining in between.
          do {
            if (this.failure) throw this.takeFailure();
            if (enough()) return resolve();
            this.fire();
            if (this.pace === 'swift') drain?.();
          } while (this.pace === 'swift' && drain !== undefined);
          setImmediate(turn);
        } catch (error) {
          reject(error as Error);
        }
      };
      setImmediate(turn);
    });
  }

  private fire(): void {
    const at = this.waiting.next;
    const fn = this.waiting.take();
    this.passed = Math.max(this.passed, at);
    fn?.();
  }
}
