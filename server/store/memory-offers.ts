import { anyPool, type FindOrCreate, type Offer } from './contract.ts';

interface OpenOffer extends Offer {
  /** Reservations: player -> until, ms. */
  held: Map<string, number>;
  /** Not offered before, ms. */
  out: number;
}
type Wanted = Pick<FindOrCreate, 'game' | 'pool' | 'player' | 'call' | 'skip' | 'search' | 'reserve' | 'remember' | 'twice'>;

/** The offers of a memory store's rooms to quick joins. Does what lua/index.lua and lua/find-or-create.lua do. */
export class MemoryOffers {
  private readonly offers = new Map<string, OpenOffer>();
  private readonly calls = new Map<string, { room: string; until: number }>();
  private readonly lastCalls = new Map<string, { room: string; at: number; pool: string; until: number }>();

  /** A changed offer of a room; null: none. */
  set(id: string, offer: Offer | null): void {
    if (!offer) return void this.offers.delete(id);
    const before = this.offers.get(id);
    const held = before?.held ?? new Map<string, number>();
    for (const player of offer.players) held.delete(player);
    this.offers.set(id, { ...offer, held, out: before?.out ?? 0 });
  }

  withdraw(id: string, player: string, out: number, now: number): void {
    const offer = this.offers.get(id);
    offer?.held.delete(player);
    if (offer && out > 0) offer.out = Math.max(offer.out, now + out);
  }

  /** @returns a room with a seat reserved, or null */
  find(wanted: Wanted, now: number, isAlive: (id: string) => boolean): string | null {
    const { player, pool, skip, reserve } = wanted;
    for (const id of skip) this.offers.get(id)?.held.delete(player);
    const usable = (id: string) => !skip.includes(id) && isAlive(id);
    /** It was withdrawn: only those who have a seat are led there. */
    const isWithdrawn = (id: string) => (this.offers.get(id)?.out ?? 0) > now && !this.offers.get(id)!.players.includes(player);
    const called = wanted.call === null ? undefined : this.calls.get(callKey(wanted));
    if (called && called.until > now && usable(called.room) && !isWithdrawn(called.room)) {
      this.reserve(called.room, player, reserve, now);
      return called.room;
    }
    const last = this.lastCalls.get(lastKey(wanted));
    if (last && last.until > now && last.pool === pool && usable(last.room) && !isWithdrawn(last.room)) {
      const offer = this.live(last.room, now);
      if (last.at + wanted.twice > now || offer?.held.has(player) || offer?.players.includes(player)) {
        this.reserve(last.room, player, reserve, now);
        this.rememberCall(wanted, last.room, now);
        return last.room;
      }
    }
    const oldest = wanted.search ? this.oldest(wanted, now, usable) : null;
    return oldest === null ? null : this.give(wanted, oldest, now);
  }

  /** Reserves a seat in the prepared room. */
  made(wanted: Wanted, id: string, offer: Offer, now: number): void {
    this.set(id, offer);
    this.give(wanted, id, now);
  }

  private oldest({ game, pool }: Wanted, now: number, usable: (id: string) => boolean): string | null {
    let oldest: string | null = null;
    let since = Infinity;
    for (const [id, offer] of this.offers) {
      if (offer.since > since || offer.game !== game || (pool !== anyPool && offer.pool !== pool) || (offer.since === since && id > oldest!)) continue;
      if (!this.isOpen(id, now) || !usable(id)) continue;
      oldest = id;
      ({ since } = offer);
    }
    return oldest;
  }

  private give(wanted: Wanted, id: string, now: number): string {
    this.reserve(id, wanted.player, wanted.reserve, now);
    this.lastCalls.set(lastKey(wanted), { room: id, at: now, pool: wanted.pool, until: now + wanted.remember });
    this.rememberCall(wanted, id, now);
    return id;
  }

  private rememberCall(wanted: Wanted, room: string, now: number): void {
    if (wanted.call !== null) this.calls.set(callKey(wanted), { room, until: now + wanted.remember });
  }

  /** Unless the player has a seat, or none is free. */
  private reserve(id: string, player: string, ms: number, now: number): void {
    const offer = this.live(id, now);
    if (!offer || offer.players.includes(player)) return;
    if (offer.held.has(player) || (offer.out <= now && offer.free > offer.held.size)) offer.held.set(player, now + ms);
  }

  private isOpen(id: string, now: number): boolean {
    const { out, free, present, held } = this.live(id, now)!;
    return out <= now && free > held.size && (present || held.size > 0);
  }

  /** The offer, without reservations that are over. */
  private live(id: string, now: number): OpenOffer | undefined {
    const offer = this.offers.get(id);
    if (offer) for (const [player, until] of offer.held) if (until <= now) offer.held.delete(player);
    return offer;
  }

  sweep(now: number): void {
    for (const calls of [this.calls, this.lastCalls]) for (const [key, { until }] of calls) if (until <= now) calls.delete(key);
  }

  /** Lines that are kept. */
  get size(): number { return this.offers.size + this.calls.size + this.lastCalls.size; }
}

const callKey = ({ player, game, call }: Wanted): string => `${player}\0${game}\0${call}`;
const lastKey = ({ player, game }: Wanted): string => `${player}\0${game}`;
