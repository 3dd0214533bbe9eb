import type { TermStarts } from '../../shared/position.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import type { Clock, Entropy } from '../runtime/ports.ts';
import type {
  AppendRequest,
  ClaimedRoom,
  ClaimRefusal,
  FindOrCreate,
  Found,
  HangReport,
  IndexedPage,
  LastHeartbeat,
  Life,
  Maker,
  NewRoom,
  OccupiedPage,
  OverQuota,
  Owner,
  PassRequest,
  PassResult,
  QuarantinedRoom,
  RoomIndexRecord,
  StoredRoom,
} from './store.ts';
import { MemoryOffers, type CallRecord, type OfferRecord } from './memory-offers.ts';
import { TermIndex } from './term-index.ts';
import { wholeMs } from './whole-ms.ts';

/** All facts of a room except its texts: the snapshot, the entries and the recordings. Plain data. */
export interface RoomRecord {
  code: string;
  game: string;
  token: string | null;
  node: string | null;
  /** The owner at the end of an earlier process, which the next claim reports. */
  formerNode?: string;
  term: number;
  seq: number;
  terms: [number, number][];
  snapshotSeq: number;
  firstSeq: number;
  due: number | null;
  summary: RoomSummary | null;
  expires: number;
  occupied: boolean;
  /** Missing in records that older builds have stored. */
  index?: RoomIndexRecord | null;
  makers: string[];
  hangReports: HangReport[];
  quarantined: { why: string; since: number } | null;
}

/** Receives the changes of a table, in the steps that make them. */
export interface TableObserver {
  /** A room's record or offer changed. Appends that change only `seq`, and drop the hang reports, are not reported. */
  changed(id: string): void;
  /** A room was removed. */
  dropped(id: string): void;
  callRemembered(key: string, call: CallRecord): void;
}
const noObserver: TableObserver = { changed: () => {}, dropped: () => {}, callRemembered: () => {} };

/** A claim without the room's texts. */
export type ClaimedRecord = Omit<ClaimedRoom, 'snapshot' | 'entries'>;

/**
 * Fences, indexes, offers and quotas of rooms, in memory: the store without the texts. Each method is one synchronous,
 * atomic step with the behavior that `Store` describes.
 */
export class RoomTable {
  readonly rooms = new Map<string, RoomRecord>();
  readonly offers: MemoryOffers;
  private readonly codes = new Map<string, string>();
  /** Live rooms by maker. */
  private readonly made = new Map<string, Set<string>>();
  private readonly termIndex = new TermIndex();
  private lastTerm = 0;
  private lastCleanupAt = -Infinity;

  constructor(
    private readonly parts: {
      clock: Clock;
      entropy: Entropy;
      lastHeartbeatOf(node: string): LastHeartbeat | null;
    },
    private readonly observer: TableObserver = noObserver,
  ) {
    this.offers = new MemoryOffers({
      offerChanged: id => {
        if (this.rooms.has(id)) observer.changed(id);
      },
      callRemembered: (key, call) => observer.callRemembered(key, call),
    });
  }

  private now(): number {
    return this.parts.clock.now();
  }

  /** Adds a room as it was stored by an earlier process. */
  restore(id: string, record: RoomRecord, offer: OfferRecord | null): void {
    this.rooms.set(id, record);
    if (offer) this.offers.restore(id, offer, this.now());
    this.codes.set(record.code, id);
    this.termIndex.update(id, null, record.index ?? null);
    for (const key of record.makers) this.countForMaker(key, id);
    this.lastTerm = Math.max(this.lastTerm, record.term);
  }

