import type { Clock, Log, RuleRun } from '../runtime/ports.ts';
import type { HangReport } from './store.ts';
import { createLocator, type RedisOptions } from './redis-locator.ts';
import { RedisKeys } from './redis-keys.ts';
import { RedisConnection } from './redis-connection.ts';
import { loadScripts } from './scripts.ts';

const silent: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** Writes hang reports to Redis on a connection of its own: the node's other connections stall with the hung rule. */
export class RedisHangReports {
  private readonly keys: RedisKeys;
  private readonly connection: RedisConnection;
  private readonly script = loadScripts().blame;

  /** Resolves when the connection is open; it retries until then. */
  readonly connected: Promise<void>;

  constructor(redis: RedisOptions & { prefix: string }, clock: Clock) {
    const parts = { clock, log: silent };
    this.keys = new RedisKeys(redis.prefix);
    this.connection = new RedisConnection(createLocator(redis, parts), 'rejoin-hang-detector', parts);
    this.connected = this.connection.connect();
  }

  /** As Store.reportHang, with `id` as the id of the run. Rejects while Redis is unavailable. */
  report(run: RuleRun, id: string): Promise<string> {
    const { input, rule, player, session, n, who } = run;
    return this.write(run, id, JSON.stringify({ id, input, rule, player, session, n, who } satisfies HangReport));
  }

  /** As Store.withdrawHangReport. */
  withdraw(run: RuleRun, id: string): Promise<string> {
    return this.write(run, id, '');
  }

  private async write({ room, seq }: RuleRun, id: string, text: string): Promise<string> {
    return (await this.connection.client.eval(this.script.text, {
      keys: [this.keys.meta(room)],
      arguments: [String(seq), id, text],
    })) as string;
  }
}
