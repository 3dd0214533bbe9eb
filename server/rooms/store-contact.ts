import { limits } from '../../shared/limits.ts';
import type { Clock, Register } from '../ports.ts';
import { StoreError, type Store } from '../store/contract.ts';

/** A stretch of time (monotonic ms) in which a node got no answer from the store. */
export interface StoreOutage { from: number; to: number }

/** How many outages are kept. */
const KEPT = 16;
/** Writes that fail so close to each other (ms) belong to one outage. */
const UNTRIED = 30_000;

/**
 * When this node last had an answer from the store, and when it had none for longer than deadlines wait (SPEC T5). Any answer
 * shows that its rooms could commit: to a heartbeat, an append, a claim, a look-up.
 */
export class StoreContact {
  private readonly outages: StoreOutage[] = [];
  /** Writes that failed one after the other, though other answers may have come: from the first one to the last one. */
  private failing: StoreOutage | null = null;
  private lastFailing: StoreOutage | null = null;
  /** The last answer, monotonic ms. */
  reachedAt: number;

  constructor(private readonly clock: Clock) { this.reachedAt = clock.mono(); }

  /** The store has answered. */
  reached(): void {
    const now = this.clock.mono();
    if (this.isOut) this.outages.push({ from: this.reachedAt, to: now });
    if (this.outages.length > KEPT) this.outages.shift();
    this.reachedAt = now;
  }

  /** The store has carried out an append or a claim. */
  wrote(): void {
    this.reached();
    const { failing } = this;
    this.failing = null;
    if (failing && isLong(failing)) this.lastFailing = failing;
  }

  /** An append or a claim failed that was sent at `since`. */
  failed(since: number): void {
    const { failing } = this;
    // Nothing was tried in between: nobody can say that it would have failed.
    const continued = failing !== null && since - failing.to < UNTRIED;
    this.failing = { from: continued ? failing.from : since, to: this.clock.mono() };
  }

  /** No answer for so long that deadlines may have to move. */
  get isOut(): boolean { return this.clock.mono() - this.reachedAt > limits.graceForDeadlines; }

  /** The outages that ended after `time`, oldest first. */
  endedAfter(time: number): StoreOutage[] { return this.outages.filter(({ to }) => to > time); }

  /** The last outage, or the one of now, for the node's record in the register: also one in which writes alone failed. In wall time (ms since 1970). */
  get last(): StoreOutage | null {
    // The heartbeat that ends an outage carries that outage: others read it before its sender has the answer.
    const known = [this.isOut ? { from: this.reachedAt, to: this.clock.mono() } : this.outages.at(-1), this.lastFailing, this.failing && isLong(this.failing) ? this.failing : null].filter(one => one !== null && one !== undefined);
    if (known.length === 0) return null;
    const to = Math.max(...known.map(one => one.to));
    let from = to;
    // Those that overlap are one: writes went on failing for a moment after the first heartbeat that went through.
    for (const one of known.sort((a, b) => b.to - a.to)) if (one.to >= from) from = Math.min(from, one.from);
    const wall = (mono: number) => Math.round(this.clock.now() - (this.clock.mono() - mono));
    return { from: wall(from), to: wall(to) };
  }
}

/** The register, whose answers show that the store is there. */
export const heardRegister = (register: Register, contact: StoreContact): Register => ({
  beat: async record => {
    const seen = await register.beat(record);
    contact.reached();
    return seen;
  },
  listeners: node => register.listeners(node),
  remove: node => register.remove(node),
});

/** The store, where rooms are looked up and claimed. Appends are noted by their journal. */
export function heardStore(store: Store, contact: StoreContact, clock: Clock): Store {
  const noted = async <T>(ask: () => Promise<T>, answered: () => void): Promise<T> => {
    const since = clock.mono();
    try {
      const answer = await ask();
      answered();
      return answer;
    } catch (error) {
      if (error instanceof StoreError) contact.failed(since);
      throw error;
    }
  };
  return Object.assign(Object.create(store) as Store, {
    owner: id => noted(() => store.owner(id), () => contact.reached()),
    claim: (id, claim) => noted(() => store.claim(id, claim), () => contact.wrote()),
  } satisfies Partial<Store>);
}

const isLong = ({ from, to }: StoreOutage): boolean => to - from > limits.graceForDeadlines;
