import { closeSync, fdatasync, openSync } from 'node:fs';
import Libsql from 'libsql';
import { RejoinError } from '../../../shared/errors.ts';
import type {
  DatabaseSettings,
  HangReportRequest,
  Operation,
  ReadOperation,
  StoredFacts,
  WriteOperation,
} from './operations.ts';

/** Marks the files of Rejoin ("rjoi"), and the version of their tables. */
const APPLICATION_ID = 0x72_6a_6f_69;
const FORMAT = 1;
/** Pages in the log, of 4 KiB each, after which SQLite copies them into the file. */
const CHECKPOINT_PAGES = 4_000;
/** How long heartbeats of ended processes are kept, ms. */
const HEARTBEAT_LIFE = 30 * 86_400_000;

/** Texts are blobs: a text that contains a NUL would be read up to there. */
const schema = `
  CREATE TABLE rooms (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE journal (room TEXT, seq INTEGER, text BLOB NOT NULL, PRIMARY KEY (room, seq)) WITHOUT ROWID;
  CREATE TABLE snapshots (room TEXT PRIMARY KEY, text BLOB NOT NULL);
  CREATE TABLE parts (number INTEGER PRIMARY KEY, room TEXT, match INTEGER, text BLOB NOT NULL, expires INTEGER);
  CREATE INDEX parts_of ON parts (room, match);
  CREATE INDEX parts_expiring ON parts (expires);
  CREATE TABLE replays (room TEXT, match INTEGER, text BLOB NOT NULL, expires INTEGER, PRIMARY KEY (room, match));
  CREATE INDEX replays_expiring ON replays (expires);
  CREATE TABLE calls (key TEXT PRIMARY KEY, json TEXT NOT NULL, until INTEGER) WITHOUT ROWID;
  CREATE INDEX calls_expiring ON calls (until);
  CREATE TABLE heartbeats (node TEXT PRIMARY KEY, at INTEGER, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE hangs (room TEXT, run TEXT, seq INTEGER, report TEXT NOT NULL, PRIMARY KEY (room, run)) WITHOUT ROWID;
  CREATE TABLE probes (id INTEGER PRIMARY KEY, count INTEGER);
`;

/** The file is no database of Rejoin, or of a version that this one cannot read. */
export class FileFormatError extends RejoinError {
  override readonly name = 'FileFormatError';
  override readonly code = 'file-format';
}

/** A bound parameter. */
type Value = string | number;
type Statement = Pick<Libsql.Statement, 'run' | 'get' | 'all'>;

/**
 * The SQLite database of a node, with a write-ahead log. Runs in a thread of its own, because a commit may wait for the
 * disk.
 *
 * The lock is exclusive for as long as the database is open, and the system releases it when the process ends, however
 * it ends.
 */
export class Database {
  private readonly db: Libsql.Database;
  private readonly writes: Record<WriteOperation[0], (args: readonly Value[]) => void>;
  private readonly reads: Record<ReadOperation[0], (args: readonly Value[]) => unknown>;
  private readonly select: Record<'rooms' | 'lastSeq' | 'hangs' | 'calls' | 'heartbeats' | 'lastSeqOfRoom', Statement>;
  private readonly probes: Statement;
  private readonly setHang: Statement;
  private readonly deleteHang: Statement;
  private readonly begin: Statement;
  private readonly commit: Statement;
  private readonly logFile: string;
  private logHandle: number | null = null;
  /** Whether there are commits that no sync has begun for. */
  private isUnsynced = false;
  private isSyncing = false;

