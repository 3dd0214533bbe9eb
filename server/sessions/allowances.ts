import { limits } from '../../shared/limits.ts';
import { playerRatesOf, type PlayerRates } from './player-rates.ts';
import { full, fullAtAfterRefund, isFull, fullAtAfterTake, waitFor, type Rate } from './token-bucket.ts';
import { widerNetworksOf } from '../identity/networks.ts';

/** The kinds of requests that are rate limited, and their rates; shared by all allowances of a type. */
class Bounds<Kind extends string> {
  readonly rates: readonly Rate[];
  private readonly indexes: ReadonlyMap<Kind, number>;

  constructor(rates: Record<Kind, Rate>) {
    this.rates = Object.values<Rate>(rates);
    this.indexes = new Map((Object.keys(rates) as Kind[]).map((kind, place) => [kind, place]));
  }
  indexOf(kind: Kind): number {
    return this.indexes.get(kind)!;
  }
}

/** What a client may still do, by kind: one token bucket each. */
export class Allowance<Kind extends string> {
  connections = 0;
  /** Number of users of this object; it is not dropped while there are any. */
  references = 0;
  /** One token bucket per kind: see token-bucket.ts. */
  private readonly fullAt: number[];

  constructor(private readonly bounds: Bounds<Kind>) {
    this.fullAt = bounds.rates.map(() => full);
  }

  /** Takes one token. @returns 0, or the ms after which to retry */
  take(kind: Kind, now: number): number {
    const index = this.bounds.indexOf(kind);
    const rate = this.bounds.rates[index]!;
    const wait = waitFor(this.fullAt[index]!, rate, now);
    if (wait === 0) this.fullAt[index] = fullAtAfterTake(this.fullAt[index]!, rate, now);
    return wait;
  }
  /** As `take`, without taking. */
  wait(kind: Kind, now: number): number {
    const index = this.bounds.indexOf(kind);
    return waitFor(this.fullAt[index]!, this.bounds.rates[index]!, now);
  }
  refund(kind: Kind): void {
    const index = this.bounds.indexOf(kind);
    this.fullAt[index] = fullAtAfterRefund(this.fullAt[index]!, this.bounds.rates[index]!);
  }
  /** Whether the allowance is in its initial state, so that it need not be kept. */
  isUnused(now: number): boolean {
    return (
      this.connections === 0 &&
      this.references === 0 &&
      this.fullAt.every((at, index) => isFull(at, this.bounds.rates[index]!, now))
    );
  }
}

const { connections: _connections, liveRooms: _liveRooms, prefixMultiplier: _wider, ...addressRates } = limits.address;
const playerBoundsOf = ({ requests, inputs, signals }: PlayerRates) =>
  new Bounds({
    requests,
    creations: limits.creations,
    inputs,
    signals,
    lists: limits.lists,
    wrongCodes: limits.wrongCodes,
    newSeats: limits.newSeats,
    matches: limits.matches,
    quickJoins: limits.quickJoins,
  });
const addressBounds = new Bounds(addressRates);
const nodeBounds = new Bounds(limits.node);

type KindOf<B> = B extends Bounds<infer Kind> ? Kind : never;
export type PlayerKind = KindOf<ReturnType<typeof playerBoundsOf>>;
export type AddressKind = KindOf<typeof addressBounds>;
export type PlayerAllowance = Allowance<PlayerKind>;

/** The allowance of a network; `factor`: how many times an address's rates it gets. */
class NetworkAllowance extends Allowance<AddressKind> {
  private static readonly bounds = new Map<number, typeof addressBounds>([[1, addressBounds]]);

  constructor(readonly factor: number) {
    super(NetworkAllowance.boundsOf(factor));
  }

  private static boundsOf(factor: number): typeof addressBounds {
    let known = this.bounds.get(factor);
    if (!known) {
      const scaled = Object.entries<Rate>(addressRates).map(([kind, { burst, perSecond }]) => [
        kind,
        { burst: burst * factor, perSecond: perSecond * factor },
      ]);
      this.bounds.set(factor, (known = new Bounds(Object.fromEntries(scaled) as Record<AddressKind, Rate>)));
    }
    return known;
  }
}

/** The allowance of an address: limited by its own network and by each wider one that contains it. */
export class AddressAllowance {
  private readonly networks: readonly NetworkAllowance[];

