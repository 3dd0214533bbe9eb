import assert from 'node:assert/strict';
import type { Clock, Timer } from '../server/runtime/ports.ts';
import { TimerQueue } from './timer-queue.ts';

/**
 * Runs all promises that can go on without time passing; only outside of a promise's own callback. Not in the
 * documentation of Node, so its absence is survived.
 */
const drainMicrotasks = (process as unknown as { _tickCallback?: () => void })._tickCallback;

/**
 * How promises get their turn between two timers. `turns`: the event loop goes round, so that real I/O of a test's own
 * goes on as well. `swift`: they alone are run, ten times as fast, while nothing real happens.
 */
export type Scheduling = 'turns' | 'swift';

/**
 * Time that passes only when a test lets it: from one timer to the next, with all that follows from each in between.
 */
export class VirtualClock implements Clock {
  private elapsed = 0;
  private readonly queue = new TimerQueue();
  private failure: Error | null = null;

  constructor(
    private readonly startTime = Date.UTC(2026, 0, 1),
    private readonly pace: Scheduling = 'turns',
  ) {}

  now(): number {
    return this.startTime + Math.floor(this.elapsed);
  }
  mono(): number {
    return this.elapsed;
  }
  /** Timers that wait. */
  get timers(): number {
    return this.queue.size;
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  after(ms: number, fn: () => void): Timer {
    return this.queue.add(this.elapsed + Math.max(0, ms), fn, this.elapsed);
  }

  /** The same, but it is never put off by `skip`: for what a test does, which is no part of the idle time. */
  afterExactly(ms: number, fn: () => void): Timer {
    return this.queue.add(this.elapsed + Math.max(0, ms), fn, -Infinity);
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.after(ms, resolve);
    });
  }

  /** What lets time pass fails with this. */
  fail(error: Error): void {
    this.failure ??= error;
  }

  /** Lets so many ms pass. */
  async advance(ms: number): Promise<void> {
    const until = this.elapsed + ms;
    await this.runTimers(() => this.queue.next > until);
    this.elapsed = until;
  }

  /**
   * Skips idle time, up to `ms`: timers set for less than 10 s ahead (heartbeats, scans, keep-alives) are put off, as
   * if every process had been suspended; all others keep their time and are not skipped. Only for times in which
   * nothing else would happen.
   * @returns how many ms were skipped
   */
  skip(ms: number): number {
    const by = Math.floor(Math.min(ms, this.queue.nextSetFor(10_000) - this.elapsed));
    if (by <= 0) return 0;
    this.queue.postpone(by, 10_000);
    this.elapsed += by;
    this.onSkip(by);
    return by;
  }

  /** Called with the ms that were skipped. */
  onSkip: (ms: number) => void = () => {};

  /** Lets time pass until `holds`. @throws when it does not within so many ms */
  async waitUntil(what: string, holds: () => boolean, within = 15_000): Promise<number> {
    const from = this.elapsed;
    await this.runTimers(() => {
      if (holds()) return true;
      assert.ok(this.queue.next - from <= within, `${what}: not within ${within} ms`);
      return false;
    });
    return this.elapsed - from;
  }

  /** Lets time pass until the promise is settled. */
  async run<T>(promise: Promise<T>, what = 'a promise', within = 15_000): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    await this.waitUntil(what, () => over, within);
    return promise;
  }

  private takeFailure(): Error {
    const failure = this.failure!;
    this.failure = null;
    return failure;
  }

  /**
   * Fires one timer after the other, each with all that follows from it, until `enough`, which is asked before each.
   */
  private runTimers(enough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          // What follows from one timer has happened before the next: by turns of the loop, or by draining in between.
          do {
            if (this.failure) throw this.takeFailure();
            if (enough()) return resolve();
            this.fireNext();
            if (this.pace === 'swift') drainMicrotasks?.();
          } while (this.pace === 'swift' && drainMicrotasks !== undefined);
          setImmediate(turn);
        } catch (error) {
          reject(error as Error);
        }
      };
      setImmediate(turn);
    });
  }

  private fireNext(): void {
    const at = this.queue.next;
    const fn = this.queue.take();
    this.elapsed = Math.max(this.elapsed, at);
    fn?.();
  }
}
