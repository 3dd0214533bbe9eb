import type { TermStarts } from '../../shared/position.ts';
import { limits } from '../../shared/limits.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import type { Clock, Entropy } from '../runtime/ports.ts';
import type {
  AppendRequest,
  HangReport,
  ClaimedRoom,
  FindOrCreate,
  Found,
  Life,
  ClaimRefusal,
  Maker,
  NewRoom,
  OccupiedPage,
  OverQuota,
  Owner,
  PassRequest,
  PassResult,
  PeekedRoom,
  QuarantinedRoom,
  ReplayPart,
  LastHeartbeat,
  Store,
  StoredRoom,
} from './store.ts';
import { MemoryOffers } from './memory-offers.ts';
import { wholeMs } from './whole-ms.ts';

interface MemoryRoom {
  code: string;
  game: string;
  token: string | null;
  node: string | null;
  term: number;
  seq: number;
  terms: [number, number][];
  snapshot: string;
  snapshotSeq: number;
  entries: string[];
  firstSeq: number;
  due: number | null;
  summary: RoomSummary | null;
  expires: number;
  occupied: boolean;
  makers: string[];
  hangReports: HangReport[];
  quarantined: { why: string; since: number } | null;
}

/**
 * The embedded default: data lives in this process and ends with it. Several nodes in one process may share a store.
 */
