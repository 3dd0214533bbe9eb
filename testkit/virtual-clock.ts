import assert from 'node:assert/strict';
import type { Clock, Timer } from '../server/ports.ts';

interface Waiting { at: number; order: number; fn: () => void }

/** All promises that can go on without time passing have done so when this resolves. */
const settled = () => new Promise<void>(resolve => { setImmediate(resolve); });

/** Time that passes only when a test lets it: from one timer to the next, with all that follows from each in between. */
export class VirtualClock implements Clock {
  private passed = 0;
  private order = 0;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly begin = Date.UTC(2026, 0, 1)) {}

  now(): number { return this.begin + Math.floor(this.passed); }
  mono(): number { return this.passed; }

  soon(fn: () => void): void { this.after(0, fn); }

  after(ms: number, fn: () => void): Timer {
    const entry: Waiting = { at: this.passed + Math.max(0, ms), order: this.order++, fn };
    // Sorted by time, then by who came first; most timers go near the end.
    let i = this.waiting.length;
    while (i > 0 && this.waiting[i - 1]!.at > entry.at) i--;
    this.waiting.splice(i, 0, entry);
    return { cancel: () => {
      const at = this.waiting.indexOf(entry);
      if (at >= 0) this.waiting.splice(at, 1);
    } };
  }

  sleep(ms: number): Promise<void> { return new Promise(resolve => { this.after(ms, resolve); }); }

  /** Lets so many ms pass. */
  async pass(ms: number): Promise<void> {
    const until = this.passed + ms;
    await settled();
    while (this.waiting[0] && this.waiting[0].at <= until) await this.fire();
    this.passed = until;
  }

  /** Lets time pass until `holds`. @throws when it does not within so many ms */
  async until(what: string, holds: () => boolean, within = 15_000): Promise<number> {
    const from = this.passed;
    await settled();
    while (!holds()) {
      assert.ok(this.waiting[0] && this.waiting[0].at - from <= within, `${what}: not within ${within} ms`);
      await this.fire();
    }
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

  private async fire(): Promise<void> {
    const next = this.waiting.shift()!;
    this.passed = Math.max(this.passed, next.at);
    next.fn();
    await settled();
  }
}
