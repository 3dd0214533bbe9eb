import { anyPool, type FindOrCreate, type Offer } from './store.ts';
import { SortedKeys } from './sorted-keys.ts';

interface StoredOffer extends Offer {
  /** Reservations: player -> expiry, ms. */
  reservations: Map<string, number>;
  /** The room is not offered before this time, ms. */
  pausedUntil: number;
  /** When the offer is reviewed next, ms; null: never. */
  reviewAt: number | null;
}
type OfferSearch = Pick<
  FindOrCreate,
  | 'game'
  | 'pool'
  | 'player'
  | 'call'
  | 'skip'
  | 'search'
  | 'reserveMs'
  | 'rememberMs'
  | 'rememberLastMs'
  | 'repeatWithinMs'
>;

/** An offer as plain data. */
export interface OfferRecord extends Offer {
  reservations: [player: string, until: number][];
  pausedUntil: number;
}
/** What is remembered of a quick join. `at`, `pool` and `call`: of a player's last one. */
export interface CallRecord {
  room: string;
  until: number;
  last?: { at: number; pool: string; call: string | null };
}
/** Receives the changes of offers, in the steps that make them. */
export interface OffersObserver {
  offerChanged(id: string): void;
  callRemembered(key: string, call: CallRecord): void;
}

/** Offers of rooms to quick joins, in memory. Same behavior as lua/index.lua and lua/find-or-create.lua. */
export class MemoryOffers {
  private readonly offers = new Map<string, StoredOffer>();
  /** `game|pool|since|id` and `game|*|since|id` of each open room. */
  private readonly open = new SortedKeys();
  /** `ms|id` of each offer with a pending review. */
  private readonly reviews = new SortedKeys();
  /** Quick joins by `callKey`, and each player's last one of a game by `lastKey`. */
  private readonly calls = new Map<string, CallRecord>();

  constructor(private readonly observer: OffersObserver = { offerChanged: () => {}, callRemembered: () => {} }) {}

  /** The offer of a room as plain data; null if there is none. */
  recordOf(id: string): OfferRecord | null {
    const stored = this.offers.get(id);
    if (!stored) return null;
    const { reviewAt: _, reservations, ...offer } = stored;
    return { ...offer, reservations: [...reservations] };
  }

  /** Adds what an earlier process stored. */
  restore(id: string, { reservations, ...offer }: OfferRecord, now: number): void {
    this.save(id, { ...offer, reservations: new Map(reservations), reviewAt: null }, now);
  }
  restoreCall(key: string, call: CallRecord): void {
    this.calls.set(key, call);
  }

  /** Sets or removes (null) the offer of a room. */
  set(id: string, offer: Offer | null, now: number): void {
    const before = this.offers.get(id);
    if (before) this.remove(id, before);
    if (before || offer) this.observer.offerChanged(id);
    if (!offer) return;
    const reservations = before?.reservations ?? new Map<string, number>();
    for (const player of offer.players) reservations.delete(player);
    this.save(id, { ...offer, reservations, pausedUntil: before?.pausedUntil ?? 0, reviewAt: null }, now);
  }

  withdraw(id: string, player: string, pauseMs: number, now: number): void {
    const offer = this.offers.get(id);
    if (!offer) return;
    offer.reservations.delete(player);
    if (pauseMs > 0) offer.pausedUntil = Math.max(offer.pausedUntil, now + pauseMs);
    this.save(id, offer, now);
    this.observer.offerChanged(id);
  }

  /** Whether the room has a live reservation, as of its last change. */
  isReserved(id: string): boolean {
    return (this.offers.get(id)?.reservations.size ?? 0) > 0;
  }

  /** @returns a room with a seat reserved, or null */
  find(wanted: OfferSearch, now: number, isAlive: (id: string) => boolean): string | null {
    const { player, pool, skip } = wanted;
    for (const id of skip) if (this.offers.get(id)?.reservations.has(player)) this.withdraw(id, player, 0, now);
    const usable = (id: string) => !skip.includes(id) && isAlive(id);
    /** A withdrawn room is returned only to players who have a seat in it. */
    const isWithdrawn = (id: string) =>
      (this.offers.get(id)?.pausedUntil ?? 0) > now && !this.offers.get(id)!.players.includes(player);
    const last = this.lastCallOf(wanted, now);
    const remembered = wanted.call === null ? undefined : this.calls.get(callKey(wanted));
    const called =
      remembered && remembered.until > now
        ? remembered
        : wanted.call !== null && last?.call === wanted.call
          ? last
          : undefined;
    if (called && usable(called.room) && !isWithdrawn(called.room)) {
      this.reserve(called.room, wanted, now);
      return called.room;
    }
    if (last && last.pool === pool && usable(last.room) && !isWithdrawn(last.room)) {
      const offer = this.offers.get(last.room);
      if (
        last.at + wanted.repeatWithinMs > now ||
        (offer && (offer.players.includes(player) || (offer.reservations.get(player) ?? 0) > now))
      ) {
        this.reserve(last.room, wanted, now);
        this.rememberCall(wanted, last.room, now);
        return last.room;
      }
    }
    this.reviewDue(now);
    const oldest = wanted.search ? this.findOldest(wanted, now, usable) : null;
    return oldest === null ? null : this.assign(wanted, oldest, now);
  }

