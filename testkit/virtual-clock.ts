import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers';
import { MessageChannel } from 'node:worker_threads';
import type { Clock, Timer } from '../server/runtime/ports.ts';
import { TimerQueue } from './timer-queue.ts';

/** Runs all pending microtasks, outside of a promise callback. Not documented by Node, so it may be missing. */
const drainMicrotasks = (process as unknown as { _tickCallback?: () => void })._tickCallback;

/**
 * Runs `fn` in another turn of the event loop. The test's runner may have faked the timers, also before this module was
 * loaded; messages between ports are never faked.
 */
const inNextTurn: (fn: () => void) => void =
  'clock' in setImmediate // as fakes have it
    ? fn => {
        const { port1, port2 } = new MessageChannel();
        port2.once('message', () => {
          port1.close();
          fn();
        });
        port1.postMessage(null);
      }
    : setImmediate;

/**
 * How promises run between two timers. `turns`: by turns of the event loop, so that real I/O of the test runs, too.
 * `swift`: microtasks only, ten times as fast, for tests without real I/O.
 */
export type Scheduling = 'turns' | 'swift';

/**
 * Virtual time: it moves from timer to timer, only when a test advances it, and runs everything that follows from a
 * timer before the next.
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
  /** Number of active timers. */
  get timers(): number {
    return this.queue.size;
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  after(ms: number, fn: () => void): Timer {
    return this.queue.add(this.elapsed + Math.max(0, ms), fn, this.elapsed);
  }

  /** The same, but `skip` never postpones it. For the test's own timers, which are not part of the idle time. */
  afterExactly(ms: number, fn: () => void): Timer {
    return this.queue.add(this.elapsed + Math.max(0, ms), fn, -Infinity);
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.after(ms, resolve);
    });
  }

  /** Makes the current `advance`, `waitUntil` or `run` fail with this error. */
  fail(error: Error): void {
    this.failure ??= error;
  }

  /** Advances time by `ms`. */
  async advance(ms: number): Promise<void> {
    const until = this.elapsed + ms;
    await this.runTimers(() => this.queue.next > until);
    this.elapsed = until;
  }

  /**
   * Skips idle time, up to `ms`. Timers set for less than 10 s ahead (heartbeats, scans) are postponed, as if every
   * process had been suspended; later ones keep their time and bound the skip. Use it only when nothing else would
   * happen.
   * @returns the ms skipped
   */
  skip(ms: number): number {
    const by = Math.floor(Math.min(ms, this.queue.nextSetFor(10_000) - this.elapsed));
    if (by <= 0) return 0;
    this.queue.postpone(by, 10_000);
    this.elapsed += by;
    this.onSkip(by);
    return by;
  }

  /** Called with the ms skipped. */
  onSkip: (ms: number) => void = () => {};

  /** Advances time until `holds`. @throws if it does not hold within `within` ms */
  async waitUntil(what: string, holds: () => boolean, within = 15_000): Promise<number> {
    const from = this.elapsed;
    await this.runTimers(() => {
      if (holds()) return true;
      assert.ok(this.queue.next - from <= within, `${what}: not within ${within} ms`);
      return false;
    });
    return this.elapsed - from;
  }

  /** Advances time until the promise settles. */
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
   * Fires timers one by one, each with everything that follows from it, until `enough`, which is checked before each.
   */
  private runTimers(enough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          // Everything that follows from a timer runs before the next: by event loop turns, or by draining microtasks.
          do {
            if (this.failure) throw this.takeFailure();
            if (enough()) return resolve();
            this.fireNext();
            if (this.pace === 'swift') drainMicrotasks?.();
          } while (this.pace === 'swift' && drainMicrotasks !== undefined);
          inNextTurn(turn);
        } catch (error) {
          reject(error as Error);
        }
      };
      inNextTurn(turn);
    });
  }

  private fireNext(): void {
    const at = this.queue.next;
    const fn = this.queue.take();
    this.elapsed = Math.max(this.elapsed, at);
    fn?.();
  }
}
