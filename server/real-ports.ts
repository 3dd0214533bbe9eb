import { randomBytes } from 'node:crypto';
import type { Clock, Entropy } from './ports.ts';

/** The machine's own clock and timers. */
export const realClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  soon: fn => void setImmediate(fn),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: ms => new Promise(resolve => { setTimeout(resolve, ms); }),
};

export const realEntropy: Entropy = {
  bytes: count => new Uint8Array(randomBytes(count)),
  float: () => randomBytes(4).readUInt32BE() / 0x1_0000_0000,
};
