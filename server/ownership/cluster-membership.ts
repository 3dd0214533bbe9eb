import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord, NodeRegister, Timer } from '../runtime/ports.ts';
import type { Silence } from './outage-estimator.ts';

/** What this node has observed of another node. */
interface ObservedNode {
  record: NodeRecord;
  /**
   * Monotonic ms at which its heartbeat was last seen to advance, or this node resumed reading; `silentReads`: number
   * of reads since then without an advance.
   */
  beatChangedAt: number;
  /** Monotonic ms at which its heartbeat actually advanced; null: never observed. */
  lastBeatAt: number | null;
  silentReads: number;
  dead: 'no' | 'gone' | 'silent' | 'left';
}

/** This node, as its membership needs it: how it is described to other nodes, and what it is notified of. */
export interface MembershipNode {
  describe(): Omit<NodeRecord, 'id' | 'beat' | 'at'>;
  /** A node was declared dead, or has left. */
  nodeDied(node: string): void;
  /** A heartbeat was late: other nodes may have claimed rooms of this node. */
  leaseRenewed(): void;
  /** A node that this one declared dead is alive. It may not know which of its rooms were claimed meanwhile. */
  nodeReturned(node: string): void;
}

/**
 * The nodes of the cluster, and which of them are dead.
 * A node is *silent* if its heartbeat has not advanced for `limits.nodeTimeout` on this node's monotonic clock while
 * this node's own reads succeeded. A node that was frozen or disconnected itself has observed nothing and starts again.
 * A node is *gone* if none of its connections is open, as after a killed process, or if its inbox has no subscriber in
 * two checks, `limits.noListenerRetry` apart. A wrong declaration is harmless: the journal's fence decides ownership.
 */
export class ClusterMembership {
  private readonly others = new Map<string, ObservedNode>();
  /**
   * Queried nodes that are not registered, and since when (monotonic ms); -Infinity once their inbox had no subscriber.
   */
  private readonly unregistered = new Map<string, number>();
  private readonly suspicions = new Map<string, Promise<boolean>>();
  private beatNumber = 0;
  private lastReadAt: number | null = null;
  private timer: Timer | null = null;
  private stopped = false;
  /** Monotonic ms of the last successful read of the register; null: never. */
  reachedAt: number | null = null;
  private lastSentAt = -Infinity;
  private leaseCount = 0;
  /** Monotonic ms at which this node last resumed reading after a gap. */
  private readGapAt = -Infinity;
  /** Monotonic ms at which this node's inbox was last known to have no subscriber. */
  private inboxLostAt = -Infinity;

  private readonly self: string;
  private readonly register: NodeRegister;
  private readonly clock: Clock;
  private readonly log: Log;
  private node: MembershipNode | null = null;

  constructor(parts: { self: string; register: NodeRegister; clock: Clock; log: Log }) {
    this.self = parts.self;
    this.register = parts.register;
    this.clock = parts.clock;
    this.log = parts.log;
  }

  /**
   * Registers this node and starts its heartbeat. Does not fail: the heartbeat retries while the register is
   * unreachable.
   */
  async start(node: MembershipNode): Promise<void> {
    this.node = node;
    await this.runHeartbeat(node);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.register.remove(this.self).catch(() => {}); // a node that does not deregister times out
  }

  /** Sends a heartbeat now, with news that other nodes need at once. */
  async heartbeatNow(): Promise<void> {
    if (this.node) await this.sendHeartbeat(this.node);
  }

  /**
   * Identifies the period in which no other node can have declared this one dead. It ends when a heartbeat is late or
   * this node's inbox has no subscriber; null meanwhile. Rooms confirmed under an earlier lease may have another owner
   * by now.
   */
  get lease(): number | null {
    return this.clock.mono() - this.lastSentAt < limits.nodeTimeout * 0.75 ? this.leaseCount : null;
  }

  /** Called when this node's inbox has no subscriber: other nodes may declare it gone, despite its heartbeats. */
  inboxLost(): void {
    this.inboxLostAt = this.clock.mono();
    this.lastSentAt = -Infinity;
  }

  isDead(node: string): boolean {
    if (node === this.self) return false;
    const other = this.others.get(node);
    if (other) return other.dead !== 'no';
    // Not registered: it has just started, or it was gone before this node started. It counts as dead after a timeout.
    const firstAskedAt = this.unregistered.get(node);
    if (firstAskedAt === undefined) {
      if (this.unregistered.size > 1_000) this.unregistered.clear();
      this.unregistered.set(node, this.clock.mono());
      return false;
    }
    return this.lastReadAt !== null && this.lastReadAt - firstAskedAt > limits.nodeTimeout;
  }

  /**
   * How long a node has been silent; null if this node has not seen it alive. `isExact`: this node has read the
   * register all that time.
   */
  silenceOf(node: string): Silence | null {
    if (node === this.self) return { ms: 0, isExact: true };
    const beatAt = this.others.get(node)?.lastBeatAt ?? null;
    return beatAt === null ? null : { ms: this.clock.mono() - beatAt, isExact: beatAt > this.readGapAt };
  }

  aliveNodes(): NodeRecord[] {
    return [...this.others.values()].filter(o => o.dead === 'no').map(o => o.record);
  }
  allNodes(): { record: NodeRecord; alive: boolean }[] {
    return [...this.others.values()].map(o => ({ record: o.record, alive: o.dead === 'no' }));
  }

