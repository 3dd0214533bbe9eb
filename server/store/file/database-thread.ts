/** The thread of the database; started by database-connection.ts. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { DatabaseSettings } from './operations.ts';
import { serveDatabase } from './serve-database.ts';

const { settings, hangReports } = workerData as { settings: DatabaseSettings; hangReports: MessagePort | null };
serveDatabase(parentPort!, settings, hangReports);
