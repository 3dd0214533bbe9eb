import { limits } from '../../shared/limits.ts';
import { full, givenBack, isFull, taken, waitFor, type Rate } from './bucket.ts';

/** Kinds of things that are bounded, and how; the same for everybody of a sort. */
class Bounds<Kind extends string> {
  readonly rates: readonly Rate[];
  private readonly places: ReadonlyMap<Kind, number>;

  constructor(rates: Record<Kind, Rate>) {
    this.rates = Object.values<Rate>(rates);
    this.places = new Map((Object.keys(rates) as Kind[]).map((kind, place) => [kind, place]));
  }
  placeOf(kind: Kind): number { return this.places.get(kind)!; }
}

/** How much somebody may still do, of each kind. */
export class Allowance<Kind extends string> {
  connections = 0;
  /** A bucket for each kind: see bucket.ts. */
  private readonly fullAt: number[];

  constructor(private readonly bounds: Bounds<Kind>) { this.fullAt = bounds.rates.map(() => full); }

  /** @returns 0 when it may be done, else the ms after which to try again */
  take(kind: Kind, now: number): number {
    const place = this.bounds.placeOf(kind);
    const rate = this.bounds.rates[place]!;
    const wait = waitFor(this.fullAt[place]!, rate, now);
    if (wait === 0) this.fullAt[place] = taken(this.fullAt[place]!, rate, now);
    return wait;
  }
  /** As `take`, without taking. */
  wait(kind: Kind, now: number): number {
    const place = this.bounds.placeOf(kind);
    return waitFor(this.fullAt[place]!, this.bounds.rates[place]!, now);
  }
  giveBack(kind: Kind): void {
    const place = this.bounds.placeOf(kind);
    this.fullAt[place] = givenBack(this.fullAt[place]!, this.bounds.rates[place]!);
  }
  /** Whether there is nothing to be remembered. */
  isWhole(now: number): boolean { return this.connections === 0 && this.fullAt.every((at, place) => isFull(at, this.bounds.rates[place]!, now)); }
}

const { connections: _connections, ...addressRates } = limits.address;
const ofPlayer = new Bounds({ requests: limits.requests, creations: limits.creations, inputs: limits.inputs, signals: limits.signals, wrongCodes: limits.wrongCodes, newSeats: limits.newSeats });
const ofAddress = new Bounds(addressRates);

type KindOf<B> = B extends Bounds<infer Kind> ? Kind : never;
export type PlayerAllowance = Allowance<KindOf<typeof ofPlayer>>;
export type AddressAllowance = Allowance<KindOf<typeof ofAddress>>;

/**
 * What players and addresses have used up on this node. It is remembered until it has been refilled, not only for as long as
 * somebody is connected: else everybody could have all of it again by connecting anew.
 */
export class Allowances {
  private readonly players = new Map<string, PlayerAllowance>();
  private readonly addresses = new Map<string, AddressAllowance>();
  private sweepAt = 0;

  player(id: string, now: number): PlayerAllowance { return this.of(this.players, id, now, () => new Allowance(ofPlayer)); }
  address(address: string, now: number): AddressAllowance { return this.of(this.addresses, address, now, () => new Allowance(ofAddress)); }

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
