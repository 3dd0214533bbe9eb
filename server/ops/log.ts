import { pino } from 'pino';
import type { Log } from '../runtime/ports.ts';

/** Logs JSON lines to stdout. Callers never pass players' payloads, tokens or secrets. */
export function createLog(node: string, level: string): Log {
  return pino({ level, base: { node }, serializers: { error: pino.stdSerializers.err } });
}

/** Discards everything; for tests. */
export const noLog: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
