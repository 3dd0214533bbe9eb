import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds after which waiting is given up. */
  readonly within: number;
  /** Milliseconds between two tries. */
  readonly every?: number;
}

/**
 * Asks again and again until there is an answer. For things outside this process that announce nothing (a port that
 * begins to answer, a process that is gone); where there is an event, wait for the event.
 */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, patience: Patience): Promise<T> {
  const end = performance.now() + patience.within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${patience.within / 1000} s`);
    await pause(patience.every ?? 40);
  }
}
