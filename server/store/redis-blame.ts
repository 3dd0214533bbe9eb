import type { Clock, Log, Run } from '../ports.ts';
import type { Blame } from './contract.ts';
import { openDoor, type RedisOptions } from './redis-door.ts';
import { RedisKeys } from './redis-keys.ts';
import { RedisLine } from './redis-line.ts';
import { loadScripts } from './scripts.ts';

const silent: Log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** What a watch does in Redis, over a connection of its own: the node's others stand still with what hangs. */
export class RedisBlame {
  private readonly keys: RedisKeys;
  private readonly line: RedisLine;
  private readonly script = loadScripts().blame;

  /** Resolves when its connection stands; it goes on trying by itself. */
  readonly connected: Promise<void>;

  constructor(redis: RedisOptions & { prefix: string }, clock: Clock) {
    const parts = { clock, log: silent };
    this.keys = new RedisKeys(redis.prefix);
    this.line = new RedisLine(openDoor(redis, parts), 'rejoin-watch', parts);
    this.connected = this.line.connect();
  }

  /** As Store.blame, for a run of the name `id`. Rejects while Redis is away. */
  blame(run: Run, id: string): Promise<string> {
    const { input, rule, player, session, n, who } = run;
    return this.say(run, id, JSON.stringify({ id, input, rule, player, session, n, who } satisfies Blame));
  }

  /** As Store.unblame. */
  unblame(run: Run, id: string): Promise<string> { return this.say(run, id, ''); }

  private async say({ room, seq }: Run, id: string, text: string): Promise<string> {
    return (await this.line.client.eval(this.script.text, { keys: [this.keys.meta(room)], arguments: [String(seq), id, text] })) as string;
  }
}
