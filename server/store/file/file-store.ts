import { statfs, stat } from 'node:fs/promises';
import type { MessagePort } from 'node:worker_threads';
import type { RoomSummary } from '../../../shared/protocol.ts';
import type { Clock, Entropy, Log, NodeRecord } from '../../runtime/ports.ts';
import type { OfferRecord } from '../memory-offers.ts';
import { ownerOf, positionsOf, RoomTable, type RoomRecord } from '../room-table.ts';
import type {
  AppendRequest,
  ClaimedRoom,
  ClaimRefusal,
  FindOrCreate,
  Found,
  HangReport,
  IndexedPage,
  LastHeartbeat,
  KeptReplay,
  Life,
  NewRoom,
  OccupiedPage,
  OverQuota,
  Owner,
  PassRequest,
  PassResult,
  PeekedRoom,
  QuarantinedRoom,
  SnapshotRequest,
  Store,
  StoreError,
} from '../store.ts';
import { wholeMs } from '../whole-ms.ts';
import type { DataFolder } from './data-folder.ts';
import { DatabaseConnection, type StartDatabaseThread } from './database-connection.ts';
import type { FileSync, RoomTexts, StoredFacts } from './operations.ts';

export interface FileStoreParts {
  folder: DataFolder;
  sync: FileSync;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  /** The last heartbeat of a node of this process. */
  lastHeartbeatOf?: (node: string) => LastHeartbeat | null;
  /** Connected to the hang detector's thread. */
  hangReports?: MessagePort | null;
  /** Maximum number of pages of the file, for tests of a full disk. */
  maxPages?: number;
  /** How long a locked file is tried again, ms. Default: 2,000. */
  lockPatience?: number;
  /** Where the database runs. Default: a worker thread. */
  startThread?: StartDatabaseThread;
}

/** A room as stored: its record and its offer. */
interface StoredRecord extends RoomRecord {
  offer?: OfferRecord;
}

/** Minimum interval between two stored heartbeats, ms. */
const HEARTBEAT_INTERVAL = 1_000;

/**
 * Rooms in one file, of one node. Facts are in memory and in the file; texts (snapshots, entries, recordings) are in
 * the file alone.
 *
 * Each step changes the table in memory at once, and is answered when the file has it. So later steps may see what is
 * not committed yet, but they are answered after it. If a transaction fails, the table is ahead of the file: nothing is
 * answered any more until the facts are read again from the file, and then all owners claim their rooms again.
 */
export class FileStore implements Store {
  /** There is one node: publishing on append would save no round trip. */
  readonly canPublishOnAppend = false;
  private table: RoomTable;
  /** Rooms whose record is written with the next transaction. */
  private readonly changed = new Set<string>();
  /** The last heartbeats of the nodes of earlier processes. */
  private readonly formerHeartbeats = new Map<string, LastHeartbeat>();
  private readonly connection: DatabaseConnection;
  private readonly incarnations: (() => void)[] = [];
  private heartbeatStoredAt = -Infinity;
  private hasFailed = false;

  private constructor(private readonly parts: FileStoreParts) {
    const { folder, sync, lockPatience = 2_000, maxPages, clock, hangReports = null } = parts;
    this.table = this.newTable();
    this.connection = new DatabaseConnection({
      settings: { file: folder.file, sync, lockPatience, maxPages },
      clock,
      hangReports,
      beforeCommit: () => this.writeChangedRecords(),
      onFailed: error => this.failed(error),
      startThread: parts.startThread,
    });
  }

  /** Opens the file, and reads the facts of its rooms. @throws DataFolderError */
  static async open(parts: FileStoreParts): Promise<FileStore> {
    const store = new FileStore(parts);
    const failure = await store.connection
      .reload(facts => store.restore(facts))
      .catch((error: Error) => ({ code: 'SQLITE_CORRUPT', message: error.message, unclear: false }));
    if (!failure) return store;
    await store.connection.close();
    throw parts.folder.explain(failure);
  }

  private newTable(): RoomTable {
    const { clock, entropy, lastHeartbeatOf = () => null } = this.parts;
    return new RoomTable(
      {
        clock,
        entropy,
        lastHeartbeatOf: node => lastHeartbeatOf(node) ?? this.formerHeartbeats.get(node) ?? null,
      },
      {
        changed: id => {
          this.changed.add(id);
          this.connection.touch();
        },
        dropped: id => {
          this.changed.delete(id);
          this.connection.add(['drop', id]);
        },
        callRemembered: (key, call) => this.connection.add(['call', key, JSON.stringify(call), call.until]),
      },
    );
  }

