import { setTimeout as pause } from 'node:timers/promises';
import { LauncherRefusal } from './refusal.ts';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const FORGIVEN_AFTER = 30_000;

/**
 * Starts again what has crashed: soon after the first time, later and later if it keeps crashing, and for as long as the
 * cluster runs.
 */
export class Reviver {
  readonly #start: (name: string) => Promise<void>;
  readonly #say: (text: string) => void;
  readonly #stopped = new AbortController();
  readonly #busyWith = new Set<string>();
  readonly #crashes = new Map<string, { count: number; last: number }>();

  constructor(start: (name: string) => Promise<void>, say: (text: string) => void) {
    this.#start = start;
    this.#say = say;
  }

  /** Tells that `name` has ended unasked. */
  ended(name: string): void {
    if (this.#busyWith.has(name)) return; // It ended while being started again: the loop below tries once more.
    this.#busyWith.add(name);
    this.#revive(name)
      .catch((error: unknown) => this.#say(`${name} stays down: ${String(error)}`))
      .finally(() => this.#busyWith.delete(name));
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #revive(name: string): Promise<void> {
    for (;;) {
      const wait = this.#nextPause(name);
      this.#say(`${name} is started again in ${wait / 1000} s`);
      await pause(wait, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#stopped.signal.aborted) return;
      try {
        await this.#start(name);
        this.#say(`${name} is back`);
        return;
      } catch (error) {
        if (error instanceof LauncherRefusal) return; // Somebody else was quicker.
        this.#say(String(error));
      }
    }
  }

  #nextPause(name: string): number {
    const now = performance.now();
    const before = this.#crashes.get(name);
    const count = before !== undefined && now - before.last < FORGIVEN_AFTER ? before.count + 1 : 0;
    this.#crashes.set(name, { count, last: now });
    return Math.min(FIRST_PAUSE * 2 ** count, LONGEST_PAUSE);
  }
}
