import { anyPool, type FindOrCreate, type Offer } from './contract.ts';
import { SortedKeys } from './sorted-keys.ts';

interface Kept extends Offer {
  /** Reservations: player -> until, ms. */
  held: Map<string, number>;
  /** Not offered before, ms. */
  out: number;
  /** When the offer is reviewed, ms; null: never. */
  review: number | null;
}
type Wanted = Pick<FindOrCreate, 'game' | 'pool' | 'player' | 'call' | 'skip' | 'search' | 'reserve' | 'remember' | 'rememberLast' | 'twice'>;

/** The offers of a memory store's rooms to quick joins. Does what lua/index.lua and lua/find-or-create.lua do. */
export class MemoryOffers {
  private readonly offers = new Map<string, Kept>();
  /** `game|pool|since|id` of the rooms that are open, and `game|*|since|id`. */
  private readonly open = new SortedKeys();
  /** `ms|id`. */
  private readonly reviews = new SortedKeys();
  private readonly calls = new Map<string, { room: string; until: number }>();
  private readonly lastCalls = new Map<string, { room: string; at: number; pool: string; call: string | null; until: number }>();

  /** A changed offer of a room; null: none. */
  set(id: string, offer: Offer | null, now: number): void {
    const before = this.offers.get(id);
    if (before) this.drop(id, before);
    if (!offer) return;
    const held = before?.held ?? new Map<string, number>();
    for (const player of offer.players) held.delete(player);
    this.save(id, { ...offer, held, out: before?.out ?? 0, review: null }, now);
  }

  withdraw(id: string, player: string, out: number, now: number): void {
    const offer = this.offers.get(id);
    if (!offer) return;
    offer.held.delete(player);
    if (out > 0) offer.out = Math.max(offer.out, now + out);
    this.save(id, offer, now);
  }

  /** Whether a reservation of the room is live, as of its last change. */
  isReserved(id: string): boolean { return (this.offers.get(id)?.held.size ?? 0) > 0; }

  /** @returns a room with a seat reserved, or null */
  find(wanted: Wanted, now: number, isAlive: (id: string) => boolean): string | null {
    const { player, pool, skip } = wanted;
    for (const id of skip) if (this.offers.get(id)?.held.has(player)) this.withdraw(id, player, 0, now);
    const usable = (id: string) => !skip.includes(id) && isAlive(id);
    /** It was withdrawn: only those who have a seat are led there. */
    const isWithdrawn = (id: string) => (this.offers.get(id)?.out ?? 0) > now && !this.offers.get(id)!.players.includes(player);
    const last = this.lastCalls.get(lastKey(wanted));
    const called = wanted.call === null ? undefined : [this.calls.get(callKey(wanted)), last?.call === wanted.call ? last : undefined].find(one => one && one.until > now);
    if (called && usable(called.room) && !isWithdrawn(called.room)) {
      this.reserve(called.room, wanted, now);
      return called.room;
    }
    if (last && last.until > now && last.pool === pool && usable(last.room) && !isWithdrawn(last.room)) {
      const offer = this.offers.get(last.room);
      if (last.at + wanted.twice > now || (offer && (offer.players.includes(player) || (offer.held.get(player) ?? 0) > now))) {
        this.reserve(last.room, wanted, now);
        this.rememberCall(wanted, last.room, now);
        return last.room;
      }
    }
    this.review(now);
    const oldest = wanted.search ? this.oldest(wanted, now, usable) : null;
    return oldest === null ? null : this.give(wanted, oldest, now);
  }

  /** Reserves a seat in the prepared room. */
  made(wanted: Wanted, id: string, offer: Offer, now: number): void {
    this.save(id, { ...offer, held: new Map([[wanted.player, now + wanted.reserve]]), out: 0, review: null }, now);
    this.give(wanted, id, now);
  }

  private oldest({ game, pool }: Wanted, now: number, usable: (id: string) => boolean): string | null {
    const prefix = `${game}|${pool}|`;
    for (let key = this.open.first(prefix); key !== undefined; key = this.open.first(prefix, `${key}\0`)) {
      const id = key.slice(key.lastIndexOf('|') + 1);
      const offer = this.offers.get(id)!;
      this.save(id, offer, now); // reservations may be over, and nobody here
      if (usable(id) && isOpen(offer, now)) return id;
    }
    return null;
  }

  private give(wanted: Wanted, id: string, now: number): string {
    this.reserve(id, wanted, now);
    this.lastCalls.set(lastKey(wanted), { room: id, at: now, pool: wanted.pool, call: wanted.call, until: now + wanted.rememberLast });
    this.rememberCall(wanted, id, now);
    return id;
  }

  private rememberCall(wanted: Wanted, room: string, now: number): void {
    if (wanted.call !== null) this.calls.set(callKey(wanted), { room, until: now + wanted.remember });
  }

  /** Unless the player has a seat, or none is free. */
  private reserve(id: string, { player, reserve }: Wanted, now: number): void {
    const offer = this.offers.get(id);
    if (!offer || offer.players.includes(player)) return;
    expire(offer, now);
    if (!offer.held.has(player) && (offer.out > now || offer.free <= offer.held.size)) return;
    offer.held.set(player, now + reserve);
    this.save(id, offer, now);
  }

  /** Seats whose reservation is over are free again. */
  private review(now: number): void {
    for (let key = this.reviews.first(''); key !== undefined && Number(key.slice(0, 15)) <= now; key = this.reviews.first('')) {
      const id = key.slice(16);
      this.save(id, this.offers.get(id)!, now);
    }
  }

  /** Writes an offer, and whether the room is open now. */
  private save(id: string, offer: Kept, now: number): void {
    if (offer.review !== null) this.reviews.delete(reviewKey(offer.review, id));
    expire(offer, now);
    const times = [...offer.held.values(), ...(offer.out > now ? [offer.out] : [])];
    offer.review = times.length > 0 ? Math.min(...times) : null;
    if (offer.review !== null) this.reviews.add(reviewKey(offer.review, id));
    for (const key of openKeys(offer, id)) {
      if (isOpen(offer, now)) this.open.add(key);
      else this.open.delete(key);
    }
    this.offers.set(id, offer);
  }

  private drop(id: string, offer: Kept): void {
    for (const key of openKeys(offer, id)) this.open.delete(key);
    if (offer.review !== null) this.reviews.delete(reviewKey(offer.review, id));
    this.offers.delete(id);
  }

  sweep(now: number): void {
    for (const calls of [this.calls, this.lastCalls]) for (const [key, { until }] of calls) if (until <= now) calls.delete(key);
  }

  /** Lines that are kept. */
  get size(): number { return this.offers.size + this.open.size + this.reviews.size + this.calls.size + this.lastCalls.size; }
}

const callKey = ({ player, game, call }: Wanted): string => `${player}\0${game}\0${call}`;
const lastKey = ({ player, game }: Wanted): string => `${player}\0${game}`;
const digits = (ms: number): string => String(Math.round(ms)).padStart(15, '0');
const reviewKey = (at: number, id: string): string => `${digits(at)}|${id}`;
const openKeys = ({ game, pool, since }: Offer, id: string): string[] => [anyPool, pool].map(of => `${game}|${of}|${digits(since)}|${id}`);
const isOpen = ({ out, free, present, held }: Kept, now: number): boolean => out <= now && free > held.size && (present || held.size > 0);

/** Drops reservations that are over. */
function expire({ held }: Kept, now: number): void {
  for (const [player, until] of held) if (until <= now) held.delete(player);
}
