import { setTimeout as pause } from 'node:timers/promises';
import { LocalClusterError } from './local-cluster-error.ts';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
const RESET_AFTER_MS = 30_000;

/**
 * Restarts crashed processes: soon after the first crash, with growing delays after repeated ones, for as long as the
 * cluster runs.
 */
export class CrashRestarter {
  readonly #start: (name: string) => Promise<void>;
  readonly #print: (text: string) => void;
  readonly #stopped = new AbortController();
  readonly #restarting = new Set<string>();
  readonly #crashes = new Map<string, { count: number; last: number }>();

  constructor(start: (name: string) => Promise<void>, print: (text: string) => void) {
    this.#start = start;
    this.#print = print;
  }

  /** Called when `name` has ended unexpectedly. */
  onCrash(name: string): void {
    if (this.#restarting.has(name)) return; // it crashed during a restart; the loop below retries
    this.#restarting.add(name);
    this.#restart(name)
      .catch((error: unknown) => this.#print(`${name} stays down: ${String(error)}`))
      .finally(() => this.#restarting.delete(name));
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #restart(name: string): Promise<void> {
    for (;;) {
      const wait = this.#nextDelay(name);
      this.#print(`${name} restarts in ${wait / 1000} s`);
      await pause(wait, undefined, { signal: this.#stopped.signal }).catch(() => {});
      if (this.#stopped.signal.aborted) return;
      try {
        await this.#start(name);
        this.#print(`${name} restarted`);
        return;
      } catch (error) {
        if (error instanceof LocalClusterError) return; // it was started otherwise
        this.#print(String(error));
      }
    }
  }

  #nextDelay(name: string): number {
    const now = performance.now();
    const before = this.#crashes.get(name);
    const count = before !== undefined && now - before.last < RESET_AFTER_MS ? before.count + 1 : 0;
    this.#crashes.set(name, { count, last: now });
    return Math.min(FIRST_DELAY_MS * 2 ** count, MAX_DELAY_MS);
  }
}
