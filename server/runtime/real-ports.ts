import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Clock, Entropy, Compressor } from './ports.ts';

/** The system clock and timers. */
export const realClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  soon: fn => void setImmediate(fn),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: ms =>
    new Promise(resolve => {
      setTimeout(resolve, ms);
    }),
};

export const realEntropy: Entropy = {
  bytes: count => new Uint8Array(randomBytes(count)),
  float: () => randomBytes(4).readUInt32BE() / 0x1_0000_0000,
};

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Deflate, base64-encoded; runs in the thread pool, off the event loop. */
export const realCompressor: Compressor = {
  compress: async text => (await deflate(text)).toString('base64'),
  decompress: async packed =>
    (await inflate(Buffer.from(packed, 'base64'), { maxOutputLength: 256 * 1_048_576 })).toString(),
};
