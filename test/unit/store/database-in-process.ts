import { EventEmitter } from 'node:events';
import type { DatabaseThread, StartDatabaseThread } from '../../../server/store/file/database-connection.ts';
import type { DatabaseReply, DatabaseRequest } from '../../../server/store/file/operations.ts';
import { serveDatabase } from '../../../server/store/file/serve-database.ts';

/**
 * The database without a thread of its own, which takes long to start from sources. Messages are delivered later, in
 * order, and are copies.
 */
export const inProcess: StartDatabaseThread = (settings, hangReports) => {
  const [thread, port] = [new EventEmitter(), new EventEmitter()];
  const deliver = (to: EventEmitter, message: DatabaseRequest | DatabaseReply) => {
    const copy = structuredClone(message);
    setImmediate(() => to.emit('message', copy));
  };
  serveDatabase(
    Object.assign(port, { postMessage: (reply: DatabaseReply) => deliver(thread, reply), close: () => {} }),
    settings,
    hangReports,
  );
  return Object.assign(thread, {
    postMessage: (request: DatabaseRequest) => deliver(port, request),
    ref: () => {},
    unref: () => {},
    terminate: () => Promise.resolve(),
  }) satisfies DatabaseThread;
};