  /** @throws errors of SQLite; FileFormatError */
  constructor({ file, sync, maxPages }: DatabaseSettings) {
    this.db = new Libsql(file);
    this.logFile = `${file}-wal`;
    try {
      this.db.pragma('locking_mode = EXCLUSIVE');
      // Before anything is written.
      const isEmpty = this.checkFormat(file);
      this.db.pragma('journal_mode = WAL');
      // NORMAL: the log is synced by `syncLog`, and by SQLite before it is copied into the file.
      this.db.pragma(`synchronous = ${sync === 'always' ? 'FULL' : 'NORMAL'}`);
      this.db.pragma('fullfsync = ON');
      this.db.pragma('checkpoint_fullfsync = ON');
      this.db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      if (maxPages !== undefined) this.db.pragma(`max_page_count = ${maxPages}`);
      if (isEmpty)
        this.db.exec(
          `BEGIN; ${schema} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}; COMMIT`,
        );
      // Statements are prepared once, and live as long as the process.
      this.begin = this.prepare('BEGIN IMMEDIATE');
      this.commit = this.prepare('COMMIT');
      this.writes = this.prepareWrites();
      this.reads = this.prepareReads();
      this.select = {
        rooms: this.prepareRaw('SELECT id, json FROM rooms'),
        lastSeq: this.prepareRaw('SELECT max(seq) FROM journal WHERE room = ?'),
        lastSeqOfRoom: this.prepareRaw(
          'SELECT ifnull((SELECT max(seq) FROM journal WHERE room = ?1), 0) FROM rooms WHERE id = ?1',
        ),
        hangs: this.prepareRaw('SELECT room, seq, report FROM hangs'),
        calls: this.prepareRaw('SELECT key, json, until FROM calls'),
        heartbeats: this.prepareRaw('SELECT node, json FROM heartbeats'),
      };
      this.setHang = this.prepare('INSERT OR REPLACE INTO hangs VALUES (?, ?, ?, ?)');
      this.deleteHang = this.prepare('DELETE FROM hangs WHERE room = ? AND run = ?');
      this.probes = this.prepareRaw('SELECT count FROM probes');
    } catch (error) {
      this.db.close();
      throw error;
    }
  }

  private prepare(sql: string): Statement {
    return this.db.prepare(sql);
  }

  /** Rows as arrays. */
  private prepareRaw(sql: string): Statement {
    return this.db.prepare(sql).raw(true);
  }

  /** @returns whether the file is empty. @throws FileFormatError */
  private checkFormat(file: string): boolean {
    const number = (pragma: string) => (this.prepareRaw(`PRAGMA ${pragma}`).get() as [number])[0];
    const [tables] = this.prepareRaw('SELECT count(*) FROM sqlite_schema').get() as [number];
    if (tables === 0) return true;
    if (number('application_id') !== APPLICATION_ID)
      throw new FileFormatError(`${file} is a database of another program`);
    const version = number('user_version');
    if (version > FORMAT)
      throw new FileFormatError(
        `${file} was written by a newer version of Rejoin (format ${version}; this one reads ${FORMAT})`,
      );
    return false;
  }

  private prepareWrites(): Record<WriteOperation[0], (args: readonly Value[]) => void> {
    const write = (sql: string) => {
      const statement = this.prepare(sql);
      return (args: readonly Value[]) => void statement.run(...args);
    };
    /** As `write`; the argument at `index` is a text. */
    const writeText = (sql: string, index: number) => {
      const statement = this.prepare(sql);
      return (args: readonly Value[]) =>
        void statement.run(...args.map((arg, i) => (i === index ? Buffer.from(String(arg)) : arg)));
    };
    const dropping = ['rooms WHERE id', 'journal WHERE room', 'snapshots WHERE room', 'hangs WHERE room'].map(where =>
      write(`DELETE FROM ${where} = ?`),
    );
    const cleaning = ['parts WHERE expires', 'replays WHERE expires', 'calls WHERE until'].map(where =>
      write(`DELETE FROM ${where} <= ?`),
    );
    const dropHeartbeats = write('DELETE FROM heartbeats WHERE at < ?');
    return {
      record: write('INSERT OR REPLACE INTO rooms VALUES (?, ?)'),
      snapshot: writeText('INSERT OR REPLACE INTO snapshots VALUES (?, ?)', 1),
      entry: writeText('INSERT INTO journal VALUES (?, ?, ?)', 2),
      trim: write('DELETE FROM journal WHERE room = ? AND seq < ?'),
      part: writeText('INSERT INTO parts (room, match, text, expires) VALUES (?, ?, ?, ?)', 2),
      'extend-parts': write('UPDATE parts SET expires = ?3 WHERE room = ?1 AND match = ?2'),
      'drop-parts': write('DELETE FROM parts WHERE room = ? AND match = ?'),
      replay: writeText('INSERT OR REPLACE INTO replays VALUES (?, ?, ?, ?)', 2),
      'drop-replay': write('DELETE FROM replays WHERE room = ? AND match = ?'),
      call: write('INSERT OR REPLACE INTO calls VALUES (?, ?, ?)'),
      heartbeat: write('INSERT OR REPLACE INTO heartbeats VALUES (?, ?, ?)'),
      drop: room => {
        for (const drop of dropping) drop(room);
      },
      clean: now => {
        for (const clean of cleaning) clean(now);
        dropHeartbeats([Number(now[0]) - HEARTBEAT_LIFE]);
      },
    };
  }

