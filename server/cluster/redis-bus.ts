import type { Bus, Clock, Listeners, Log, Message, NodeRecord, Register } from '../ports.ts';
import { doorOf, type RedisAt } from '../store/redis-door.ts';
import { RedisKeys } from '../store/redis-keys.ts';
import { RedisLine } from '../store/redis-line.ts';
import { Subscriptions } from '../store/redis-subscriptions.ts';

/** The two connections for what nodes tell each other. Answers, broadcasts and entries that are told as they are written share them: so they leave, and arrive, in one piece. */
export class PubSub {
  readonly pub: RedisLine;
  readonly sub: RedisLine;
  /** What is heard on `sub`; it is heard again after each reconnect. */
  readonly heard: Subscriptions;

  constructor(options: RedisAt & { clock: Clock; log: Log }) {
    const door = doorOf(options);
    this.pub = new RedisLine(door, 'rejoin-pub', options);
    this.sub = new RedisLine(door, 'rejoin-sub', options);
    this.heard = new Subscriptions(this.sub);
  }

  async connect(): Promise<void> { await Promise.all([this.pub.connect(), this.sub.connect()]); }

  close(): void {
    this.pub.close();
    this.sub.close();
  }
}

const publishAll = "local heard = {} for i = 1, #ARGV, 2 do heard[#heard + 1] = redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end return heard";

/**
 * Messages between nodes by Redis pub/sub: one channel for each node's inbox. What is published in one turn, to however many
 * nodes, is one command: what is new in a room whose players are on eight nodes costs no more of them than on two.
 */
export class RedisBus implements Bus {
  private readonly keys: RedisKeys;

  constructor(private readonly wire: PubSub, prefix: string) { this.keys = new RedisKeys(prefix); }

  async publish(messages: readonly Message[]): Promise<number[]> {
    const { client } = this.wire.pub;
    const [first] = messages;
    if (messages.length === 1) return [await client.publish(this.keys.inbox(first!.node), first!.text)];
    return (await client.eval(publishAll, { arguments: messages.flatMap(({ node, text }) => [this.keys.inbox(node), text]) })) as number[];
  }

  async listen(node: string, on: (text: string) => void, broke = () => {}): Promise<void> {
    this.wire.sub.onDown(broke);
    await this.wire.heard.add(this.keys.inbox(node), text => on(text));
  }
}

/** ms for the replicas to confirm a beat: well below the silence for which a node is held for dead. */
const BEAT_CONFIRMED_WITHIN = 300;

/** The register of nodes: one hash. Shares no connection with the appends, so that a slow list does not look like death. */
export class RedisRegister implements Register {
  private readonly line: RedisLine;
  private readonly keys: RedisKeys;
  /** Nobody says anything there. That somebody listens shows that this connection stands, apart from the one that hears the inbox. */
  private readonly standing: Subscriptions;
  private shown = false;

  constructor(private readonly options: RedisAt & { prefix: string; clock: Clock; log: Log; waitReplicas?: number | undefined }) {
    this.keys = new RedisKeys(options.prefix);
    this.line = new RedisLine(doorOf(options), 'rejoin-register', options);
    this.standing = new Subscriptions(this.line);
  }

  private get client() { return this.line.client; }

  async connect(): Promise<void> { await this.line.connect(); }

  async beat(record: NodeRecord): Promise<{ nodes: NodeRecord[]; listeners: ReadonlyMap<string, number> }> {
    const known = [...this.known];
    const { waitReplicas = 0 } = this.options;
    if (!this.shown) {
      this.shown = true;
      void this.standing.add(this.keys.standing(record.id), () => {}).catch(() => {}); // with the next connection
    }
    const [, confirmed, all, heard] = await Promise.all([
      this.client.hSet(this.keys.nodes, record.id, JSON.stringify(record)),
      waitReplicas === 0 ? 0 : this.client.wait(waitReplicas, BEAT_CONFIRMED_WITHIN),
      this.client.hGetAll(this.keys.nodes),
      known.length === 0 ? {} : this.client.pubSubNumSub(known.map(id => this.keys.inbox(id))),
    ]);
    // A beat that no replica has was seen by nobody who may count: the master is one of the past, or alone.
    if (confirmed < waitReplicas) throw new Error(`${confirmed} of ${waitReplicas} replicas confirmed the beat`);
    const nodes = Object.entries(all).flatMap(([id, text]) => readRecord(id, text) ?? []);
    const counts = heard as Record<string, number>;
    // A node seen for the first time is counted with the next beat; until then it is taken to be heard.
    const listeners = new Map(nodes.map(n => [n.id, counts[this.keys.inbox(n.id)] ?? 1]));
    this.known = new Set(nodes.map(n => n.id));
    return { nodes, listeners };
  }
  private known = new Set<string>();

  async listeners(node: string): Promise<Listeners> {
    const [inbox, standing] = [this.keys.inbox(node), this.keys.standing(node)];
    const heard = await this.client.pubSubNumSub([inbox, standing]);
    return { inbox: heard[inbox] ?? 0, register: heard[standing] ?? 0 };
  }

  async remove(node: string): Promise<void> { await this.client.hDel(this.keys.nodes, node); }
  async close(): Promise<void> { this.line.close(); }
}

/** One record that nobody can read must not hide all the others. */
function readRecord(id: string, text: string): NodeRecord | null {
  try {
    const record = JSON.parse(text) as NodeRecord;
    return record.id === id && typeof record.name === 'string' && Array.isArray(record.games) && Array.isArray(record.reads) && typeof record.beat === 'number' ? record : null;
  } catch {
    return null;
  }
}