  /** Replaces the table by the stored facts. */
  private restore({ rooms, calls, heartbeats }: StoredFacts): void {
    const { hasFailed } = this;
    const table = this.newTable();
    this.changed.clear();
    for (const { node, heartbeat } of heartbeats) this.formerHeartbeats.set(node, heartbeat);
    for (const { key, json } of calls) table.offers.restoreCall(key, JSON.parse(json) as never);
    for (const { id, json, seq, hangs } of rooms) {
      const { offer = null, ...record } = JSON.parse(json) as StoredRecord;
      // Entries that change only `seq` are written without the record. They drop the hang reports.
      if (seq > record.seq) Object.assign(record, { seq, hangReports: [] } satisfies Partial<RoomRecord>);
      record.hangReports.push(...hangs.map(report => JSON.parse(report) as HangReport));
      // The process that had the room has ended: it held the lock of the file. After a failure, it is this one.
      if (!hasFailed && record.node !== null)
        Object.assign(record, { formerNode: record.node, node: null, token: null } satisfies Partial<RoomRecord>);
      table.restore(id, record, offer);
    }
    this.table = table;
  }

  private writeChangedRecords(): void {
    for (const id of this.changed) {
      const record = this.table.rooms.get(id)!;
      const offer = this.table.offers.recordOf(id);
      const stored: StoredRecord = offer ? { ...record, offer } : record;
      this.connection.add(['record', id, JSON.stringify(stored)]);
    }
    this.changed.clear();
  }

  private failed(error: StoreError): void {
    this.hasFailed = true;
    this.parts.log.error({ error, file: this.parts.folder.file }, 'store file failed');
  }

  /** The table. @throws StoreError while the file fails */
  private get facts(): RoomTable {
    this.connection.checkOpen();
    return this.table;
  }

  private async committed<T>(result: T): Promise<T> {
    await this.connection.committed();
    return result;
  }

  async create(room: NewRoom): Promise<'ok' | 'exists' | OverQuota> {
    const made = this.facts.create(room);
    if (made === 'ok') this.connection.add(['snapshot', room.id, room.snapshot]);
    return this.committed(made);
  }

  async findOrCreate(request: FindOrCreate): Promise<Found> {
    const found = this.facts.findOrCreate(request);
    if (found.how === 'made') this.connection.add(['snapshot', found.room, request.prepared!.snapshot]);
    return this.committed(found);
  }

  async withdraw(id: string, player: string, pauseMs: number): Promise<void> {
    this.facts.withdraw(id, player, pauseMs);
    return this.connection.committed();
  }

  async discard(id: string, player: string): Promise<boolean> {
    return this.committed(this.facts.discard(id, player));
  }

  async claim(
    id: string,
    claim: { token: string; node: string; expected: string | null; floor: number; games: readonly string[] },
  ): Promise<ClaimedRoom | ClaimRefusal> {
    const claimed = this.facts.claim(id, claim);
    return claimed.ok ? { ...claimed, ...(await this.texts(id)) } : claimed;
  }

  async peek(id: string): Promise<PeekedRoom | null> {
    const room = this.facts.room(id);
    if (!room) return null;
    const facts = { ...positionsOf(room), game: room.game, owner: ownerOf(room) };
    return { ...facts, ...(await this.texts(id)) };
  }

  /** As of this moment: in the pending transaction, before later writes. */
  private texts(id: string): Promise<RoomTexts> {
    return this.connection.read<RoomTexts>(['texts', id]);
  }

  async pass(id: string, request: PassRequest): Promise<PassResult | { ok: false; why: 'fenced' | 'seq' | 'game' }> {
    return this.committed(this.facts.pass(id, request));
  }

  async append(id: string, append: AppendRequest): Promise<'ok' | 'fenced' | 'seq'> {
    const { facts, connection } = this;
    const result = facts.append(id, append);
    if (result !== 'ok') return result;
    connection.add(['entry', id, append.seq, append.entry]);
    if (append.life) this.extendParts(id, append.life.match);
    return this.committed(result);
  }

  async snapshot(
    id: string,
    { token, seq, text, keep, parts = [] }: SnapshotRequest,
  ): Promise<'ok' | 'fenced' | 'old'> {
    const stored = this.facts.snapshot(id, token, seq, keep);
    if (typeof stored === 'string') return stored;
    const { connection } = this;
    connection.add(['snapshot', id, text]);
    if (stored.dropped > 0) connection.add(['trim', id, this.table.rooms.get(id)!.firstSeq]);
    for (const part of parts) connection.add(['part', id, part.match, part.text, stored.expires]);
    for (const match of new Set(parts.map(part => part.match)))
      connection.add(['extend-parts', id, match, stored.expires]);
    return this.committed('ok');
  }

