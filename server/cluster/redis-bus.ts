import type { Log, Bus, NodeRecord, Register } from '../ports.ts';
import { destroy, newClient, type RedisClient } from '../store/redis-client.ts';
import { RedisKeys } from '../store/redis-keys.ts';

/** The two connections for what nodes tell each other. Answers and broadcasts share them: so they leave, and arrive, in one piece. */
export class PubSub {
  readonly pub: RedisClient;
  readonly sub: RedisClient;

  constructor(options: { url: string; log: Log }) {
    this.pub = newClient(options.url, 'rejoin-pub', options.log);
    this.sub = newClient(options.url, 'rejoin-sub', options.log, true);
  }

  async connect(): Promise<void> { await Promise.all([this.pub.connect(), this.sub.connect()]); }

  close(): void {
    destroy(this.pub);
    destroy(this.sub);
  }
}

/** Messages between nodes by Redis pub/sub: one channel for each node's inbox. */
export class RedisBus implements Bus {
  private readonly keys: RedisKeys;

  constructor(private readonly wire: PubSub, prefix: string) { this.keys = new RedisKeys(prefix); }

  publish(node: string, text: string): Promise<number> { return this.wire.pub.publish(this.keys.inbox(node), text); }
  async listen(node: string, on: (text: string) => void, broke = () => {}): Promise<void> {
    for (const event of ['reconnecting', 'end']) this.wire.sub.on(event, broke);
    await this.wire.sub.subscribe(this.keys.inbox(node), text => on(text));
  }
}

/** The register of nodes: one hash. Shares no connection with the appends, so that a slow list does not look like death. */
export class RedisRegister implements Register {
  private readonly client: RedisClient;
  private readonly keys: RedisKeys;

  constructor(options: { url: string; prefix: string; log: Log }) {
    this.keys = new RedisKeys(options.prefix);
    this.client = newClient(options.url, 'rejoin-register', options.log);
  }

  async connect(): Promise<void> { await this.client.connect(); }

  async beat(record: NodeRecord): Promise<{ nodes: NodeRecord[]; listeners: ReadonlyMap<string, number> }> {
    const known = [...this.known];
    const [, all, heard] = await Promise.all([
      this.client.hSet(this.keys.nodes, record.id, JSON.stringify(record)),
      this.client.hGetAll(this.keys.nodes),
      known.length === 0 ? {} : this.client.pubSubNumSub(known.map(id => this.keys.inbox(id))),
    ]);
    const nodes = Object.values(all).map(text => JSON.parse(text) as NodeRecord);
    const counts = heard as Record<string, number>;
    // A node seen for the first time is counted with the next beat; until then it is taken to be heard.
    const listeners = new Map(nodes.map(n => [n.id, counts[this.keys.inbox(n.id)] ?? 1]));
    this.known = new Set(nodes.map(n => n.id));
    return { nodes, listeners };
  }
  private known = new Set<string>();

  async listeners(node: string): Promise<number> {
    const heard = await this.client.pubSubNumSub([this.keys.inbox(node)]);
    return heard[this.keys.inbox(node)] ?? 0;
  }

  async remove(node: string): Promise<void> { await this.client.hDel(this.keys.nodes, node); }
  async close(): Promise<void> { destroy(this.client); }
}
