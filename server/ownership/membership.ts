import { limits } from '../../shared/limits.ts';
import type { Clock, Log, NodeRecord, Register, Timer } from '../ports.ts';
import type { Silence } from '../rooms/outages.ts';

/** What this node has itself observed of another. */
interface Observed {
  record: NodeRecord;
  /** When its beat was last seen to move, by this node's monotonic clock, and how many reads since then saw it stand. */
  moved: number;
  /** When it was seen to move indeed; null: this node has not seen it move. */
  beatAt: number | null;
  silentReads: number;
  dead: 'no' | 'gone' | 'silent' | 'left';
}

/**
 * Which nodes there are, and which of them are dead.
 *
 * A node is *silent* when its beat has stood still for `silence` on this node's own monotonic clock, during which this
 * node's own reads went through: a judge that was itself frozen or cut off has observed nothing, and begins anew. It is
 * *gone* when none of its connections stands any more, as with a process that was killed, or when nobody hears its inbox,
 * twice, `confirm` apart.
 * Being wrong is harmless: the fence at the journal decides, not this.
 */
export class Membership {
  private readonly others = new Map<string, Observed>();
  /** Nodes that were asked about but are not registered, and since when (monotonic ms); -Infinity once nobody heard them. */
  private readonly strangers = new Map<string, number>();
  private readonly suspected = new Map<string, Promise<boolean>>();
  private beat = 0;
  private lastRead: number | null = null;
  private timer: Timer | null = null;
  private stopped = false;
  /** When the register was last reached (monotonic ms), null never. */
  reachedAt: number | null = null;
  private lastSent = -Infinity;
  private leases = 0;
  /** When this node last found that it had not read the register for long. */
  private blindAt = -Infinity;
  /** When this node's inbox was last known to be heard by nobody (monotonic ms). */
  private unheardAt = -Infinity;

  constructor(
    readonly self: string,
    private readonly register: Register,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly describe: () => Omit<NodeRecord, 'id' | 'beat' | 'at'>,
    private readonly onDead: (node: string) => void,
    /** A beat was late: rooms may have been taken from this node without its knowing. */
    private readonly onNewLease: () => void = () => {},
    /** A node that this one held for dead lives. It may not know that it was, nor whose its rooms are now. */
    private readonly onBack: (node: string) => void = () => {},
  ) {}

  /** Registers this node and begins to beat. Does not fail: a register that is away is tried again with each beat. */
  async start(): Promise<void> {
    await this.pulse();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.register.remove(this.self).catch(() => {}); // whoever forgets to say goodbye is forgotten in time
  }

  /** Beats at once, for news that others should not wait for. */
  async now(): Promise<void> { await this.beatOnce(); }

  /**
   * The span for which nobody can have held this node for dead, by name: it ends when a beat is late, or nobody hears the inbox. Null while it is so.
   * What was verified under another lease may belong to somebody else by now.
   */
  get lease(): number | null { return this.clock.mono() - this.lastSent < limits.silence * 0.75 ? this.leases : null; }

  /** This node's inbox is not heard: others may hold it for gone, though its beats go on. */
  unheard(): void {
    this.unheardAt = this.clock.mono();
    this.lastSent = -Infinity;
  }

  isDead(node: string): boolean {
    if (node === this.self) return false;
    const other = this.others.get(node);
    if (other) return other.dead !== 'no';
    // Not among the registered: it came a moment ago, or was gone before this node came. Time tells.
    const asked = this.strangers.get(node);
    if (asked === undefined) {
      if (this.strangers.size > 1_000) this.strangers.clear();
      this.strangers.set(node, this.clock.mono());
      return false;
    }
    return this.lastRead !== null && this.lastRead - asked > limits.silence;
  }

  /** How long a node has been silent; null where this node has not seen it live. `exact`: this node read the register all that time. */
  silenceOf(node: string): Silence | null {
    if (node === this.self) return { ms: 0, exact: true };
    const beatAt = this.others.get(node)?.beatAt ?? null;
    return beatAt === null ? null : { ms: this.clock.mono() - beatAt, exact: beatAt > this.blindAt };
  }

  /** The other nodes that live. */
  alive(): NodeRecord[] { return [...this.others.values()].filter(o => o.dead === 'no').map(o => o.record); }
  all(): { record: NodeRecord; alive: boolean }[] { return [...this.others.values()].map(o => ({ record: o.record, alive: o.dead === 'no' })); }

