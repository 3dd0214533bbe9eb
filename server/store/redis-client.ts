import { createClient, type RedisClientType } from 'redis';
import type { Log } from '../ports.ts';

export type RedisClient = RedisClientType;

/**
 * One connection to Redis. Nothing waits in a queue while it is away: an append that is sent later than it was decided,
 * or a broadcast that nobody needs any more, does harm. It reconnects for ever, soon, with a little unevenness.
 *
 * @param keepsSubscriptions a subscriber may queue: what it asked to hear it wants to hear after a reconnect
 */
export function newClient(url: string, name: string, log: Log, keepsSubscriptions = false): RedisClient {
  const client: RedisClient = createClient({
    url, name, disableOfflineQueue: !keepsSubscriptions, disableClientInfo: true, maintNotifications: 'disabled', pingInterval: 2_000,
    // The store has deadlines of its own; a signal and a timer for each command would cost more than the command.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: 1_500, keepAlive: true, keepAliveInitialDelay: 2_000, noDelay: true, reconnectStrategy: tries => Math.min(25 * 2 ** Math.min(tries, 4), 300) + Math.floor(Math.random() * 50) },
  });
  // Without a listener an error of the connection would be the end of the process.
  let trouble = false;
  client.on('error', (error: Error) => {
    if (!trouble) log.warn({ connection: name, reason: error.message || error.name }, 'redis connection lost; trying again until it is back');
    trouble = true;
  });
  client.on('ready', () => {
    if (trouble) log.info({ connection: name }, 'redis connection is back');
    trouble = false;
  });
  return client;
}

/** Closes a client whatever state it is in. */
export function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // it was closed already
  }
}
