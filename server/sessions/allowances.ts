import { limits } from '../../shared/limits.ts';
import { full, givenBack, isFull, taken, waitFor, type Rate } from './bucket.ts';
import { widerNetworksOf } from '../identity/networks.ts';

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
  /** Who keeps a reference to this one: it is not forgotten meanwhile. */
  holders = 0;
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
  isWhole(now: number): boolean { return this.connections === 0 && this.holders === 0 && this.fullAt.every((at, place) => isFull(at, this.bounds.rates[place]!, now)); }
}

const { connections: _connections, liveRooms: _liveRooms, wider: _wider, ...addressRates } = limits.address;
const ofPlayer = new Bounds({ requests: limits.requests, creations: limits.creations, inputs: limits.inputs, signals: limits.signals, lists: limits.lists, wrongCodes: limits.wrongCodes, newSeats: limits.newSeats, matches: limits.matches, quickJoins: limits.quickJoins });
const ofAddress = new Bounds(addressRates);
const ofNode = new Bounds(limits.node);

type KindOf<B> = B extends Bounds<infer Kind> ? Kind : never;
export type PlayerKind = KindOf<typeof ofPlayer>;
export type AddressKind = KindOf<typeof ofAddress>;
export type PlayerAllowance = Allowance<PlayerKind>;

/** The allowance of a network, which is `factor` addresses wide. */
class NetworkAllowance extends Allowance<AddressKind> {
  private static readonly bounds = new Map<number, typeof ofAddress>([[1, ofAddress]]);

  constructor(readonly factor: number) { super(NetworkAllowance.boundsOf(factor)); }

  private static boundsOf(factor: number): typeof ofAddress {
    let known = this.bounds.get(factor);
    if (!known) {
      const scaled = Object.entries<Rate>(addressRates).map(([kind, { burst, perSecond }]) => [kind, { burst: burst * factor, perSecond: perSecond * factor }]);
      this.bounds.set(factor, known = new Bounds(Object.fromEntries(scaled) as Record<AddressKind, Rate>));
    }
    return known;
  }
}

/** How much an address may still do: as much as its own network has left, and each wider one that it is part of. */
export class AddressAllowance {
  private readonly networks: readonly NetworkAllowance[];

  constructor(private readonly own: NetworkAllowance, readonly wider: readonly NetworkAllowance[]) { this.networks = [own, ...wider]; }

  /** @returns 0 when it may be done, else the ms after which to try again */
  take(kind: AddressKind, now: number): number {
    const wait = this.wait(kind, now);
    if (wait === 0) for (const network of this.networks) network.take(kind, now);
    return wait;
  }
  /** As `take`, without taking. */
  wait(kind: AddressKind, now: number): number { return this.networks.reduce((most, network) => Math.max(most, network.wait(kind, now)), 0); }
  giveBack(kind: AddressKind): void { for (const network of this.networks) network.giveBack(kind); }

  connect(): void { for (const network of this.networks) network.connections += 1; }
  disconnect(): void { for (const network of this.networks) network.connections -= 1; }
  /** Whether it has as many connections as there may be. */
  get isCrowded(): boolean { return this.networks.some(network => network.connections >= limits.address.connections * network.factor); }

  /** Keeps it from being forgotten, until as many calls of `release`. */
  hold(): void { this.own.holders += 1; }
  release(): void { this.own.holders -= 1; }
  get connections(): number { return this.own.connections; }
  get holders(): number { return this.own.holders; }
  isWhole(now: number): boolean { return this.own.isWhole(now); }
}

interface Forgettable { readonly connections: number; readonly holders: number; isWhole(now: number): boolean }

/**
 * What players, addresses and this node have used up. It is remembered until it has been refilled, not only for as long as
 * somebody is connected: else everybody could have all of it again by connecting anew.
 */
export class Allowances {
  /** What all clients of this node share. */
  readonly node = new Allowance(ofNode);
  private readonly players = new Map<string, PlayerAllowance>();
  private readonly addresses = new Map<string, AddressAllowance>();
  private readonly networks = new Map<string, NetworkAllowance>();
  private sweepAt = 0;

  player(id: string, now: number): PlayerAllowance { return this.of(this.players, id, now, () => new Allowance(ofPlayer)); }

  address(address: string, now: number): AddressAllowance {
    return this.of(this.addresses, address, now, () => {
      const wider = widerNetworksOf(address, limits.address.wider).map(({ name, factor }) => this.of(this.networks, name, now, () => new NetworkAllowance(factor)));
      for (const network of wider) network.holders += 1;
      return new AddressAllowance(new NetworkAllowance(1), wider);
    });
  }

  /** How many are remembered. */
  get size(): number { return this.players.size + this.addresses.size + this.networks.size; }

  private of<A extends Forgettable>(all: Map<string, A>, id: string, now: number, make: () => A): A {
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
    // Addresses before networks, which they hold.
    for (const all of [this.players, this.addresses, this.networks] as Map<string, Forgettable>[]) for (const [id, allowance] of all) if (allowance.isWhole(now)) this.forget(all, id);
  }

  /** Of so many the oldest that has gone is let off: a bound on memory goes before a bound on guests. */
  private forgetOne(all: Map<string, Forgettable>): void {
    for (const [id, { connections, holders }] of all) if (connections === 0 && holders === 0) return this.forget(all, id);
  }

  private forget(all: Map<string, Forgettable>, id: string): void {
    const allowance = all.get(id);
    all.delete(id);
    if (allowance instanceof AddressAllowance) for (const network of allowance.wider) network.holders -= 1;
  }
}