  /** Nobody heard a message to that node: asks again in a moment. @returns whether it is held for dead now */
  suspect(node: string): Promise<boolean> {
    if (this.isDead(node)) return Promise.resolve(true);
    let asking = this.suspected.get(node);
    if (!asking) {
      asking = this.confirm(node).finally(() => this.suspected.delete(node));
      this.suspected.set(node, asking);
    }
    return asking;
  }

  private async confirm(node: string): Promise<boolean> {
    if (!(await this.hasEnded(node))) {
      await this.clock.sleep(limits.confirm);
      const seen = await this.register.listeners(node).catch(() => null);
      if (seen?.inbox !== 0) return false;
    }
    if (this.others.has(node)) this.declare(node, 'gone');
    else this.strangers.set(node, -Infinity);
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

  private async pulse(): Promise<void> {
    await this.beatOnce();
    if (!this.stopped) this.timer = this.clock.after(limits.beat, () => void this.pulse());
  }

  private async beatOnce(): Promise<void> {
    const record: NodeRecord = { ...this.describe(), id: this.self, beat: ++this.beat, at: this.clock.now() };
    const sent = this.clock.mono();
    try {
      const seen = await this.register.beat(record);
      if (seen.listeners.get(this.self) === 0) this.unheard();
      const late = sent - this.lastSent >= limits.silence * 0.75;
      const heard = sent > this.unheardAt;
      if (heard) this.lastSent = sent;
      if (late && heard) {
        this.leases += 1;
        this.onNewLease();
      }
      if (!this.stopped) this.take(seen.nodes, seen.listeners);
    } catch (error) {
      this.lastRead = null; // cut off: nothing was observed, about anybody
      this.log.debug({ error }, 'beat did not go through');
    }
  }

  private take(records: readonly NodeRecord[], listeners: ReadonlyMap<string, number>): void {
    const mono = this.clock.mono();
    // Longer between two reads than silence allows to be missed: this node stood still, the others perhaps did not.
    const blind = this.lastRead === null || mono - this.lastRead > limits.beat * limits.silenceReads;
    if (blind) this.blindAt = mono;
    this.lastRead = this.reachedAt = mono;
    const present = new Set<string>();
    for (const record of records) {
      if (record.id === this.self) continue;
      present.add(record.id);
      this.strangers.delete(record.id);
      this.observe(record, mono, blind, listeners.get(record.id) ?? 0);
    }
    for (const id of this.others.keys()) {
      if (present.has(id)) continue;
      this.declare(id, 'left');
      this.others.delete(id);
    }
  }

  private observe(record: NodeRecord, mono: number, blind: boolean, listeners: number): void {
    let other = this.others.get(record.id);
    if (!other) this.others.set(record.id, other = { record, moved: mono, beatAt: null, silentReads: 0, dead: 'no' });
    if (record.beat !== other.record.beat || blind) {
      if (record.beat !== other.record.beat && other.dead !== 'no' && listeners > 0) {
        this.log.info({ node: record.name }, 'a node that was held for dead is back');
        other.dead = 'no';
        this.onBack(record.id);
      }
      if (record.beat !== other.record.beat) other.beatAt = mono;
      Object.assign(other, { record, moved: mono, silentReads: 0 } satisfies Partial<Observed>);
    } else {
      other.silentReads += 1;
    }
    if (other.dead === 'no' && other.silentReads >= limits.silenceReads && mono - other.moved >= limits.silence) this.declare(record.id, 'silent');
    if (other.dead === 'no' && listeners === 0) void this.suspect(record.id);
    if (other.dead !== 'no' && mono - other.moved > limits.forgetNode) {
      this.others.delete(record.id);
      void this.register.remove(record.id).catch(() => {}); // the next beat tries again
    }
  }

  private declare(node: string, how: 'gone' | 'silent' | 'left'): void {
    const other = this.others.get(node);
    if (!other || other.dead !== 'no') return;
    other.dead = how;
    if (how === 'left') this.log.info({ node: other.record.name }, 'a node said goodbye');
    else this.log.warn({ node: other.record.name, how }, 'a node is held for dead');
    this.onDead(node);
  }
}
