import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds after which waiting is given up. */
  readonly timeoutMs: number;
  /** Milliseconds between two tries. */
  readonly intervalMs?: number;
}

/**
 * Asks again and again until there is an answer. For things outside this process that announce nothing (a port that
 * begins to answer, a process that is gone); where there is an event, wait for the event.
 */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  patience: WaitOptions,
): Promise<T> {
  const end = performance.now() + patience.timeoutMs;
  for (;;) {
    const result = await check();
    if (result !== undefined) return result;
    if (performance.now() > end) throw new Error(`${what}: timed out after ${patience.timeoutMs / 1000} s`);
    await pause(patience.intervalMs ?? 40);
  }
}

/** Waits until something is true. With a generous bound: that it happens is tested here, benchmarks say how soon. */
export const eventually = (what: string, test: () => boolean, timeoutMs = 60_000): Promise<unknown> =>
  until(what, () => test() || undefined, { timeoutMs, intervalMs: 10 });
