import type { Clock, Entropy, Log, Timer } from '../../server/runtime/ports.ts';

/** A wall clock that stands until it is moved; for parts that only read the time. */
export class ManualClock implements Clock {
  time: number;
  constructor(time = Date.UTC(2026, 0, 1)) {
    this.time = time;
  }
  now(): number {
    return this.time;
  }
  mono(): number {
    return this.time;
  }
  soon(fn: () => void): void {
    queueMicrotask(fn);
  }
  after(_ms: number, _fn: () => void): Timer {
    throw new Error('nothing here may start a timer');
  }
  sleep(): never {
    throw new Error('nothing here may sleep');
  }
}

/** The same "random" bytes in every run. */
export function countingEntropy(seed = 1): Entropy {
  let state = seed >>> 0;
  const word = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return {
    bytes: count => Uint8Array.from({ length: count }, () => word() >>> 24),
    float: () => word() / 0x1_0000_0000,
  };
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
