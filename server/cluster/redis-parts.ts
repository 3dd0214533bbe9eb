import type { Clock, Log, Meter } from '../ports.ts';
import type { Backing } from '../server.ts';

export async function connectRedis(_options: { url: string; prefix: string; clock: Clock; log: Log; meter: Meter }): Promise<Backing> {
  throw new Error('not built yet');
}
