import type { Bus, Clock, ListenerCounts, Log, NodeMessage, NodeRecord, NodeRegister } from '../runtime/ports.ts';
import { locatorOf, type RedisAddress } from '../store/redis-locator.ts';
import { RedisKeys } from '../store/redis-keys.ts';
import { RedisConnection } from '../store/redis-connection.ts';
import { RedisSubscriptions } from '../store/redis-subscriptions.ts';

/**
 * The two connections for messages between nodes. Replies, broadcasts and publishing appends share them, so their order
 * is kept and they can share packets.
 */
export class RedisPubSub {
  readonly pub: RedisConnection;
  readonly sub: RedisConnection;
  /** Subscriptions of `sub`; restored after each reconnect. */
  readonly subscriptions: RedisSubscriptions;

  constructor(options: RedisAddress & { clock: Clock; log: Log }) {
    const locator = locatorOf(options);
    this.pub = new RedisConnection(locator, 'rejoin-pub', options);
    this.sub = new RedisConnection(locator, 'rejoin-sub', options);
    this.subscriptions = new RedisSubscriptions(this.sub);
  }

  async connect(): Promise<void> {
    await Promise.all([this.pub.connect(), this.sub.connect()]);
  }

  close(): void {
    this.pub.close();
    this.sub.close();
  }
}

const publishAllScript =
  "local counts = {} for i = 1, #ARGV, 2 do counts[#counts + 1] = redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end return counts";

/**
 * Messages between nodes over Redis pub/sub, with one channel per inbox. Messages published in one turn are one
 * command, however many nodes they go to.
 */
export class RedisBus implements Bus {
  private readonly keys: RedisKeys;

  constructor(
    private readonly pubSub: RedisPubSub,
    prefix: string,
  ) {
    this.keys = new RedisKeys(prefix);
  }

  async publish(messages: readonly NodeMessage[]): Promise<number[]> {
    const { client } = this.pubSub.pub;
    const [first] = messages;
    if (messages.length === 1) return [await client.publish(this.keys.inbox(first!.node), first!.text)];
    return (await client.eval(publishAllScript, {
      arguments: messages.flatMap(({ node, text }) => [this.keys.inbox(node), text]),
    })) as number[];
  }

  async listen(node: string, on: (text: string) => void, onDown = () => {}): Promise<void> {
    this.pubSub.sub.onDown(onDown);
    await this.pubSub.subscriptions.add(this.keys.inbox(node), text => on(text));
  }
}

/** Timeout (ms) for replicas to confirm a heartbeat; well below `limits.nodeTimeout`. */
const HEARTBEAT_CONFIRM_TIMEOUT_MS = 300;

/**
 * The node register in Redis: one hash. Its connection is not shared with appends, so that a slow command does not
 * delay heartbeats.
 */
export class RedisNodeRegister implements NodeRegister {
  private readonly connection: RedisConnection;
  private readonly keys: RedisKeys;
  /** Subscribed only to be counted: shows that this connection is open, separately from the one of the inbox. */
  private readonly liveness: RedisSubscriptions;
  private isLivenessSubscribed = false;

  constructor(
    private readonly options: RedisAddress & {
      prefix: string;
      clock: Clock;
      log: Log;
      waitReplicas?: number | undefined;
    },
  ) {
    this.keys = new RedisKeys(options.prefix);
    this.connection = new RedisConnection(locatorOf(options), 'rejoin-register', options);
    this.liveness = new RedisSubscriptions(this.connection);
  }

  private get client() {
    return this.connection.client;
  }

  async connect(): Promise<void> {
    await this.connection.connect();
  }

  async heartbeat(record: NodeRecord): Promise<{ nodes: NodeRecord[]; listeners: ReadonlyMap<string, number> }> {
    const known = [...this.knownNodes];
    const { waitReplicas = 0 } = this.options;
    if (!this.isLivenessSubscribed) {
      this.isLivenessSubscribed = true;
      void this.liveness.add(this.keys.presence(record.id), () => {}).catch(() => {}); // retried by the next connection
    }
    const [, confirmed, all, listenerCounts] = await Promise.all([
      this.client.hSet(this.keys.nodes, record.id, JSON.stringify(record)),
      waitReplicas === 0 ? 0 : this.client.wait(waitReplicas, HEARTBEAT_CONFIRM_TIMEOUT_MS),
      this.client.hGetAll(this.keys.nodes),
      known.length === 0 ? {} : this.client.pubSubNumSub(known.map(id => this.keys.inbox(id))),
    ]);
    // A heartbeat without enough replicas does not count: this master may be an old one, or partitioned.
    if (confirmed < waitReplicas) throw new Error(`${confirmed} of ${waitReplicas} replicas confirmed the heartbeat`);
    const nodes = Object.entries(all).flatMap(([id, text]) => parseNodeRecord(id, text) ?? []);
    const counts = listenerCounts as Record<string, number>;
    // A node seen for the first time is counted with the next heartbeat; until then it counts as subscribed.
    const listeners = new Map(nodes.map(n => [n.id, counts[this.keys.inbox(n.id)] ?? 1]));
    this.knownNodes = new Set(nodes.map(n => n.id));
    return { nodes, listeners };
  }
  private knownNodes = new Set<string>();

  async listeners(node: string): Promise<ListenerCounts> {
    const [inbox, liveness] = [this.keys.inbox(node), this.keys.presence(node)];
    const counts = await this.client.pubSubNumSub([inbox, liveness]);
    return { inbox: counts[inbox] ?? 0, register: counts[liveness] ?? 0 };
  }

  async remove(node: string): Promise<void> {
    await this.client.hDel(this.keys.nodes, node);
  }
  async close(): Promise<void> {
    this.connection.close();
  }
}

/** Null for an unreadable record, so that it does not hide the others. */
function parseNodeRecord(id: string, text: string): NodeRecord | null {
  try {
    const record = JSON.parse(text) as NodeRecord;
    return record.id === id &&
      typeof record.name === 'string' &&
      Array.isArray(record.games) &&
      Array.isArray(record.reads) &&
      typeof record.beat === 'number'
      ? record
      : null;
  } catch {
    return null;
  }
}
