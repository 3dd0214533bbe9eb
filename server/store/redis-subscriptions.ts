import type { RedisClient } from './redis-client.ts';
import type { RedisLine } from './redis-line.ts';

/** Called with what was said, and on which channel. */
export type Heard<T> = (message: T, channel: T) => void;
type Kind = 'text' | 'bytes' | 'pattern';
interface Kept { kind: Kind; channel: string; on: Heard<never> }

/**
 * What is heard on a line, whichever Redis it leads to: each new connection subscribes to all of it before it counts as ready,
 * so that whoever sees the line stand misses nothing from then on.
 */
export class Subscriptions {
  private readonly kept = new Set<Kept>();
  /** Those that the present connection knows of. */
  private readonly begun = new Set<Kept>();

  constructor(private readonly line: RedisLine) {
    line.onOpen(async client => {
      this.begun.clear();
      await Promise.all([...this.kept].map(one => this.begin(client, one)));
    });
    // What was asked for while the connection was being opened.
    line.onReady(() => {
      for (const one of this.kept) if (!this.begun.has(one)) void this.begin(line.client, one).catch(() => {}); // a broken connection says so itself
    });
  }

  /** @throws when the line breaks meanwhile: it is heard all the same once that is back */
  add(channel: string, on: Heard<string>): Promise<void> { return this.keep({ kind: 'text', channel, on }); }
  addBytes(channel: string, on: Heard<Buffer>): Promise<void> { return this.keep({ kind: 'bytes', channel, on }); }
  addPattern(pattern: string, on: Heard<Buffer>): Promise<void> { return this.keep({ kind: 'pattern', channel: pattern, on }); }

  async remove(channel: string, on: Heard<Buffer>): Promise<void> {
    for (const one of [...this.kept].filter(k => k.channel === channel && k.on === on)) {
      this.kept.delete(one);
      if (this.line.isReady) await end(this.line.client, one);
    }
  }

  private async keep(one: Kept): Promise<void> {
    this.kept.add(one);
    if (this.line.isReady) await this.begin(this.line.client, one);
  }

  private begin(client: RedisClient, one: Kept): Promise<void> {
    this.begun.add(one);
    return begin(client, one);
  }
}

function begin(client: RedisClient, { kind, channel, on }: Kept): Promise<void> {
  switch (kind) {
    case 'text': return client.subscribe(channel, on as Heard<string>);
    case 'bytes': return client.subscribe(channel, on as Heard<Buffer>, true);
    case 'pattern': return client.pSubscribe(channel, on as Heard<Buffer>, true);
  }
}

async function end(client: RedisClient, { kind, channel, on }: Kept): Promise<void> {
  if (kind === 'pattern') await client.pUnsubscribe(channel, on as Heard<Buffer>, true);
  else if (kind === 'bytes') await client.unsubscribe(channel, on as Heard<Buffer>, true);
  else await client.unsubscribe(channel, on as Heard<string>);
}