  /** Checks a node whose inbox had no subscriber when a message was sent. @returns whether it is declared dead now */
  suspect(node: string): Promise<boolean> {
    if (this.isDead(node)) return Promise.resolve(true);
    let suspicion = this.suspicions.get(node);
    if (!suspicion) {
      suspicion = this.confirmDead(node).finally(() => this.suspicions.delete(node));
      this.suspicions.set(node, suspicion);
    }
    return suspicion;
  }

  private async confirmDead(node: string): Promise<boolean> {
    if (!(await this.hasEnded(node))) {
      await this.clock.sleep(limits.noListenerRetry);
      const seen = await this.register.listeners(node).catch(() => null);
      if (seen?.inbox !== 0) return false;
    }
    if (this.others.has(node)) this.declareDead(node, 'gone');
    else this.unregistered.set(node, -Infinity);
    return true;
  }

  /**
   * Whether none of its connections is open. A single connection may break and return; all of them together mean that
   * the process has ended. False if this node's own connections were not stable just now, as when Redis was
   * unavailable: the other node may not have reconnected yet.
   */
  private async hasEnded(node: string): Promise<boolean> {
    if (this.lease === null) return false;
    const seen = await this.register.listeners(node).catch(() => null);
    return seen?.inbox === 0 && seen.register === 0 && this.lease !== null;
  }

  private async runHeartbeat(node: MembershipNode): Promise<void> {
    await this.sendHeartbeat(node);
    if (!this.stopped) this.timer = this.clock.after(limits.heartbeat, () => void this.runHeartbeat(node));
  }

  private async sendHeartbeat(node: MembershipNode): Promise<void> {
    const record: NodeRecord = { ...node.describe(), id: this.self, beat: ++this.beatNumber, at: this.clock.now() };
    const sent = this.clock.mono();
    try {
      const seen = await this.register.heartbeat(record);
      if (seen.listeners.get(this.self) === 0) this.inboxLost();
      const isLate = sent - this.lastSentAt >= limits.nodeTimeout * 0.75;
      const isInboxSubscribed = sent > this.inboxLostAt;
      if (isInboxSubscribed) this.lastSentAt = sent;
      if (isLate && isInboxSubscribed) {
        this.leaseCount += 1;
        node.leaseRenewed();
      }
      if (!this.stopped) this.observeAll(seen.nodes, seen.listeners);
    } catch (error) {
      this.lastReadAt = null; // disconnected: nothing was observed about any node
      this.log.debug({ error }, 'heartbeat failed');
    }
  }

  private observeAll(records: readonly NodeRecord[], listeners: ReadonlyMap<string, number>): void {
    const mono = this.clock.mono();
    // If reads are further apart than the timeout allows, this node stalled, while the others may not have.
    const hadReadGap = this.lastReadAt === null || mono - this.lastReadAt > limits.heartbeat * limits.nodeTimeoutReads;
    if (hadReadGap) this.readGapAt = mono;
    this.lastReadAt = this.reachedAt = mono;
    const present = new Set<string>();
    for (const record of records) {
      if (record.id === this.self) continue;
      present.add(record.id);
      this.unregistered.delete(record.id);
      this.observe(record, mono, hadReadGap, listeners.get(record.id) ?? 0);
    }
    for (const id of this.others.keys()) {
      if (present.has(id)) continue;
      this.declareDead(id, 'left');
      this.others.delete(id);
    }
  }

  private observe(record: NodeRecord, mono: number, hadReadGap: boolean, listeners: number): void {
    let other = this.others.get(record.id);
    if (!other)
      this.others.set(
        record.id,
        (other = { record, beatChangedAt: mono, lastBeatAt: null, silentReads: 0, dead: 'no' }),
      );
    if (record.beat !== other.record.beat || hadReadGap) {
      if (record.beat !== other.record.beat && other.dead !== 'no' && listeners > 0) {
        this.log.info({ peer: record.name }, 'node returned after it was declared dead');
        other.dead = 'no';
        this.node?.nodeReturned(record.id);
      }
      if (record.beat !== other.record.beat) other.lastBeatAt = mono;
      Object.assign(other, { record, beatChangedAt: mono, silentReads: 0 } satisfies Partial<ObservedNode>);
    } else {
      other.silentReads += 1;
    }
    if (
      other.dead === 'no' &&
      other.silentReads >= limits.nodeTimeoutReads &&
      mono - other.beatChangedAt >= limits.nodeTimeout
    )
      this.declareDead(record.id, 'silent');
    if (other.dead === 'no' && listeners === 0) void this.suspect(record.id);
    if (other.dead !== 'no' && mono - other.beatChangedAt > limits.deadNodeRetention) {
      this.others.delete(record.id);
      void this.register.remove(record.id).catch(() => {}); // the next heartbeat retries
    }
  }

  private declareDead(node: string, cause: 'gone' | 'silent' | 'left'): void {
    const other = this.others.get(node);
    if (!other || other.dead !== 'no') return;
    other.dead = cause;
    if (cause === 'left') this.log.info({ peer: other.record.name }, 'node left');
    else this.log.warn({ peer: other.record.name, reason: cause }, 'node declared dead');
    this.node?.nodeDied(node);
  }
}
