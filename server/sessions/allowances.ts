import { limits } from '../../shared/limits.ts';
import { Bucket, type Rate } from './bucket.ts';

/** How much somebody may still do, of each kind. */
export class Allowance<Kind extends string> {
  connections = 0;
  private readonly buckets: Record<Kind, Bucket>;

  constructor(rates: Record<Kind, Rate>, now: number) {
    this.buckets = Object.fromEntries(Object.entries<Rate>(rates).map(([kind, rate]) => [kind, new Bucket(rate, now)])) as Record<Kind, Bucket>;
  }

  /** @returns 0 when it may be done, else the ms after which to try again */
  take(kind: Kind, now: number): number { return this.buckets[kind].take(now); }
  /** As `take`, without taking. */
  wait(kind: Kind, now: number): number { return this.buckets[kind].wait(now); }
  giveBack(kind: Kind): void { this.buckets[kind].giveBack(); }
  /** Whether there is nothing to be remembered. */
  isWhole(now: number): boolean { return this.connections === 0 && Object.values<Bucket>(this.buckets).every(b => b.isFull(now)); }
}

const ofPlayer = { requests: limits.requests, creations: limits.creations, inputs: limits.inputs, signals: limits.signals, wrongCodes: limits.wrongCodes, newSeats: limits.newSeats };
const { connections: _connections, ...ofAddress } = limits.address;

export type PlayerAllowance = Allowance<keyof typeof ofPlayer>;
export type AddressAllowance = Allowance<keyof typeof ofAddress>;

/**
 * What players and addresses have used up on this node. It is remembered until it has been refilled, not only for as long as
 * somebody is connected: else everybody could have all of it again by connecting anew.
 */
export class Allowances {
  private readonly players = new Map<string, PlayerAllowance>();
  private readonly addresses = new Map<string, AddressAllowance>();
  private sweepAt = 0;

  player(id: string, now: number): PlayerAllowance { return this.of(this.players, id, now, () => new Allowance(ofPlayer, now)); }
  address(address: string, now: number): AddressAllowance { return this.of(this.addresses, address, now, () => new Allowance(ofAddress, now)); }

  /** How many are remembered. */
  get size(): number { return this.players.size + this.addresses.size; }

  private of<A extends Allowance<string>>(all: Map<string, A>, id: string, now: number, make: () => A): A {
    const known = all.get(id);
    if (known) return known;
    if (now >= this.sweepAt) this.sweep(now);
    if (all.size >= limits.allowances) this.forgetOne(all);
    const made = make();
    all.set(id, made);
    return made;
  }

  private sweep(now: number): void {
    this.sweepAt = now + 5_000;
    for (const all of [this.players, this.addresses]) for (const [id, allowance] of all) if (allowance.isWhole(now)) all.delete(id);
  }

  /** Of so many the oldest that has gone is let off: a bound on memory goes before a bound on guests. */
  private forgetOne(all: Map<string, Allowance<string>>): void {
    for (const [id, { connections }] of all) if (connections === 0) return void all.delete(id);
  }
}
