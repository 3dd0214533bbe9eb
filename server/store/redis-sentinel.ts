import type { Clock, Log, Timer } from '../runtime/ports.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisTarget } from './redis-target.ts';
import { RedisConnection, withTimeout, type RedisIdentity, type RedisLocator } from './redis-connection.ts';

const REPLY_TIMEOUT_MS = 500;
const POLL_INTERVAL_MS = 1_000;

/** The master's address as one sentinel knows it, and the epoch of that configuration. */
interface SentinelReply {
  host: string;
  port: number;
  epoch: number;
}

/**
 * Locates the master of a group of Redis servers through its sentinels.
 * All sentinels are asked, and the reply with the highest epoch wins: a sentinel that was partitioned or frozen reports
 * an old master. The result is only a hint: each connection asks the server for its role, and with `waitReplicas` an
 * old master cannot confirm writes (replica-gate.ts).
 */
export class SentinelLocator implements RedisLocator {
  readonly name: string;
  private readonly connections: RedisConnection[];
  private known: SentinelReply | null = null;
  private pendingQuery: Promise<SentinelReply> | null = null;
  private timer: Timer | null = null;
  private isClosed = false;
  private readonly moveListeners: ((why: string) => void)[] = [];

  constructor(
    private readonly options: {
      master: string;
      sentinels: readonly RedisTarget[];
      credentials: Omit<RedisTarget, 'host' | 'port'>;
    },
    private readonly parts: { clock: Clock; log: Log },
  ) {
    this.name = `Redis '${options.master}' (sentinels at ${options.sentinels.map(s => `${s.host}:${s.port}`).join(', ')})`;
    this.connections = options.sentinels.map((target, i) => {
      const line = new RedisConnection(
        new SentinelAddressLocator(target),
        `rejoin-sentinel-${i + 1}`,
        parts,
        identifySentinel,
      );
      line.onOpen(async client => {
        await client.subscribe('+switch-master', text => {
          if (text.startsWith(`${options.master} `)) void this.poll();
        });
      });
      void line.connect();
      return line;
    });
    this.schedulePoll();
  }

  async locate(): Promise<RedisTarget> {
    const { host, port } = await this.queryShared();
    return { ...this.options.credentials, host, port };
  }

  onMoved(moved: (why: string) => void): void {
    this.moveListeners.push(moved);
  }
  invalidate(reason: string): void {
    for (const listener of this.moveListeners) listener(reason);
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    for (const line of this.connections) line.close();
  }

  /** Notifications can be lost, so the sentinels are also polled. */
  private schedulePoll(): void {
    this.timer = this.parts.clock.after(
      POLL_INTERVAL_MS,
      () =>
        void this.poll().finally(() => {
          if (!this.isClosed) this.schedulePoll();
        }),
    );
  }

  private async poll(): Promise<void> {
    await this.queryShared().catch((error: unknown) => this.parts.log.debug({ error }, 'sentinel query failed'));
  }

  /** Concurrent callers share one query. */
  private queryShared(): Promise<SentinelReply> {
    return (this.pendingQuery ??= this.queryAll().finally(() => {
      this.pendingQuery = null;
    }));
  }

  private async queryAll(): Promise<SentinelReply> {
    const errors: string[] = [];
    const replies: SentinelReply[] = [];
    const queries = this.connections.map(async connection => {
      try {
        replies.push(await withTimeout(this.parts.clock, REPLY_TIMEOUT_MS, this.querySentinel(connection)));
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
      }
    });
    // A majority is enough, so that a sentinel that hangs causes no delay.
    const majority = Math.floor(this.connections.length / 2) + 1;
    await Promise.race([
      Promise.all(queries),
      new Promise<void>(resolve =>
        queries.forEach(
          one =>
            void one.then(() => {
              if (replies.length >= majority) resolve();
            }),
        ),
      ),
    ]);
    const newest = replies.reduce<SentinelReply | null>(
      (best, reply) => (best === null || reply.epoch > best.epoch ? reply : best),
      null,
    );
    if (newest === null)
      throw new Error(`no sentinel knows the master '${this.options.master}': ${[...new Set(errors)].join('; ')}`);
    // An older epoch from a minority is ignored. From a majority it is accepted: the sentinels may have been
    // reconfigured from scratch.
    if (this.known && newest.epoch < this.known.epoch && replies.length < majority) return this.known;
    const before = this.known;
    this.known = newest;
    if (before && (before.host !== newest.host || before.port !== newest.port)) {
      this.parts.log.warn(
        { from: `${before.host}:${before.port}`, to: `${newest.host}:${newest.port}` },
        'redis master changed',
      );
      this.invalidate('the master changed');
    }
    return newest;
  }

  private async querySentinel(connection: RedisConnection): Promise<SentinelReply> {
    const { client } = connection;
    const [at, about] = await Promise.all([
      client.sendCommand<string[] | null>(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.options.master]),
      client.sendCommand(['SENTINEL', 'MASTER', this.options.master]),
    ]);
    if (!at) throw new Error(`the sentinel does not monitor '${this.options.master}'`);
    return { host: String(at[0]), port: Number(at[1]), epoch: Number(fieldsOf(about)['config-epoch'] ?? 0) };
  }
}

/** The fixed address of one sentinel. */
class SentinelAddressLocator implements RedisLocator {
  readonly name: string;
  constructor(private readonly target: RedisTarget) {
    this.name = `${target.host}:${target.port}`;
  }
  locate(): Promise<RedisTarget> {
    return Promise.resolve(this.target);
  }
  onMoved(): void {}
  invalidate(): void {}
  close(): void {}
}

async function identifySentinel(client: RedisClient): Promise<RedisIdentity> {
  const [role] = await client.sendCommand<[string]>(['ROLE']);
  if (String(role) !== 'sentinel') throw new Error(`expected a sentinel, found a ${role}`);
  return { runId: 'sentinel', history: '' };
}

/** Field names and values of a reply: a flat array in RESP2, a map in RESP3. */
function fieldsOf(reply: unknown): Record<string, string> {
  if (Array.isArray(reply))
    return Object.fromEntries(
      Array.from({ length: reply.length / 2 }, (_x, i) => [String(reply[2 * i]), String(reply[2 * i + 1])]),
    );
  return Object.fromEntries(reply instanceof Map ? reply : Object.entries(reply as object)) as Record<string, string>;
}
