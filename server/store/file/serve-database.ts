import type { MessagePort } from 'node:worker_threads';
import { Database, FileFormatError } from './database.ts';
import type {
  DatabaseFailure,
  DatabaseReply,
  DatabaseRequest,
  DatabaseSettings,
  HangReportRequest,
} from './operations.ts';

/** All in ms. */
const SYNC_INTERVAL = 1_000;
const LOCK_RETRY_AFTER = 100;

/** Where requests come from: the port of the thread. */
export interface RequestPort {
  postMessage(reply: DatabaseReply): void;
  on(event: 'message', listener: (request: DatabaseRequest) => void): unknown;
  close(): void;
}

/** Opens the database when it is asked to, and answers requests until it is closed. */
export function serveDatabase(port: RequestPort, settings: DatabaseSettings, hangReports: MessagePort | null): void {
  /** Null until it is opened, and after it is closed. */
  const open: { database: Database | null; syncing: NodeJS.Timeout | null } = { database: null, syncing: null };

  const send = (reply: DatabaseReply): void => port.postMessage(reply);

  function failureOf(error: unknown, unclear: boolean): DatabaseFailure {
    const { code = '', message } = error as { code?: string; message: string };
    return { code: error instanceof FileFormatError ? 'FORMAT' : code, message, unclear };
  }

  /** A process that is being replaced may still be closing the file. */
  function openWhenFree(): Database {
    for (let tries = 1; ; tries++) {
      try {
        return new Database(settings);
      } catch (error) {
        if ((error as { code?: string }).code !== 'SQLITE_BUSY' || tries * LOCK_RETRY_AFTER > settings.lockPatience)
          throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_RETRY_AFTER);
      }
    }
  }

  function openDatabase(): Database {
    const database = openWhenFree();
    open.database = database;
    if (settings.sync === 'everysec')
      open.syncing ??= setInterval(
        () => open.database?.syncLog(error => send({ id: 0, failed: failureOf(error, true) })),
        SYNC_INTERVAL,
      );
    return database;
  }

  function closeDatabase(): void {
    if (open.syncing) clearInterval(open.syncing);
    const { database } = open;
    open.database = open.syncing = null;
    database?.close();
  }

  port.on('message', (request: DatabaseRequest) => {
    const { id } = request;
    let isCommitting = false;
    try {
      if ('operations' in request) {
        if (!open.database) throw new Error('the database is not open');
        send({ id, results: open.database.run(request.operations, () => (isCommitting = true)) });
      } else if ('reload' in request) {
        const database = open.database ?? openDatabase();
        database.probe();
        send({ id, facts: database.facts() });
      } else {
        closeDatabase();
        send({ id, closed: true });
        hangReports?.close();
        port.close();
      }
    } catch (error) {
      send({ id, failed: failureOf(error, isCommitting) });
    }
  });

  hangReports?.on('message', (request: HangReportRequest) => {
    let reply: string;
    try {
      reply = open.database ? open.database.writeHangReport(request) : 'failed: the database is not open';
    } catch (error) {
      reply = `failed: ${(error as Error).message}`;
    }
    hangReports.postMessage({ id: request.id, reply });
  });
}