  async renew(id: string, token: string, life: Life): Promise<'ok' | 'fenced'> {
    const result = this.facts.renew(id, token, life);
    if (result === 'ok') this.extendParts(id, life.match);
    return this.committed(result);
  }

  private extendParts(id: string, match: number): void {
    this.connection.add(['extend-parts', id, match, this.table.rooms.get(id)!.expires]);
  }

  async replayParts(id: string, match: number): Promise<string[]> {
    return this.connection.read<string[]>(['parts', id, match, this.parts.clock.now()]);
  }

  async keepReplay(id: string, match: number, { text, life, most }: KeptReplay): Promise<void> {
    const { connection, parts } = this;
    connection.checkOpen();
    if (text !== null) connection.add(['replay', id, match, text, parts.clock.now() + wholeMs(life)]);
    connection.add(['drop-replay', id, match - most]);
    connection.add(['drop-parts', id, match]);
    return connection.committed();
  }

  async replay(id: string, match: number): Promise<string | null> {
    return this.connection.read<string | null>(['kept-replay', id, match, this.parts.clock.now()]);
  }

  async release(
    id: string,
    token: string,
    quarantine?: { why: string; since: number; due: number },
  ): Promise<'ok' | 'fenced'> {
    return this.committed(this.facts.release(id, token, quarantine));
  }

  async reportHang(id: string, seq: number, blame: HangReport): Promise<'ok' | 'seq'> {
    return this.committed(this.facts.reportHang(id, seq, blame));
  }

  async withdrawHangReport(id: string, seq: number, run: string): Promise<'ok' | 'seq'> {
    return this.committed(this.facts.withdrawHangReport(id, seq, run));
  }

  async quarantined(most: number): Promise<QuarantinedRoom[]> {
    return this.facts.quarantined(most);
  }

  async owner(id: string): Promise<Owner | null> {
    return this.facts.owner(id);
  }

  async byCode(code: string): Promise<string | null> {
    return this.facts.byCode(code);
  }

  async codeOf(id: string): Promise<string | null> {
    return this.facts.room(id)?.code ?? null;
  }

  async list(game: string | null, most: number): Promise<RoomSummary[]> {
    return this.facts.list(game, most);
  }

  async due(at: number, most: number, skip = 0): Promise<{ id: string; at: number }[]> {
    return this.facts.due(at, most, skip);
  }

  async occupied(after: string, most: number): Promise<OccupiedPage> {
    return this.facts.occupied(after, most);
  }

  async indexed(term: string, after: string, most: number): Promise<IndexedPage> {
    return this.facts.indexed(term, after, most);
  }

  async remove(id: string, token: string): Promise<'ok' | 'fenced'> {
    return this.committed(this.facts.remove(id, token));
  }

  async removeExpired(): Promise<number> {
    const removed = this.facts.cleanUp();
    this.connection.add(['clean', this.parts.clock.now()]);
    return this.committed(removed);
  }

  /**
   * Passes a heartbeat through the thread of the database, so that a disk that does not answer is noticed as a Redis is
   * that does not answer. While the node runs rooms, it is stored once a second: after a restart it tells for how long no
   * node could write (SPEC T5).
   */
  async heartbeat({ id, at, rooms, outage }: NodeRecord): Promise<void> {
    const { connection, parts } = this;
    connection.checkOpen();
    const now = parts.clock.mono();
    if (rooms > 0 && now - this.heartbeatStoredAt >= HEARTBEAT_INTERVAL) {
      this.heartbeatStoredAt = now;
      connection.add(['heartbeat', id, at, JSON.stringify({ at, outage } satisfies LastHeartbeat)]);
    }
    return connection.committed();
  }

  /** The share of the space that the file could have on its disk. */
  async memoryUsage(): Promise<number | null> {
    const { file } = this.parts.folder;
    const [disk, { size }] = await Promise.all([statfs(file), stat(file)]);
    return size / (size + disk.bavail * disk.bsize);
  }

  /** After a failure: reads the facts again, if the file accepts writes. */
  async probe(): Promise<boolean> {
    if (!this.hasFailed) return true;
    const failure = await this.connection.reload(facts => this.restore(facts));
    if (failure) return false;
    this.hasFailed = false;
    for (const changed of this.incarnations) changed();
    return true;
  }

  onIncarnation(changed: () => void): void {
    this.incarnations.push(changed);
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** Number of facts in memory, for leak tests. */
  get size(): number {
    return this.table.size + this.changed.size;
  }
}
