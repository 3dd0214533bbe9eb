import type { RedisClient } from './redis-client.ts';
import type { RedisConnection } from './redis-connection.ts';

export type MessageListener<T> = (message: T, channel: T) => void;
type Kind = 'text' | 'bytes' | 'pattern';
interface Subscription {
  kind: Kind;
  channel: string;
  listener: MessageListener<never>;
}

/**
 * Subscriptions of a connection. Each new Redis connection resubscribes to all of them before it counts as ready, so
 * nothing published after `onReady` is missed.
 */
export class RedisSubscriptions {
  private readonly wanted = new Set<Subscription>();
  /** Subscriptions of the current Redis connection. */
  private readonly active = new Set<Subscription>();

  constructor(private readonly connection: RedisConnection) {
    connection.onOpen(async client => {
      this.active.clear();
      await Promise.all([...this.wanted].map(one => this.activate(client, one)));
    });
    // Subscriptions that were added while the connection was being opened.
    connection.onReady(() => {
      for (const one of this.wanted)
        // the connection reports its own failures
        if (!this.active.has(one)) void this.activate(connection.client, one).catch(() => {});
    });
  }

  /** when the connection breaks meanwhile; the subscription takes effect on reconnect */
  add(channel: string, listener: MessageListener<string>): Promise<void> {
    return this.addSubscription({ kind: 'text', channel, listener });
  }
  addBytes(channel: string, listener: MessageListener<Buffer>): Promise<void> {
    return this.addSubscription({ kind: 'bytes', channel, listener });
  }
  addPattern(pattern: string, listener: MessageListener<Buffer>): Promise<void> {
    return this.addSubscription({ kind: 'pattern', channel: pattern, listener });
  }

  async remove(channel: string, listener: MessageListener<Buffer>): Promise<void> {
    for (const one of [...this.wanted].filter(k => k.channel === channel && k.listener === listener)) {
      this.wanted.delete(one);
      if (this.connection.isReady) await unsubscribe(this.connection.client, one);
    }
  }

  private async addSubscription(one: Subscription): Promise<void> {
    this.wanted.add(one);
    if (this.connection.isReady) await this.activate(this.connection.client, one);
  }

  private activate(client: RedisClient, one: Subscription): Promise<void> {
    this.active.add(one);
    return subscribe(client, one);
  }
}

function subscribe(client: RedisClient, { kind, channel, listener }: Subscription): Promise<void> {
  switch (kind) {
    case 'text':
      return client.subscribe(channel, listener as MessageListener<string>);
    case 'bytes':
      return client.subscribe(channel, listener as MessageListener<Buffer>, true);
    case 'pattern':
      return client.pSubscribe(channel, listener as MessageListener<Buffer>, true);
  }
}

async function unsubscribe(client: RedisClient, { kind, channel, listener }: Subscription): Promise<void> {
  if (kind === 'pattern') await client.pUnsubscribe(channel, listener as MessageListener<Buffer>, true);
  else if (kind === 'bytes') await client.unsubscribe(channel, listener as MessageListener<Buffer>, true);
  else await client.unsubscribe(channel, listener as MessageListener<string>);
}
