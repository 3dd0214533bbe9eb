import type { Clock, Log, RuleRun } from '../runtime/ports.ts';
import type { HangReport } from './store.ts';
import { createLocator, type RedisOptions } from './redis-locator.ts';
import { RedisKeys } from './redis-keys.ts';
import { RedisConnection } from './redis-connection.ts';
import { loadScripts } from './scripts.ts';

const silent: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** What a watch does in Redis, over a connection of its own: the node's others stand still with what hangs. */
export class RedisHangReports {
  private readonly keys: RedisKeys;
  private readonly connection: RedisConnection;
  private readonly script = loadScripts().blame;

  /** Resolves when its connection stands; it goes on trying by itself. */
  readonly connected: Promise<void>;

  constructor(redis: RedisOptions & { prefix: string }, clock: Clock) {
    const parts = { clock, log: silent };
    this.keys = new RedisKeys(redis.prefix);
    this.connection = new RedisConnection(createLocator(redis, parts), 'rejoin-hang-detector', parts);
    this.connected = this.connection.connect();
  }

  /** As Store.blame, for a run of the name `id`. Rejects while Redis is away. */
  report(run: RuleRun, id: string): Promise<string> {
    const { input, rule, player, session, n, who } = run;
    return this.write(run, id, JSON.stringify({ id, input, rule, player, session, n, who } satisfies HangReport));
  }

  /** As Store.unblame. */
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
