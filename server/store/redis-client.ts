import { createClient, type RedisClientType } from 'redis';
import type { RedisTarget } from './redis-target.ts';

export type RedisClient = RedisClientType;

const common = {
  disableOfflineQueue: true,
  disableClientInfo: true,
  maintNotifications: 'disabled' as const,
  // The store has deadlines of its own; a signal and a timer for each command would cost more than the command.
  commandOptions: { timeout: 0 },
};
/**
 * One that is never opened: the library makes all commands anew for each set of options that it has not just seen, and
 * duplicates share them.
 */
const clientTemplate: { template?: RedisClient } = {};

/**
 * One connection to one Redis, not open yet. Nothing waits in a queue while it is away: an append that is sent later
 * than it was decided, or a broadcast that nobody needs any more, does harm. It does not reconnect: after a break the
 * place to be may be another; redis-connection.ts sees to that.
 */
export function newClient(target: RedisTarget, name: string): RedisClient {
  const { host, port, user, password, database = 0, tls = false } = target;
  // An empty servername would be an error; a property that is undefined, for TypeScript, another one.
  const secure =
    tls === false
      ? {}
      : {
          tls: true as const,
          ...(typeof tls === 'object'
            ? Object.fromEntries(Object.entries(tls).filter(([, v]) => v !== undefined))
            : {}),
        };
  return (clientTemplate.template ??= createClient(common)).duplicate({
    name,
    database,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    socket: {
      host,
      port,
      ...secure,
      connectTimeout: 1_500,
      keepAlive: true,
      keepAliveInitialDelay: 2_000,
      noDelay: true,
      reconnectStrategy: false,
    },
  });
}

/** Closes a client whatever state it is in. */
export function destroyClient(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // it was closed already
  }
}
