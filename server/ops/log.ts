import { pino } from 'pino';
import type { Log } from '../runtime/ports.ts';

/** JSON lines on stdout. Payloads of players, tokens and secrets are never handed to it. */
export function createLog(node: string, level: string): Log {
  return pino({ level, base: { node }, serializers: { error: pino.stdSerializers.err } });
}

/** Says nothing: for tests. */
export const noLog: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
