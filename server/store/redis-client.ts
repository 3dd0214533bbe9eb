import { createClient, type RedisClientType } from 'redis';
import type { RedisTarget } from './redis-target.ts';

export type RedisClient = RedisClientType;

const common = {
  disableOfflineQueue: true,
  disableClientInfo: true,
  maintNotifications: 'disabled' as const,
  // The store applies its own deadlines; an AbortSignal and a timer per command would cost more than the command.
  commandOptions: { timeout: 0 },
};
/**
 * Never opened: the library builds its command table for each new set of options, and duplicates share the table of
 * their template.
 */
const clientTemplate: { template?: RedisClient } = {};

/**
 * One connection to one Redis, not yet open.
 * Commands fail while it is down instead of waiting in a queue: an append or a broadcast that is sent late does harm.
 * It does not reconnect, since the master may have moved; redis-connection.ts does.
 */
export function newClient(target: RedisTarget, name: string): RedisClient {
  const { host, port, user, password, database = 0, tls = false } = target;
  // An empty servername is an error, and so is an undefined property under exactOptionalPropertyTypes.
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
    // already closed
  }
}