  constructor(
    private readonly own: NetworkAllowance,
    readonly wider: readonly NetworkAllowance[],
  ) {
    this.networks = [own, ...wider];
  }

  /** Takes one token from each network. @returns 0, or the ms after which to retry */
  take(kind: AddressKind, now: number): number {
    const wait = this.wait(kind, now);
    if (wait === 0) for (const network of this.networks) network.take(kind, now);
    return wait;
  }
  /** As `take`, without taking. */
  wait(kind: AddressKind, now: number): number {
    return this.networks.reduce((most, network) => Math.max(most, network.wait(kind, now)), 0);
  }
  refund(kind: AddressKind): void {
    for (const network of this.networks) network.refund(kind);
  }

  connect(): void {
    for (const network of this.networks) network.connections += 1;
  }
  disconnect(): void {
    for (const network of this.networks) network.connections -= 1;
  }
  /** Whether the maximum number of connections is reached. */
  get isAtConnectionLimit(): boolean {
    return this.networks.some(network => network.connections >= limits.address.connections * network.factor);
  }

  /** Keeps this object from being dropped until `release` is called as often. */
  retain(): void {
    this.own.references += 1;
  }
  release(): void {
    this.own.references -= 1;
  }
  get connections(): number {
    return this.own.connections;
  }
  get references(): number {
    return this.own.references;
  }
  isUnused(now: number): boolean {
    return this.own.isUnused(now);
  }
}

interface Forgettable {
  readonly connections: number;
  readonly references: number;
  isUnused(now: number): boolean;
}

/**
 * The allowances of players, addresses and this node. They are kept until they have refilled, even without a
 * connection: otherwise a client could reset its allowance by reconnecting.
 */
export class Allowances {
  /** Shared by all clients of this node. */
  readonly node = new Allowance(nodeBounds);
  private readonly players = new Map<string, PlayerAllowance>();
  private readonly addresses = new Map<string, AddressAllowance>();
  private readonly networks = new Map<string, NetworkAllowance>();
  private nextCleanupAt = 0;
  private readonly playerBounds: ReturnType<typeof playerBoundsOf>;

  constructor(rates: PlayerRates = playerRatesOf()) {
    this.playerBounds = playerBoundsOf(rates);
  }

  player(id: string, now: number): PlayerAllowance {
    return this.getOrCreate(this.players, id, now, () => new Allowance(this.playerBounds));
  }

  address(address: string, now: number): AddressAllowance {
    return this.getOrCreate(this.addresses, address, now, () => {
      const wider = widerNetworksOf(address, limits.address.prefixMultiplier).map(({ name, factor }) =>
        this.getOrCreate(this.networks, name, now, () => new NetworkAllowance(factor)),
      );
      for (const network of wider) network.references += 1;
      return new AddressAllowance(new NetworkAllowance(1), wider);
    });
  }

  /** Number of allowances kept. */
  get size(): number {
    return this.players.size + this.addresses.size + this.networks.size;
  }

  private getOrCreate<A extends Forgettable>(all: Map<string, A>, id: string, now: number, make: () => A): A {
    const known = all.get(id);
    if (known) return known;
    if (now >= this.nextCleanupAt) this.forgetUnused(now);
    if (all.size >= limits.rateLimitEntries) this.evictOldest(all);
    const made = make();
    all.set(id, made);
    return made;
  }

  private forgetUnused(now: number): void {
    this.nextCleanupAt = now + 5_000;
    // Addresses before networks, because addresses reference networks.
    for (const all of [this.players, this.addresses, this.networks] as Map<string, Forgettable>[])
      for (const [id, allowance] of all) if (allowance.isUnused(now)) this.forget(all, id);
  }

  /** Drops the oldest allowance without connections: the bound on memory takes precedence over the bound on clients. */
  private evictOldest(all: Map<string, Forgettable>): void {
    for (const [id, { connections, references }] of all)
      if (connections === 0 && references === 0) return this.forget(all, id);
  }

  private forget(all: Map<string, Forgettable>, id: string): void {
    const allowance = all.get(id);
    all.delete(id);
    if (allowance instanceof AddressAllowance) for (const network of allowance.wider) network.references -= 1;
  }
}
