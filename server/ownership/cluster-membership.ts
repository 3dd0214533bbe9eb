import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord, NodeRegister, Timer } from '../runtime/ports.ts';
import type { Silence } from './outage-estimator.ts';

/** What this node has itself observed of another. */
interface ObservedNode {
  record: NodeRecord;
  /**
   * When its beat was last seen to move, by this node's monotonic clock, and how many reads since then saw it stand.
   */
  beatChangedAt: number;
  /** When it was seen to move indeed; null: this node has not seen it move. */
  lastBeatAt: number | null;
  silentReads: number;
  dead: 'no' | 'gone' | 'silent' | 'left';
}

/**
 * Which nodes there are, and which of them are dead.
 *
 * A node is *silent* when its beat has stood still for `silence` on this node's own monotonic clock, during which this
 * node's own reads went through: a judge that was itself frozen or cut off has observed nothing, and begins anew. It is
 * *gone* when none of its connections stands any more, as with a process that was killed, or when nobody hears its
 * inbox, twice, `confirm` apart. Being wrong is harmless: the fence at the journal decides, not this.
 */
export class ClusterMembership {
  private readonly others = new Map<string, ObservedNode>();
  /**
   * Nodes that were asked about but are not registered, and since when (monotonic ms); -Infinity once nobody heard
   * them.
   */
  private readonly unregistered = new Map<string, number>();
  private readonly suspicions = new Map<string, Promise<boolean>>();
  private beatNumber = 0;
  private lastReadAt: number | null = null;
  private timer: Timer | null = null;
  private stopped = false;
  /** When the register was last reached (monotonic ms), null never. */
  reachedAt: number | null = null;
  private lastSentAt = -Infinity;
  private leaseCount = 0;
  /** When this node last found that it had not read the register for long. */
  private readGapAt = -Infinity;
  /** When this node's inbox was last known to be heard by nobody (monotonic ms). */
  private inboxLostAt = -Infinity;

  constructor(
    readonly self: string,
    private readonly register: NodeRegister,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly describeSelf: () => Omit<NodeRecord, 'id' | 'beat' | 'at'>,
    private readonly onDead: (node: string) => void,
    /** A beat was late: rooms may have been taken from this node without its knowing. */
    private readonly onNewLease: () => void = () => {},
    /** A node that this one held for dead lives. It may not know that it was, nor whose its rooms are now. */
    private readonly onReturned: (node: string) => void = () => {},
  ) {}

  /** Registers this node and begins to beat. Does not fail: a register that is away is tried again with each beat. */
  async start(): Promise<void> {
    await this.runHeartbeat();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.register.remove(this.self).catch(() => {}); // whoever forgets to say goodbye is forgotten in time
  }

  /** Beats at once, for news that others should not wait for. */
  async heartbeatNow(): Promise<void> {
    await this.sendHeartbeat();
  }

  /**
   * The span for which nobody can have held this node for dead, by name: it ends when a beat is late, or nobody hears
   * the inbox. Null while it is so. What was verified under another lease may belong to somebody else by now.
   */
  get lease(): number | null {
    return this.clock.mono() - this.lastSentAt < limits.nodeTimeout * 0.75 ? this.leaseCount : null;
  }

  /** This node's inbox is not heard: others may hold it for gone, though its beats go on. */
  inboxLost(): void {
    this.inboxLostAt = this.clock.mono();
    this.lastSentAt = -Infinity;
  }

  isDead(node: string): boolean {
    if (node === this.self) return false;
    const other = this.others.get(node);
    if (other) return other.dead !== 'no';
    // Not among the registered: it came a moment ago, or was gone before this node came. Time tells.
    const firstAskedAt = this.unregistered.get(node);
    if (firstAskedAt === undefined) {
      if (this.unregistered.size > 1_000) this.unregistered.clear();
      this.unregistered.set(node, this.clock.mono());
      return false;
    }
    return this.lastReadAt !== null && this.lastReadAt - firstAskedAt > limits.nodeTimeout;
  }

  /**
   * How long a node has been silent; null where this node has not seen it live. `exact`: this node read the register
   * all that time.
   */
  silenceOf(node: string): Silence | null {
    if (node === this.self) return { ms: 0, isExact: true };
    const beatAt = this.others.get(node)?.lastBeatAt ?? null;
    return beatAt === null ? null : { ms: this.clock.mono() - beatAt, isExact: beatAt > this.readGapAt };
  }

  /** The other nodes that live. */
  aliveNodes(): NodeRecord[] {
    return [...this.others.values()].filter(o => o.dead === 'no').map(o => o.record);
  }
  allNodes(): { record: NodeRecord; alive: boolean }[] {
    return [...this.others.values()].map(o => ({ record: o.record, alive: o.dead === 'no' }));
  }

  /** Nobody heard a message to that node: asks again in a moment. @returns whether it is held for dead now */
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
   * Whether none of its connections stands: one that breaks comes back in a moment, all of them together mean the end.
   * Who has not stood well himself just now, as when Redis was away, cannot tell: others may only not be back yet.
   */
  private async hasEnded(node: string): Promise<boolean> {
    if (this.lease === null) return false;
    const seen = await this.register.listeners(node).catch(() => null);
    return seen?.inbox === 0 && seen.register === 0 && this.lease !== null;
  }

  private async runHeartbeat(): Promise<void> {
    await this.sendHeartbeat();
    if (!this.stopped) this.timer = this.clock.after(limits.heartbeat, () => void this.runHeartbeat());
  }

  private async sendHeartbeat(): Promise<void> {
    const record: NodeRecord = { ...this.describeSelf(), id: this.self, beat: ++this.beatNumber, at: this.clock.now() };
    const sent = this.clock.mono();
    try {
      const seen = await this.register.heartbeat(record);
      if (seen.listeners.get(this.self) === 0) this.inboxLost();
      const isLate = sent - this.lastSentAt >= limits.nodeTimeout * 0.75;
      const isInboxSubscribed = sent > this.inboxLostAt;
      if (isInboxSubscribed) this.lastSentAt = sent;
      if (isLate && isInboxSubscribed) {
        this.leaseCount += 1;
        this.onNewLease();
      }
      if (!this.stopped) this.observeAll(seen.nodes, seen.listeners);
    } catch (error) {
      this.lastReadAt = null; // cut off: nothing was observed, about anybody
      this.log.debug({ error }, 'heartbeat failed');
    }
  }

  private observeAll(records: readonly NodeRecord[], listeners: ReadonlyMap<string, number>): void {
    const mono = this.clock.mono();
    // Longer between two reads than silence allows to be missed: this node stood still, the others perhaps did not.
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
        this.onReturned(record.id);
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
      void this.register.remove(record.id).catch(() => {}); // the next beat tries again
    }
  }

  private declareDead(node: string, cause: 'gone' | 'silent' | 'left'): void {
    const other = this.others.get(node);
    if (!other || other.dead !== 'no') return;
    other.dead = cause;
    if (cause === 'left') this.log.info({ peer: other.record.name }, 'node left');
    else this.log.warn({ peer: other.record.name, reason: cause }, 'node declared dead');
    this.onDead(node);
  }
}