  /** The player's last quick join of the game, while it is remembered. */
  private lastCallOf(wanted: OfferSearch, now: number): ({ room: string } & NonNullable<CallRecord['last']>) | null {
    const stored = this.calls.get(lastKey(wanted));
    return stored?.last && stored.until > now ? { room: stored.room, ...stored.last } : null;
  }

  /** Adds the prepared room with a seat reserved in it. */
  addWithReservation(wanted: OfferSearch, id: string, offer: Offer, now: number): void {
    this.save(
      id,
      { ...offer, reservations: new Map([[wanted.player, now + wanted.reserveMs]]), pausedUntil: 0, reviewAt: null },
      now,
    );
    this.observer.offerChanged(id);
    this.assign(wanted, id, now);
  }

  private findOldest({ game, pool }: OfferSearch, now: number, usable: (id: string) => boolean): string | null {
    const prefix = `${game}|${pool}|`;
    for (let key = this.open.first(prefix); key !== undefined; key = this.open.first(prefix, `${key}\0`)) {
      const id = key.slice(key.lastIndexOf('|') + 1);
      const offer = this.offers.get(id)!;
      this.save(id, offer, now); // drops expired reservations, which may close the room
      if (usable(id) && isOpen(offer, now)) return id;
    }
    return null;
  }

  private assign(wanted: OfferSearch, id: string, now: number): string {
    this.reserve(id, wanted, now);
    const { pool, call, rememberLastMs } = wanted;
    this.remember(lastKey(wanted), { room: id, until: now + rememberLastMs, last: { at: now, pool, call } });
    this.rememberCall(wanted, id, now);
    return id;
  }

  private rememberCall(wanted: OfferSearch, room: string, now: number): void {
    if (wanted.call !== null) this.remember(callKey(wanted), { room, until: now + wanted.rememberMs });
  }

  private remember(key: string, call: CallRecord): void {
    this.calls.set(key, call);
    this.observer.callRemembered(key, call);
  }

  /** Reserves a seat unless the player has one or none is free. */
  private reserve(id: string, { player, reserveMs }: OfferSearch, now: number): void {
    const offer = this.offers.get(id);
    if (!offer || offer.players.includes(player)) return;
    dropExpiredReservations(offer, now);
    if (!offer.reservations.has(player) && (offer.pausedUntil > now || offer.free <= offer.reservations.size)) return;
    offer.reservations.set(player, now + reserveMs);
    this.save(id, offer, now);
    this.observer.offerChanged(id);
  }

  /** Frees the seats of expired reservations. */
  private reviewDue(now: number): void {
    for (
      let key = this.reviews.first('');
      key !== undefined && Number(key.slice(0, 15)) <= now;
      key = this.reviews.first('')
    ) {
      const id = key.slice(16);
      this.save(id, this.offers.get(id)!, now);
    }
  }

  /** Writes an offer and updates whether the room is open. */
  private save(id: string, offer: StoredOffer, now: number): void {
    if (offer.reviewAt !== null) this.reviews.delete(reviewKey(offer.reviewAt, id));
    dropExpiredReservations(offer, now);
    const times = [...offer.reservations.values(), ...(offer.pausedUntil > now ? [offer.pausedUntil] : [])];
    offer.reviewAt = times.length > 0 ? Math.min(...times) : null;
    if (offer.reviewAt !== null) this.reviews.add(reviewKey(offer.reviewAt, id));
    for (const key of openKeys(offer, id)) {
      if (isOpen(offer, now)) this.open.add(key);
      else this.open.delete(key);
    }
    this.offers.set(id, offer);
  }

  private remove(id: string, offer: StoredOffer): void {
    for (const key of openKeys(offer, id)) this.open.delete(key);
    if (offer.reviewAt !== null) this.reviews.delete(reviewKey(offer.reviewAt, id));
    this.offers.delete(id);
  }

  removeExpired(now: number): void {
    for (const [key, { until }] of this.calls) if (until <= now) this.calls.delete(key);
  }

  /** Number of entries in all maps, for leak tests. */
  get size(): number {
    return this.offers.size + this.open.size + this.reviews.size + this.calls.size;
  }
}

const callKey = ({ player, game, call }: OfferSearch): string => JSON.stringify([player, game, call]);
const lastKey = ({ player, game }: OfferSearch): string => JSON.stringify([player, game]);
const padMs = (ms: number): string => String(Math.round(ms)).padStart(15, '0');
const reviewKey = (at: number, id: string): string => `${padMs(at)}|${id}`;
const openKeys = ({ game, pool, since }: Offer, id: string): string[] =>
  [anyPool, pool].map(of => `${game}|${of}|${padMs(since)}|${id}`);
const isOpen = ({ pausedUntil, free, present, reservations }: StoredOffer, now: number): boolean =>
  pausedUntil <= now && free > reservations.size && (present || reservations.size > 0);

function dropExpiredReservations({ reservations }: StoredOffer, now: number): void {
  for (const [player, until] of reservations) if (until <= now) reservations.delete(player);
}