  create(room: NewRoom): 'ok' | 'exists' | OverQuota {
    this.cleanUp(60_000);
    if (this.room(room.id) || this.codes.has(room.code)) return 'exists';
    const { makers = [] } = room;
    const over = makers.find(maker => this.isOverQuota(maker));
    if (over) return { over };
    this.rooms.set(room.id, {
      code: room.code,
      game: room.game,
      token: null,
      node: null,
      term: 0,
      seq: 0,
      terms: [],
      snapshotSeq: 0,
      firstSeq: 1,
      due: null,
      summary: null,
      expires: this.now() + wholeMs(room.life),
      occupied: false,
      index: room.index ?? null,
      makers: makers.map(maker => maker.key),
      hangReports: [],
      quarantined: null,
    });
    this.codes.set(room.code, room.id);
    this.termIndex.update(room.id, null, room.index ?? null);
    for (const { key } of makers) this.countForMaker(key, room.id);
    this.observer.changed(room.id);
    return 'ok';
  }

  private countForMaker(key: string, id: string): void {
    this.made.set(key, (this.made.get(key) ?? new Set()).add(id));
  }

  private isOverQuota({ key, most }: Maker): boolean {
    const rooms = this.made.get(key);
    if (!rooms || rooms.size < most) return false;
    for (const id of [...rooms].slice(0, 64)) this.room(id); // removes expired rooms
    return rooms.size >= most;
  }

  findOrCreate(request: FindOrCreate): Found {
    const now = this.now();
    const found = this.offers.find(request, now, id => this.room(id) !== null);
    if (found !== null) return { how: 'found', room: found };
    const { prepared } = request;
    if (!prepared) return { how: 'none' };
    const made = this.create(prepared);
    if (made === 'exists') return { how: 'taken' };
    if (made !== 'ok') return { how: 'quota', ...made };
    this.offers.addWithReservation(request, prepared.id, prepared.offer, now);
    return { how: 'made', room: prepared.id };
  }

  withdraw(id: string, player: string, pauseMs: number): void {
    this.offers.withdraw(id, player, pauseMs, this.now());
  }

  discard(id: string, player: string): boolean {
    this.offers.withdraw(id, player, 0, this.now());
    const room = this.room(id);
    if (!room) return true;
    if (room.seq > 0 || this.offers.isReserved(id)) return false;
    this.drop(id, room);
    return true;
  }

  claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): ClaimedRecord | ClaimRefusal {
    const room = this.room(id);
    if (!room) return { ok: false, why: 'missing' };
    if (room.token !== claim.expected) return { ok: false, why: 'taken', owner: ownerOf(room) };
    if (!claim.games.includes(room.game)) return { ok: false, why: 'game', game: room.game };
    const node = room.node ?? room.formerNode ?? null;
    const previous = node === null ? null : { node, term: room.term, lastHeartbeat: this.parts.lastHeartbeatOf(node) };
    this.newTerm(id, room, claim, claim.floor);
    return { ok: true, term: room.term, ...positionsOf(room), previous, hangReports: [...room.hangReports] };
  }

  pass(id: string, { token, seq, to }: PassRequest): PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' } {
    const room = this.owned(id, token);
    if (!room) return { ok: false, why: 'fenced' };
    if (room.seq !== seq) return { ok: false, why: 'seq' };
    if (!to.games.includes(room.game)) return { ok: false, why: 'game' };
    this.newTerm(id, room, to, 0);
    return { ok: true, term: room.term, terms: termsOf(room), snapshotSeq: room.snapshotSeq };
  }

  private newTerm(id: string, room: RoomRecord, owner: { token: string; node: string }, floor: number): void {
    room.term = Math.max(
      room.term + 1,
      floor + 1,
      this.now() * 1024 + Math.floor(this.parts.entropy.float() * 1024),
      this.lastTerm + 1,
    );
    this.lastTerm = room.term;
    room.token = owner.token;
    room.node = owner.node;
    delete room.formerNode;
    // A term without entries is removed from the history.
    if (room.terms.at(-1)?.[1] === room.seq + 1) room.terms.pop();
    room.terms.push([room.term, room.seq + 1]);
    if (room.terms.length > limits.termsKept) room.terms.shift();
    this.observer.changed(id);
  }

  append(id: string, append: AppendRequest): 'ok' | 'fenced' | 'seq' {
    const room = this.owned(id, append.token);
    if (!room) return 'fenced';
    if (append.seq !== room.seq + 1) return 'seq';
    const { due: dueAt, summary, offer, occupied, index, life, game, quarantined, release } = append;
    // Throws before anything is written.
    const due = typeof dueAt === 'number' ? wholeMs(dueAt) : dueAt;
    const expires = life && this.now() + wholeMs(life.ms);
    room.seq = append.seq;
    room.hangReports = [];
    if (due !== undefined) room.due = due;
    if (summary !== undefined) room.summary = summary;
    if (occupied !== undefined) room.occupied = occupied;
    if (offer !== undefined) this.offers.set(id, offer, this.now());
    if (index !== undefined) {
      this.termIndex.update(id, room.index ?? null, index);
      room.index = index;
    }
    if (expires !== undefined) room.expires = expires;
    if (game !== undefined) room.game = game;
    if (quarantined !== undefined) room.quarantined = quarantined;
    if (release) room.token = room.node = null;
    if ([due, summary, occupied, offer, index, expires, game, quarantined].some(fact => fact !== undefined) || release)
      this.observer.changed(id);
    return 'ok';
  }

  /** @returns the number of oldest entries to drop, and when the room expires */
  snapshot(
    id: string,
    token: string,
    seq: number,
    keep: number,
  ): { dropped: number; expires: number } | 'fenced' | 'old' {
    const room = this.owned(id, token);
    if (!room) return 'fenced';
    if (seq <= room.snapshotSeq || seq > room.seq) return 'old';
    room.snapshotSeq = seq;
    const dropped = Math.max(0, seq - keep - (room.firstSeq - 1));
    room.firstSeq += dropped;
    this.observer.changed(id);
    return { dropped, expires: room.expires };
  }

  renew(id: string, token: string, { ms }: Life): 'ok' | 'fenced' {
    const room = this.owned(id, token);
    if (!room) return 'fenced';
    room.expires = this.now() + wholeMs(ms);
    this.observer.changed(id);
    return 'ok';
  }

  release(id: string, token: string, quarantine?: { why: string; since: number; due: number }): 'ok' | 'fenced' {
    const room = this.owned(id, token);
    if (!room) return 'fenced';
    room.token = room.node = null;
    if (quarantine) {
      room.quarantined ??= { why: quarantine.why, since: quarantine.since };
      this.offers.set(id, null, this.now());
      if (room.due !== null) room.due = Math.max(room.due, quarantine.due);
    }
    this.observer.changed(id);
    return 'ok';
  }

  reportHang(id: string, seq: number, blame: HangReport): 'ok' | 'seq' {
    return this.setHangReports(id, seq, reports => [...reports.filter(b => b.id !== blame.id), { ...blame }]);
  }

  withdrawHangReport(id: string, seq: number, run: string): 'ok' | 'seq' {
    return this.setHangReports(id, seq, reports => reports.filter(b => b.id !== run));
  }

  private setHangReports(id: string, seq: number, change: (reports: HangReport[]) => HangReport[]): 'ok' | 'seq' {
    const room = this.room(id);
    if (room?.seq !== seq) return 'seq';
    room.hangReports = change(room.hangReports);
    this.observer.changed(id);
    return 'ok';
  }

  quarantined(most: number): QuarantinedRoom[] {
    this.cleanUp();
    return [...this.rooms]
      .flatMap(([id, r]) => (r.quarantined ? [{ id, code: r.code, game: gameOf(r.game), ...r.quarantined }] : []))
      .sort((a, b) => a.since - b.since)
      .slice(0, most);
  }

  owner(id: string): Owner | null {
    const room = this.room(id);
    return room && ownerOf(room);
  }

  byCode(code: string): string | null {
    const id = this.codes.get(code);
    return id !== undefined && this.room(id) ? id : null;
  }

  list(game: string | null, most: number): RoomSummary[] {
    this.cleanUp();
    return [...this.rooms.values()]
      .flatMap(r => (r.summary && (game === null || r.summary.game === game) ? [r.summary] : []))
      .sort((a, b) => b.since - a.since || (a.id < b.id ? 1 : -1))
      .slice(0, most);
  }

  due(at: number, most: number, skip = 0): { id: string; at: number }[] {
    this.cleanUp();
    return [...this.rooms]
      .flatMap(([id, r]) => (r.due !== null && r.due <= at ? [{ id, at: r.due }] : []))
      .sort((a, b) => a.at - b.at)
      .slice(skip, skip + most);
  }

  occupied(after: string, most: number): OccupiedPage {
    const ids = [...this.rooms]
      .flatMap(([id, r]) => (r.occupied && id > after ? [id] : []))
      .sort((a, b) => (a < b ? -1 : 1))
      .slice(0, most);
    return {
      rooms: ids.flatMap(id => {
        const room = this.room(id);
        return room ? [{ id, node: room.node }] : [];
      }),
      next: ids.length < most ? null : ids.at(-1)!,
    };
  }

  indexed(term: string, after: string, most: number): IndexedPage {
    const ids = this.termIndex.ids(term, after, most);
    return {
      rooms: ids.flatMap(id => {
        const text = this.room(id)?.index?.text;
        return text === undefined ? [] : [{ id, text }];
      }),
      next: ids.length < most ? null : ids.at(-1)!,
    };
  }

  /** Fills the term index from the records, which were replaced. */
  rebuildTermIndex(): void {
    this.termIndex.clear();
    for (const [id, { index = null }] of this.rooms) this.termIndex.update(id, null, index);
  }

  remove(id: string, token: string): 'ok' | 'fenced' {
    const room = this.owned(id, token);
    if (!room) return 'fenced';
    this.drop(id, room);
    return 'ok';
  }

  /** The room, unless it has expired. */
  room(id: string): RoomRecord | null {
    const room = this.rooms.get(id);
    if (!room) return null;
    if (room.expires > this.now()) return room;
    this.drop(id, room);
    return null;
  }

  private owned(id: string, token: string): RoomRecord | null {
    const room = this.room(id);
    return room?.token === token ? room : null;
  }

  private drop(id: string, room: RoomRecord): void {
    this.rooms.delete(id);
    this.offers.set(id, null, this.now());
    this.termIndex.update(id, room.index ?? null, null);
    if (this.codes.get(room.code) === id) this.codes.delete(room.code);
    for (const key of room.makers) {
      const rooms = this.made.get(key);
      rooms?.delete(id);
      if (rooms?.size === 0) this.made.delete(key);
    }
    this.observer.dropped(id);
  }

  /** Removes expired data, at most once per `pause` ms. @returns the number of rooms removed */
  cleanUp(pause = 0): number {
    const now = this.now();
    if (now < this.lastCleanupAt + pause) return 0;
    this.lastCleanupAt = now;
    const before = this.rooms.size;
    for (const id of [...this.rooms.keys()]) this.room(id);
    this.offers.removeExpired(now);
    return before - this.rooms.size;
  }

  clear(): void {
    this.rooms.clear();
    this.termIndex.clear();
  }

  /** Number of entries in all maps, for leak tests. */
  get size(): number {
    return this.rooms.size + this.codes.size + this.made.size + this.offers.size + this.termIndex.size;
  }
}

const termsOf = (room: RoomRecord): TermStarts => room.terms.map(t => [...t] as [number, number]);
/** What a reader of the room's texts has to know of them. */
export const positionsOf = (room: RoomRecord): Omit<StoredRoom, 'snapshot' | 'entries'> => ({
  seq: room.seq,
  terms: termsOf(room),
  snapshotSeq: room.snapshotSeq,
  firstSeq: room.firstSeq,
});
const gameOf = (key: string): string => key.slice(0, key.lastIndexOf('@'));
export const ownerOf = (room: RoomRecord): Owner => ({
  node: room.node,
  token: room.token,
  term: room.term,
  seq: room.seq,
});
