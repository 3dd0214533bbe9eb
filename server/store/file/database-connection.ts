import type { MessagePort } from 'node:worker_threads';
import { limits } from '../../../shared/limits.ts';
import type { Clock, Timer } from '../../runtime/ports.ts';
import { startThread } from '../../runtime/start-thread.ts';
import { StoreError } from '../store.ts';
import type {
  DatabaseFailure,
  DatabaseReply,
  DatabaseRequest,
  DatabaseSettings,
  Operation,
  ReadOperation,
  StoredFacts,
  WriteOperation,
} from './operations.ts';

const errorOf = (failure: DatabaseFailure): StoreError =>
  new StoreError(failure.unclear ? 'maybe' : 'no', true, `the file was not written: ${failure.message}`);

/** Operations of one transaction. */
class Batch {
  readonly operations: Operation[] = [];
  readonly readers: ((result: unknown) => void)[] = [];
  readonly committed: Promise<void>;
  private settle!: { resolve: () => void; reject: (error: StoreError) => void };
  private deadline: Timer | null = null;

  constructor() {
    this.committed = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.committed.catch(() => {}); // not every operation has a caller that waits
  }

  startDeadline(clock: Clock): void {
    this.deadline = clock.after(limits.storeTimeout, () =>
      this.fail(new StoreError('maybe', true, `the file did not answer within ${limits.storeTimeout} ms`)),
    );
  }

  succeed(results: readonly unknown[]): void {
    this.deadline?.cancel();
    this.readers.forEach((read, i) => read(results[i]));
    this.settle.resolve();
  }

  fail(error: StoreError): void {
    this.deadline?.cancel();
    this.settle.reject(error);
  }
}

/** What is used of a `Worker`. */
export interface DatabaseThread {
  postMessage(request: DatabaseRequest): void;
  on(event: 'message', listener: (reply: DatabaseReply) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}
export type StartDatabaseThread = (settings: DatabaseSettings, hangReports: MessagePort | null) => DatabaseThread;

const startDatabaseThread: StartDatabaseThread = (settings, hangReports) =>
  startThread(import.meta.url, 'database-thread', {
    name: 'rejoin-database',
    workerData: { settings, hangReports },
    ...(hangReports ? { transferList: [hangReports] } : {}),
    execArgv: [],
  });

/**
 * The connection to the database's thread.
 * Group commit: what is added while a transaction is in flight, or in the same turn of the event loop, is one
 * transaction. After a failure nothing more is sent until `reload`, because later operations rely on earlier ones.
 */
export class DatabaseConnection {
  private worker: DatabaseThread | null = null;
  private pending = new Batch();
  private inFlight: Batch | null = null;
  /** Whether the pending transaction has writes, or will have. */
  private isTouched = false;
  private requestId = 0;
  /** The reply to the current `reload` or `close`. */
  private awaited: { id: number; receive: (reply: DatabaseReply) => void } | null = null;
  /** Why operations are refused; null: they are accepted. */
  private refusal: StoreError | null = new StoreError('no', true, 'the file is not open');
  private isClosed = false;
  private hasStarted = false;

  constructor(
    private readonly parts: {
      settings: DatabaseSettings;
      clock: Clock;
      /** Connected to the hang detector's thread. */
      hangReports: MessagePort | null;
      /** Called before a transaction is sent, to add to it. */
      beforeCommit(): void;
      /** Called when a transaction failed, or the thread ended. */
      onFailed(error: StoreError): void;
      /** Default: a worker thread. */
      startThread?: StartDatabaseThread | undefined;
    },
  ) {}

  /** @throws StoreError while operations are refused */
  checkOpen(): void {
    if (this.refusal) throw this.refusal;
  }

  /** Adds a write to the pending transaction. */
  add(operation: WriteOperation): void {
    this.pending.operations.push(operation);
    this.touch();
  }

  /** Announces that `beforeCommit` will add writes to the pending transaction. */
  touch(): void {
    if (this.isTouched) return;
    this.isTouched = true;
    this.pending.startDeadline(this.parts.clock);
    if (!this.inFlight) this.scheduleFlush();
  }