  private prepareReads(): Record<ReadOperation[0], (args: readonly Value[]) => unknown> {
    const column = (sql: string) => {
      const statement = this.prepareRaw(sql);
      return (args: readonly Value[]) => (statement.all(...args) as [Buffer][]).map(([text]) => text.toString());
    };
    const snapshot = column('SELECT text FROM snapshots WHERE room = ?');
    const entries = column('SELECT text FROM journal WHERE room = ? ORDER BY seq');
    const replay = column('SELECT text FROM replays WHERE room = ? AND match = ? AND expires > ?');
    return {
      texts: room => ({ snapshot: snapshot(room)[0] ?? '', entries: entries(room) }),
      parts: column('SELECT text FROM parts WHERE room = ? AND match = ? AND expires > ? ORDER BY number'),
      'kept-replay': args => replay(args)[0] ?? null,
    };
  }

  /**
   * Executes the operations in order, in one transaction.
   * @returns the results of the reads, in order
   * @throws errors of SQLite; then nothing was written, except perhaps if `commit` failed
   */
  run(operations: readonly Operation[], onCommit: () => void = () => {}): unknown[] {
    const results: unknown[] = [];
    const writesAny = operations.some(([kind]) => kind in this.writes);
    if (writesAny) this.begin.run();
    try {
      for (const [kind, ...args] of operations) {
        if (kind in this.writes) this.writes[kind as WriteOperation[0]](args);
        else results.push(this.reads[kind as ReadOperation[0]](args));
      }
      onCommit();
      if (writesAny) this.commit.run();
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      throw error;
    }
    this.isUnsynced ||= writesAny;
    return results;
  }

  /** All facts of the rooms. A read of the whole room table, which also finds most damage. */
  facts(): StoredFacts {
    const { rooms, lastSeq, hangs, calls, heartbeats } = this.select;
    const reports = new Map<string, { seq: number; report: string }[]>();
    for (const [room, seq, report] of hangs.all() as [string, number, string][])
      reports.set(room, [...(reports.get(room) ?? []), { seq, report }]);
    return {
      rooms: (rooms.all() as [string, string][]).map(([id, json]) => {
        const seq = (lastSeq.get(id) as [number | null])[0] ?? 0;
        const current = reports.get(id)?.filter(hang => hang.seq === seq) ?? [];
        return { id, json, seq, hangs: current.map(({ report }) => report) };
      }),
      calls: (calls.all() as [string, string, number][]).map(([key, json, until]) => ({ key, json, until })),
      heartbeats: (heartbeats.all() as [string, string][]).map(([node, json]) => ({
        node,
        heartbeat: JSON.parse(json) as StoredFacts['heartbeats'][number]['heartbeat'],
      })),
    };
  }

  /** @throws errors of SQLite if nothing can be written */
  probe(): void {
    this.db.exec('INSERT OR REPLACE INTO probes VALUES (1, 1 + ifnull((SELECT count FROM probes WHERE id = 1), 0))');
    this.isUnsynced = true;
  }

  /** As Store.reportHang and Store.withdrawHangReport. */
  writeHangReport({ room, seq, run, report }: HangReportRequest): 'ok' | 'seq' {
    const row = this.select.lastSeqOfRoom.get(room) as [number] | undefined;
    if (row?.[0] !== seq) return 'seq';
    if (report === null) this.deleteHang.run(room, run);
    else this.setHang.run(room, run, seq, report);
    this.isUnsynced = true;
    return 'ok';
  }

  /** Brings what is committed to the disk, in the background. Called once a second by serve-database.ts; not needed with `always`. */
  syncLog(onFailure: (error: Error) => void): void {
    if (!this.isUnsynced || this.isSyncing) return;
    this.isUnsynced = false;
    this.isSyncing = true;
    // SQLite takes no locks on the log, so opening and closing it here releases none.
    this.logHandle ??= openSync(this.logFile, 'r+');
    fdatasync(this.logHandle, error => {
      this.isSyncing = false;
      if (error) onFailure(error);
    });
  }

  /**
   * Copies the log into the file, syncs it and releases the lock. Leaving the log mode is what releases it: SQLite keeps
   * a closed database open while statements exist.
   */
  close(): void {
    if (this.logHandle !== null) closeSync(this.logHandle);
    try {
      this.db.pragma('journal_mode = DELETE');
      this.db.pragma('locking_mode = NORMAL');
      this.probes.get();
    } finally {
      this.db.close();
    }
  }
}