export class MemoryStore implements Store {
  private readonly rooms = new Map<string, MemoryRoom>();
  private readonly codes = new Map<string, string>();
  private readonly offers = new MemoryOffers();
  /** Live rooms by maker. */
  private readonly made = new Map<string, Set<string>>();
  private readonly pieces = new Map<string, { texts: string[]; expires: number }>();
  private readonly replays = new Map<string, { text: string; expires: number }>();
  /** Nodes that share this store share a process, so publishing on append would save no round trip. */
  readonly canPublishOnAppend = false;
  private lastTerm = 0;
  private lastCleanupAt = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly entropy: Entropy,
    private readonly lastHeartbeatOf: (node: string) => LastHeartbeat | null = () => null,
  ) {}

  async create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota> {
    return this.make(room);
  }

  private make(room: NewRoom): 'ok' | 'exists' | OverQuota {
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
      snapshot: room.snapshot,
      snapshotSeq: 0,
      entries: [],
      firstSeq: 1,
      due: null,
      summary: null,
      expires: this.clock.now() + wholeMs(room.life),
      occupied: false,
      makers: makers.map(maker => maker.key),
      hangReports: [],
      quarantined: null,
    });
    this.codes.set(room.code, room.id);
    for (const { key } of makers) this.made.set(key, (this.made.get(key) ?? new Set()).add(room.id));
    return 'ok';
  }

  private isOverQuota({ key, most }: Maker): boolean {
    const rooms = this.made.get(key);
    if (!rooms || rooms.size < most) return false;
    for (const id of [...rooms].slice(0, 64)) this.room(id); // removes expired rooms
    return rooms.size >= most;
  }

  async findOrCreate(request: FindOrCreate): Promise<Found> {
    const now = this.clock.now();
    const found = this.offers.find(request, now, id => this.room(id) !== null);
    if (found !== null) return { how: 'found', room: found };
    const { prepared } = request;
    if (!prepared) return { how: 'none' };
    const made = this.make(prepared);
    if (made === 'exists') return { how: 'taken' };
    if (made !== 'ok') return { how: 'quota', ...made };
    this.offers.addWithReservation(request, prepared.id, prepared.offer, now);
    return { how: 'made', room: prepared.id };
  }

  async withdraw(id: string, player: string, pauseMs: number): Promise<void> {
    this.offers.withdraw(id, player, pauseMs, this.clock.now());
  }

  async discard(id: string, player: string): Promise<boolean> {
    this.offers.withdraw(id, player, 0, this.clock.now());
    const room = this.room(id);
    if (!room) return true;
    if (room.seq > 0 || this.offers.isReserved(id)) return false;
    this.drop(id, room);
    return true;
  }

  async claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal> {
    const room = this.room(id);
    if (!room) return { ok: false, why: 'missing' };
    if (room.token !== claim.expected) return { ok: false, why: 'taken', owner: ownerOf(room) };
    if (!claim.games.includes(room.game)) return { ok: false, why: 'game', game: room.game };
    const previous =
      room.node === null ? null : { node: room.node, term: room.term, lastHeartbeat: this.lastHeartbeatOf(room.node) };
    this.newTerm(room, claim, claim.floor);
    return { ok: true, term: room.term, ...storedOf(room), previous, hangReports: [...room.hangReports] };
  }

  async peek(id: string): Promise<PeekedRoom | null> {
    const room = this.room(id);
    return room && { ...storedOf(room), game: room.game, owner: ownerOf(room) };
  }

  async pass(
    id: string,
    { token, seq, to }: PassRequest,
  ): Promise<PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' }> {
    const room = this.room(id);
    if (!room || room.token !== token) return { ok: false, why: 'fenced' };
    if (room.seq !== seq) return { ok: false, why: 'seq' };
    if (!to.games.includes(room.game)) return { ok: false, why: 'game' };
    this.newTerm(room, to, 0);
    return { ok: true, term: room.term, terms: termsOf(room), snapshotSeq: room.snapshotSeq };
  }

  private newTerm(room: MemoryRoom, owner: { token: string; node: string }, floor: number): void {
    room.term = Math.max(
      room.term + 1,
      floor + 1,
      this.clock.now() * 1024 + Math.floor(this.entropy.float() * 1024),
      this.lastTerm + 1,
    );
    this.lastTerm = room.term;
    room.token = owner.token;
    room.node = owner.node;
    // A term without entries is removed from the history.
    if (room.terms.at(-1)?.[1] === room.seq + 1) room.terms.pop();
    room.terms.push([room.term, room.seq + 1]);
    if (room.terms.length > limits.termsKept) room.terms.shift();
  }

  async append(id: string, append: AppendRequest): Promise<'ok' | 'fenced' | 'seq'> {
    const room = this.room(id);
    if (!room || room.token !== append.token) return 'fenced';
    if (append.seq !== room.seq + 1) return 'seq';
    // Throws before anything is written.
    const due = typeof append.due === 'number' ? wholeMs(append.due) : append.due;
    room.entries.push(append.entry);
    room.seq = append.seq;
    room.hangReports = [];
    if (due !== undefined) room.due = due;
    if (append.summary !== undefined) room.summary = append.summary;
    if (append.occupied !== undefined) room.occupied = append.occupied;
    if (append.offer !== undefined) this.offers.set(id, append.offer, this.clock.now());
    if (append.life !== undefined) this.extendLife(id, room, append.life);
    if (append.game !== undefined) room.game = append.game;
    if (append.quarantined !== undefined) room.quarantined = append.quarantined;
    if (append.release) room.token = room.node = null;
    return 'ok';
  }

  async snapshot(
    id: string,
    token: string,
    seq: number,
    text: string,
    keep: number,
    parts: readonly ReplayPart[] = [],
  ): Promise<'ok' | 'fenced' | 'old'> {
    const room = this.room(id);
    if (!room || room.token !== token) return 'fenced';
    if (seq <= room.snapshotSeq || seq > room.seq) return 'old';
    room.snapshot = text;
    room.snapshotSeq = seq;
    const drop = Math.max(0, seq - keep - (room.firstSeq - 1));
    room.entries.splice(0, drop);
    room.firstSeq += drop;
    for (const { match, text: piece } of parts) {
      const key = `${id}/${match}`;
      const pieces = this.pieces.get(key)?.texts ?? [];
      this.pieces.set(key, { texts: [...pieces, piece], expires: room.expires });
    }
    return 'ok';
  }

  async renew(id: string, token: string, life: Life): Promise<'ok' | 'fenced'> {
    const room = this.room(id);
    if (!room || room.token !== token) return 'fenced';
    this.extendLife(id, room, life);
    return 'ok';
  }

  private extendLife(id: string, room: MemoryRoom, { ms, match }: Life): void {
    room.expires = this.clock.now() + wholeMs(ms);
    const pieces = this.pieces.get(`${id}/${match}`);
    if (pieces) pieces.expires = room.expires;
  }

  async replayParts(id: string, match: number): Promise<string[]> {
    const pieces = this.pieces.get(`${id}/${match}`);
    return pieces && pieces.expires > this.clock.now() ? [...pieces.texts] : [];
  }

  async keepReplay(id: string, match: number, text: string | null, life: number, most: number): Promise<void> {
    if (text !== null) this.replays.set(`${id}/${match}`, { text, expires: this.clock.now() + wholeMs(life) });
    this.replays.delete(`${id}/${match - most}`);
    this.pieces.delete(`${id}/${match}`);
  }

  async replay(id: string, match: number): Promise<string | null> {
    const kept = this.replays.get(`${id}/${match}`);
    return kept && kept.expires > this.clock.now() ? kept.text : null;
  }

  async release(
    id: string,
    token: string,
    quarantine?: { why: string; since: number; due: number },
  ): Promise<'ok' | 'fenced'> {
    const room = this.room(id);
    if (!room || room.token !== token) return 'fenced';
    room.token = room.node = null;
    if (quarantine) {
      room.quarantined ??= { why: quarantine.why, since: quarantine.since };
      this.offers.set(id, null, this.clock.now());
      if (room.due !== null) room.due = Math.max(room.due, quarantine.due);
    }
    return 'ok';
  }

  async reportHang(id: string, seq: number, blame: HangReport): Promise<'ok' | 'seq'> {
    const room = this.room(id);
    if (room?.seq !== seq) return 'seq';
    room.hangReports = [...room.hangReports.filter(b => b.id !== blame.id), { ...blame }];
    return 'ok';
  }

  async withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'> {
    const room = this.room(id);
    if (room?.seq !== seq) return 'seq';
    room.hangReports = room.hangReports.filter(b => b.id !== run);
    return 'ok';
  }

  async quarantined(most: number): Promise<QuarantinedRoom[]> {
    this.cleanUp();
    return [...this.rooms]
      .flatMap(([id, r]) => (r.quarantined ? [{ id, code: r.code, game: gameOf(r.game), ...r.quarantined }] : []))
      .sort((a, b) => a.since - b.since)
      .slice(0, most);
  }

  async owner(id: string): Promise<Owner | null> {
    const room = this.room(id);
    return room ? ownerOf(room) : null;
  }

  async byCode(code: string): Promise<string | null> {
    const id = this.codes.get(code);
    return id !== undefined && this.room(id) ? id : null;
  }

  async codeOf(id: string): Promise<string | null> {
    return this.room(id)?.code ?? null;
  }

  async list(game: string | null, most: number): Promise<RoomSummary[]> {
    this.cleanUp();
    return [...this.rooms.values()]
      .flatMap(r => (r.summary && (game === null || r.summary.game === game) ? [r.summary] : []))
      .sort((a, b) => b.since - a.since || (a.id < b.id ? 1 : -1))
      .slice(0, most);
  }

  async due(at: number, most: number, skip = 0): Promise<{ id: string; at: number }[]> {
    this.cleanUp();
    return [...this.rooms]
      .flatMap(([id, r]) => (r.due !== null && r.due <= at ? [{ id, at: r.due }] : []))
      .sort((a, b) => a.at - b.at)
      .slice(skip, skip + most);
  }

  async occupied(after: string, most: number): Promise<OccupiedPage> {
    const ids = [...this.rooms]
      .flatMap(([id, r]) => (r.occupied && id > after ? [id] : []))
      .sort((a, b) => (a < b ? -1 : 1))
      .slice(0, most);
    return {
      rooms: ids.flatMap(id => (this.room(id) ? [{ id, node: this.room(id)!.node }] : [])),
      next: ids.length < most ? null : ids.at(-1)!,
    };
  }

  async remove(id: string, token: string): Promise<'ok' | 'fenced'> {
    const room = this.room(id);
    if (!room || room.token !== token) return 'fenced';
    this.drop(id, room);
    return 'ok';
  }

  async removeExpired(): Promise<number> {
    return this.cleanUp();
  }

  async memoryUsage(): Promise<null> {
    return null;
  }
  async probe(): Promise<boolean> {
    return true;
  }
  onIncarnation(): void {
    /* the store cannot change within a process */
  }
  async close(): Promise<void> {
    this.rooms.clear();
  }

  /**
   * Copies all rooms, for the test kit: a store that is restored later has lost what was written since.
   * @returns a function that restores the copy
   * @internal
   */
  saveRooms(): () => void {
    const saved = structuredClone(this.rooms);
    return () => {
      this.rooms.clear();
      for (const [id, room] of structuredClone(saved)) this.rooms.set(id, room);
    };
  }

  private room(id: string): MemoryRoom | null {
    const room = this.rooms.get(id);
    if (!room) return null;
    if (room.expires > this.clock.now()) return room;
    this.drop(id, room);
    return null;
  }

  private drop(id: string, room: MemoryRoom): void {
    this.rooms.delete(id);
    this.offers.set(id, null, this.clock.now());
    if (this.codes.get(room.code) === id) this.codes.delete(room.code);
    for (const key of room.makers) {
      const rooms = this.made.get(key);
      rooms?.delete(id);
      if (rooms?.size === 0) this.made.delete(key);
    }
  }

  /** Removes expired data, at most once per `pause` ms. @returns the number of rooms removed */
  private cleanUp(pause = 0): number {
    const now = this.clock.now();
    if (now < this.lastCleanupAt + pause) return 0;
    this.lastCleanupAt = now;
    const before = this.rooms.size;
    for (const id of [...this.rooms.keys()]) this.room(id);
    for (const kept of [this.pieces, this.replays])
      for (const [key, { expires }] of kept) if (expires <= now) kept.delete(key);
    this.offers.removeExpired(now);
    return before - this.rooms.size;
  }

  /** Number of entries in all maps, for leak tests. */
  get size(): number {
    return this.rooms.size + this.codes.size + this.made.size + this.pieces.size + this.replays.size + this.offers.size;
  }
}

const termsOf = (room: MemoryRoom): TermStarts => room.terms.map(t => [...t] as [number, number]);
const storedOf = (room: MemoryRoom): StoredRoom => ({
  seq: room.seq,
  terms: termsOf(room),
  snapshot: room.snapshot,
  snapshotSeq: room.snapshotSeq,
  entries: [...room.entries],
  firstSeq: room.firstSeq,
});
const gameOf = (key: string): string => key.slice(0, key.lastIndexOf('@'));
const ownerOf = (room: MemoryRoom): Owner => ({ node: room.node, token: room.token, term: room.term, seq: room.seq });