  /** Resolves when everything that was added is committed. @throws StoreError */
  committed(): Promise<void> {
    return this.isTouched ? this.pending.committed : (this.inFlight?.committed ?? Promise.resolve());
  }

  /** Reads in the pending transaction. @throws StoreError */
  async read<T>(operation: ReadOperation): Promise<T> {
    this.checkOpen();
    const batch = this.pending;
    let result: unknown;
    batch.operations.push(operation);
    batch.readers.push(read => {
      result = read;
    });
    this.touch();
    await batch.committed;
    return result as T;
  }

  private scheduleFlush(): void {
    this.parts.clock.soon(() => this.flush());
  }

  private flush(): void {
    if (this.inFlight || this.refusal || !this.isTouched) return;
    this.parts.beforeCommit();
    const batch = this.pending;
    this.pending = new Batch();
    this.isTouched = false;
    if (batch.operations.length === 0) return batch.succeed([]);
    this.inFlight = batch;
    this.worker!.ref();
    this.post({ id: ++this.requestId, operations: batch.operations });
  }

  private post(request: DatabaseRequest): void {
    this.worker!.postMessage(request);
  }

  private receive(reply: DatabaseReply): void {
    const { awaited, inFlight } = this;
    if (awaited?.id === reply.id) {
      this.awaited = null;
      awaited.receive(reply);
      return;
    }
    if (!inFlight || reply.id !== this.requestId) {
      if ('failed' in reply && reply.id === 0) this.fail(errorOf(reply.failed));
      return;
    }
    if ('failed' in reply) return this.fail(errorOf(reply.failed));
    this.inFlight = null;
    this.worker?.unref();
    inFlight.succeed('results' in reply ? reply.results : []);
    this.flush();
  }

  /** Refuses everything until `reload`. */
  private fail(error: StoreError): void {
    if (this.refusal || this.isClosed) return;
    const { inFlight, pending } = this;
    this.refusal = new StoreError('no', true, error.message, { cause: error });
    this.inFlight = null;
    this.pending = new Batch();
    this.isTouched = false;
    this.worker?.unref();
    this.parts.onFailed(error);
    inFlight?.fail(error);
    pending.fail(this.refusal);
  }

  /**
   * Opens the database if it is not open, checks that it accepts writes, and passes all facts to `restore`. From then on
   * operations are accepted.
   * @returns why it failed; null: it did not
   */
  async reload(restore: (facts: StoredFacts) => void): Promise<DatabaseFailure | null> {
    this.worker ??= this.startWorker();
    const reply = await this.ask(id => ({ id, reload: true }));
    if ('failed' in reply) return reply.failed;
    if ('facts' in reply) restore(reply.facts);
    this.refusal = null;
    return null;
  }

  private ask(request: (id: number) => DatabaseRequest): Promise<DatabaseReply> {
    const { worker } = this;
    const id = ++this.requestId;
    worker!.ref();
    return new Promise<DatabaseReply>(receive => {
      this.awaited = { id, receive };
      this.post(request(id));
    }).finally(() => worker!.unref());
  }

  private startWorker(): DatabaseThread {
    const { settings } = this.parts;
    // A port can be transferred once. A second thread works without the detector's reports.
    const hangReports = this.hasStarted ? null : this.parts.hangReports;
    this.hasStarted = true;
    const worker = (this.parts.startThread ?? startDatabaseThread)(settings, hangReports);
    worker.unref();
    worker.on('message', (reply: DatabaseReply) => this.receive(reply));
    const onEnd = (reason: string) => {
      if (this.worker !== worker) return;
      this.worker = null;
      const failed = { code: '', message: `the thread of the database ended: ${reason}`, unclear: true };
      this.fail(errorOf(failed));
      this.awaited?.receive({ id: this.awaited.id, failed });
      this.awaited = null;
    };
    worker.on('error', error => onEnd(String(error)));
    worker.on('exit', code => onEnd(`exit code ${code}`));
    return worker;
  }

  /** Commits what was added, and closes the database. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    if (!this.refusal) {
      const committed = this.committed();
      await committed.catch(() => {});
    }
    this.isClosed = true;
    this.refusal = new StoreError('no', true, 'the file is closed');
    if (!this.worker) return;
    await this.ask(id => ({ id, close: true }));
    await this.worker?.terminate();
  }
}
