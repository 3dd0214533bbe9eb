import { limits } from '../../shared/limits.ts';
import type { Clock, NodeRegister } from '../runtime/ports.ts';
import { StoreError, type Store } from './store.ts';

/** A stretch of time (monotonic ms) in which a node got no answer from the store. */
export interface StoreOutage {
  from: number;
  to: number;
}

/** How many outages are kept. */
const MAX_OUTAGES = 16;
/** Writes that fail so close to each other (ms) belong to one outage. */
const MERGE_WITHIN_MS = 30_000;

/**
 * When this node last had an answer from the store, and when it had none for longer than deadlines wait (SPEC T5). Any
 * answer shows that its rooms could commit: to a heartbeat, an append, a claim, a look-up.
 */
export class StoreContact {
  private readonly outages: StoreOutage[] = [];
  /** Writes that failed one after the other, though other answers may have come: from the first one to the last one. */
  private failingWrites: StoreOutage | null = null;
  private lastFailingWrites: StoreOutage | null = null;
  /** The last answer, monotonic ms. */
  reachedAt: number;

  constructor(private readonly clock: Clock) {
    this.reachedAt = clock.mono();
  }

  /** The store has answered. */
  recordAnswer(): void {
    const now = this.clock.mono();
    if (this.isInterrupted) this.outages.push({ from: this.reachedAt, to: now });
    if (this.outages.length > MAX_OUTAGES) this.outages.shift();
    this.reachedAt = now;
  }

  /** The store has carried out an append or a claim. */
  recordWrite(): void {
    this.recordAnswer();
    const { failingWrites } = this;
    this.failingWrites = null;
    if (failingWrites && isLong(failingWrites)) this.lastFailingWrites = failingWrites;
  }

  /** An append or a claim failed that was sent at `since`. */
  recordFailedWrite(since: number): void {
    const { failingWrites } = this;
    // Nothing was tried in between: nobody can say that it would have failed.
    const continued = failingWrites !== null && since - failingWrites.to < MERGE_WITHIN_MS;
    this.failingWrites = { from: continued ? failingWrites.from : since, to: this.clock.mono() };
  }

  /** No answer for so long that deadlines may have to move. */
  get isInterrupted(): boolean {
    return this.clock.mono() - this.reachedAt > limits.deadlineGrace;
  }

  /** The outages that ended after `time`, oldest first. */
  outagesEndedAfter(time: number): StoreOutage[] {
    return this.outages.filter(({ to }) => to > time);
  }

  /**
   * The last outage, or the one of now, for the node's record in the register: also one in which writes alone failed.
   * In wall time (ms since 1970).
   */
  get lastOutage(): StoreOutage | null {
    // The heartbeat that ends an outage carries that outage: others read it before its sender has the answer.
    const known = [
      this.isInterrupted ? { from: this.reachedAt, to: this.clock.mono() } : this.outages.at(-1),
      this.lastFailingWrites,
      this.failingWrites && isLong(this.failingWrites) ? this.failingWrites : null,
    ].filter(outage => outage !== null && outage !== undefined);
    if (known.length === 0) return null;
    const to = Math.max(...known.map(outage => outage.to));
    let from = to;
    // Those that overlap are one: writes went on failing for a moment after the first heartbeat that went through.
    for (const outage of known.sort((a, b) => b.to - a.to)) if (outage.to >= from) from = Math.min(from, outage.from);
    const wall = (mono: number) => Math.round(this.clock.now() - (this.clock.mono() - mono));
    return { from: wall(from), to: wall(to) };
  }
}

/** The register, whose answers show that the store is there. */
export const observeRegister = (register: NodeRegister, contact: StoreContact): NodeRegister => ({
  heartbeat: async record => {
    const seen = await register.heartbeat(record);
    contact.recordAnswer();
    return seen;
  },
  listeners: node => register.listeners(node),
  remove: node => register.remove(node),
});

/** The store, where rooms are looked up and claimed. Appends are noted by their journal. */
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
