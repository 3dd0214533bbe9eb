import type { Clock, Entropy } from '../runtime/ports.ts';
import type {
  AppendRequest,
  HangReport,
  ClaimedRoom,
  FindOrCreate,
  Found,
  KeptReplay,
  Life,
  ClaimRefusal,
  IndexedPage,
  NewRoom,
  OccupiedPage,
  OverQuota,
  Owner,
  PassRequest,
  PassResult,
  PeekedRoom,
  QuarantinedRoom,
  LastHeartbeat,
  SnapshotRequest,
  Store,
} from './store.ts';
import type { RoomSummary } from '../../shared/protocol.ts';
import { ownerOf, positionsOf, RoomTable } from './room-table.ts';
import { wholeMs } from './whole-ms.ts';

/**
 * Rooms in this process, which end with it: for tests, and where a lost match does not matter. Several nodes in one
 * process may share a store.
 */
export class MemoryStore implements Store {
  private readonly table: RoomTable;
  private readonly texts = new Map<string, { snapshot: string; entries: string[] }>();
  private readonly pieces = new Map<string, { texts: string[]; expires: number }>();
  private readonly replays = new Map<string, { text: string; expires: number }>();
  /** Nodes that share this store share a process, so publishing on append would save no round trip. */
  readonly canPublishOnAppend = false;

  constructor(
    private readonly clock: Clock,
    entropy: Entropy,
    lastHeartbeatOf: (node: string) => LastHeartbeat | null = () => null,
  ) {
    this.table = new RoomTable(
      { clock, entropy, lastHeartbeatOf },
      { changed: () => {}, callRemembered: () => {}, dropped: id => this.texts.delete(id) },
    );
  }

  async create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota> {
    const made = this.table.create(room);
    if (made === 'ok') this.texts.set(room.id, { snapshot: room.snapshot, entries: [] });
    return made;
  }

  async findOrCreate(request: FindOrCreate): Promise<Found> {
    const found = this.table.findOrCreate(request);
    if (found.how === 'made') this.texts.set(found.room, { snapshot: request.prepared!.snapshot, entries: [] });
    return found;
  }

  async withdraw(id: string, player: string, pauseMs: number): Promise<void> {
    this.table.withdraw(id, player, pauseMs);
  }

  async discard(id: string, player: string): Promise<boolean> {
    return this.table.discard(id, player);
  }

  async claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal> {
    const claimed = this.table.claim(id, claim);
    return claimed.ok ? { ...claimed, ...this.textsOf(id) } : claimed;
  }

  async peek(id: string): Promise<PeekedRoom | null> {
    const room = this.table.room(id);
    return room && { ...positionsOf(room), ...this.textsOf(id), game: room.game, owner: ownerOf(room) };
  }

  private textsOf(id: string): { snapshot: string; entries: string[] } {
    const { snapshot, entries } = this.texts.get(id)!;
    return { snapshot, entries: [...entries] };
  }

  async pass(id: string, request: PassRequest): Promise<PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' }> {
    return this.table.pass(id, request);
  }

  async append(id: string, append: AppendRequest): Promise<'ok' | 'fenced' | 'seq'> {
    const result = this.table.append(id, append);
    if (result !== 'ok') return result;
    this.texts.get(id)!.entries.push(append.entry);
    if (append.life) this.extendPieces(id, append.life.match);
    return 'ok';
  }

  async snapshot(
    id: string,
    { token, seq, text, keep, parts = [] }: SnapshotRequest,
  ): Promise<'ok' | 'fenced' | 'old'> {
    const stored = this.table.snapshot(id, token, seq, keep);
    if (typeof stored === 'string') return stored;
    const texts = this.texts.get(id)!;
    texts.snapshot = text;
    texts.entries.splice(0, stored.dropped);
    for (const { match, text: piece } of parts) {
      const key = `${id}/${match}`;
      const pieces = this.pieces.get(key)?.texts ?? [];
      this.pieces.set(key, { texts: [...pieces, piece], expires: stored.expires });
    }
    return 'ok';
  }

  async renew(id: string, token: string, life: Life): Promise<'ok' | 'fenced'> {
    const result = this.table.renew(id, token, life);
    if (result === 'ok') this.extendPieces(id, life.match);
    return result;
  }

  private extendPieces(id: string, match: number): void {
    const pieces = this.pieces.get(`${id}/${match}`);
    if (pieces) pieces.expires = this.table.room(id)!.expires;
  }

  async replayParts(id: string, match: number): Promise<string[]> {
    const pieces = this.pieces.get(`${id}/${match}`);
    return pieces && pieces.expires > this.clock.now() ? [...pieces.texts] : [];
  }

  async keepReplay(id: string, match: number, { text, life, most }: KeptReplay): Promise<void> {
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
    return this.table.release(id, token, quarantine);
  }

  async reportHang(id: string, seq: number, blame: HangReport): Promise<'ok' | 'seq'> {
    return this.table.reportHang(id, seq, blame);
  }

  async withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'> {
    return this.table.withdrawHangReport(id, seq, run);
  }

  async quarantined(most: number): Promise<QuarantinedRoom[]> {
    return this.table.quarantined(most);
  }

  async owner(id: string): Promise<Owner | null> {
    return this.table.owner(id);
  }

  async byCode(code: string): Promise<string | null> {
    return this.table.byCode(code);
  }

  async codeOf(id: string): Promise<string | null> {
    return this.table.room(id)?.code ?? null;
  }

  async list(game: string | null, most: number): Promise<RoomSummary[]> {
    return this.table.list(game, most);
  }

  async due(at: number, most: number, skip = 0): Promise<{ id: string; at: number }[]> {
    return this.table.due(at, most, skip);
  }

  async occupied(after: string, most: number): Promise<OccupiedPage> {
    return this.table.occupied(after, most);
  }

  async indexed(term: string, after: string, most: number): Promise<IndexedPage> {
    return this.table.indexed(term, after, most);
  }

  async remove(id: string, token: string): Promise<'ok' | 'fenced'> {
    return this.table.remove(id, token);
  }

  async removeExpired(): Promise<number> {
    const removed = this.table.cleanUp();
    const now = this.clock.now();
    for (const kept of [this.pieces, this.replays])
      for (const [key, { expires }] of kept) if (expires <= now) kept.delete(key);
    return removed;
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
    this.table.clear();
    this.texts.clear();
  }

  /**
   * Copies all rooms, for the test kit: a store that is restored later has lost what was written since.
   * @returns a function that restores the copy
   * @internal
   */
  saveRooms(): () => void {
    const { rooms } = this.table;
    const [savedRooms, savedTexts] = [structuredClone(rooms), structuredClone(this.texts)];
    return () => {
      rooms.clear();
      this.texts.clear();
      for (const [id, room] of structuredClone(savedRooms)) rooms.set(id, room);
      this.table.rebuildTermIndex();
      for (const [id, texts] of structuredClone(savedTexts)) this.texts.set(id, texts);
    };
  }

  /** Number of entries in all maps, for leak tests. */
  get size(): number {
    return this.table.size + this.texts.size + this.pieces.size + this.replays.size;
  }
}
