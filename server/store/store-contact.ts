import { limits } from '../../shared/limits.ts';
import type { Clock, NodeRegister } from '../runtime/ports.ts';
import { StoreError, type Store } from './store.ts';

/** A period (monotonic ms) without a reply from the store. */
export interface StoreOutage {
  from: number;
  to: number;
}

/** Number of outages kept. */
const MAX_OUTAGES = 16;
/** Failed writes less than this far apart (ms) belong to one outage. */
const MERGE_WITHIN_MS = 30_000;

/**
 * Records when this node last had a reply from the store, and the periods without one that exceed the deadline grace
 * (SPEC T5). Any reply counts: to a heartbeat, an append, a claim or a lookup.
 */
export class StoreContact {
  private readonly outages: StoreOutage[] = [];
  /** The current run of failed writes, from the first to the last one. Other replies may have arrived in between. */
  private failingWrites: StoreOutage | null = null;
  private lastFailingWrites: StoreOutage | null = null;
  /** Time of the last reply, monotonic ms. */
  reachedAt: number;

  constructor(private readonly clock: Clock) {
    this.reachedAt = clock.mono();
  }

  /** Records a reply. */
  recordAnswer(): void {
    const now = this.clock.mono();
    if (this.isInterrupted) this.outages.push({ from: this.reachedAt, to: now });
    if (this.outages.length > MAX_OUTAGES) this.outages.shift();
    this.reachedAt = now;
  }

  /** Records a successful append or claim. */
  recordWrite(): void {
    this.recordAnswer();
    const { failingWrites } = this;
    this.failingWrites = null;
    if (failingWrites && isLong(failingWrites)) this.lastFailingWrites = failingWrites;
  }

  /** Records a failed append or claim; `since`: when it was sent. */
  recordFailedWrite(since: number): void {
    const { failingWrites } = this;
    // After a gap without attempts, it is unknown whether writes would have failed.
    const continued = failingWrites !== null && since - failingWrites.to < MERGE_WITHIN_MS;
    this.failingWrites = { from: continued ? failingWrites.from : since, to: this.clock.mono() };
  }

  /** Excludes `ms` from the current period without a reply. */
  exclude(ms: number): void {
    this.reachedAt += ms;
  }

  /** Whether the current period without a reply is long enough to postpone deadlines. */
  get isInterrupted(): boolean {
    return this.clock.mono() - this.reachedAt > limits.deadlineGrace;
  }

  /** The outages that ended after `time`, oldest first. */
  outagesEndedAfter(time: number): StoreOutage[] {
    return this.outages.filter(({ to }) => to > time);
  }

  /**
   * The last outage, or the current one, for the node's record in the register; includes periods in which only writes
   * failed. Wall time (ms since 1970).
   */
  get lastOutage(): StoreOutage | null {
    // The heartbeat that ends an outage carries it, because other nodes read the record before this node has the reply.
    const known = [
      this.isInterrupted ? { from: this.reachedAt, to: this.clock.mono() } : this.outages.at(-1),
      this.lastFailingWrites,
      this.failingWrites && isLong(this.failingWrites) ? this.failingWrites : null,
    ].filter(outage => outage !== null && outage !== undefined);
    if (known.length === 0) return null;
    const to = Math.max(...known.map(outage => outage.to));
    let from = to;
    // Overlapping ones are merged: writes may still fail after the first successful heartbeat.
    for (const outage of known.sort((a, b) => b.to - a.to)) if (outage.to >= from) from = Math.min(from, outage.from);
    const wall = (mono: number) => Math.round(this.clock.now() - (this.clock.mono() - mono));
    return { from: wall(from), to: wall(to) };
  }
}

/** Wraps a register so that its replies are recorded. */
export const observeRegister = (register: NodeRegister, contact: StoreContact): NodeRegister => ({
  heartbeat: async record => {
    const seen = await register.heartbeat(record);
    contact.recordAnswer();
    return seen;
  },
  listeners: node => register.listeners(node),
  remove: node => register.remove(node),
});

/** Wraps a store so that lookups and claims are recorded. Appends are recorded by the journal. */
export function observeStore(store: Store, contact: StoreContact, clock: Clock): Store {
  const observed = async <T>(ask: () => Promise<T>, answered: () => void): Promise<T> => {
    const since = clock.mono();
    try {
      const answer = await ask();
      answered();
      return answer;
    } catch (error) {
      if (error instanceof StoreError) contact.recordFailedWrite(since);
      throw error;
    }
  };
  return Object.assign(Object.create(store) as Store, {
    owner: id =>
      observed(
        () => store.owner(id),
        () => contact.recordAnswer(),
      ),
    claim: (id, claim) =>
      observed(
        () => store.claim(id, claim),
        () => contact.recordWrite(),
      ),
  } satisfies Partial<Store>);
}

const isLong = ({ from, to }: StoreOutage): boolean => to - from > limits.deadlineGrace;
