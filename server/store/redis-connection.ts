import type { Clock, Log, Timer } from '../runtime/ports.ts';
import { destroyClient, newClient, type RedisClient } from './redis-client.ts';
import type { RedisTarget } from './redis-target.ts';
import { RejoinError } from '../../shared/errors.ts';

/** Locates the Redis to connect to; with Sentinel it changes. See redis-locator.ts. */
export interface RedisLocator {
  /** For logs and error texts, without credentials. */
  readonly name: string;
  /** The current master. @throws when it is not known */
  locate(): Promise<RedisTarget>;
  /** Calls back when the master has changed: every connection has to move at once. */
  onMoved(moved: (why: string) => void): void;
  /** Reports that the located Redis is not the master (READONLY); all users of this locator locate it again. */
  invalidate(why: string): void;
  close(): void;
}

/** There is no connection; nothing was sent. */
export class RedisUnavailableError extends RejoinError {
  override readonly name = 'RedisUnavailableError';
  override readonly code = 'redis-unavailable';
}

/** Process and replication history of a Redis. Either changes when data may have been lost. */
export interface RedisIdentity {
  runId: string;
  history: string;
}

/**
 * Timeout (ms) until a new connection has identified its server, in the first attempt and at most; it grows with each
 * attempt, in case the machine is only slow.
 */
const FIRST_HANDSHAKE_TIMEOUT_MS = 1_500;
const MAX_HANDSHAKE_TIMEOUT_MS = 5_000;
/** Interval of pings (ms), and the number of intervals without a reply after which the connection is dropped. */
const PING_INTERVAL_MS = 300;
const MAX_UNANSWERED_PINGS = 4;

/**
 * A connection to the current master; reconnects until closed.
 * Each new connection identifies its server before it is used. Nothing is ever written to a replica, and listeners of
 * `onReady` know before the first write whether it is the same Redis as before.
 * Pings detect a connection on which nothing arrives, within 1.2 to 1.5 s: lost packets close no socket.
 */
export class RedisConnection {
  private openClient: RedisClient | null = null;
  private isClosed = false;
  private isStarted = false;
  private pingTimer: Timer | null = null;
  /** Aborts the current attempt, or the pause before the next one, because the master has moved. */
  private interruptWait: (() => void) | null = null;
  private lastProblem: string | null = null;
  private readonly readyListeners: ((identity: RedisIdentity) => void)[] = [];
  private readonly downListeners: (() => void)[] = [];
  private readonly openHooks: ((client: RedisClient) => Promise<void>)[] = [];

  constructor(
    private readonly locator: RedisLocator,
    private readonly name: string,
    private readonly parts: { clock: Clock; log: Log },
    private readonly identify: (client: RedisClient) => Promise<RedisIdentity> = identifyMaster,
  ) {
    locator.onMoved(why => {
      this.drop(why);
      this.interruptWait?.();
    });
  }

  get isReady(): boolean {
    return this.openClient !== null;
  }
  /** The open connection. @throws RedisUnavailableError when there is none */
  get client(): RedisClient {
    if (!this.openClient)
      throw new RedisUnavailableError(
        `redis is unavailable${this.lastProblem === null ? '' : `: ${this.lastProblem}`}`,
      );
    return this.openClient;
  }
  /** Why the last attempt failed; null while connected. */
  get problem(): string | null {
    return this.lastProblem;
  }

  /** Runs `work` on each new connection before it is used. If `work` fails, the attempt fails. */
  onOpen(work: (client: RedisClient) => Promise<void>): void {
    this.openHooks.push(work);
  }
  /** Called when a connection opens, before anything is sent on it. */
  onReady(listener: (identity: RedisIdentity) => void): void {
    this.readyListeners.push(listener);
  }
  onDown(listener: () => void): void {
    this.downListeners.push(listener);
  }

  /** Opens the connection. Resolves when it is open; retries until then. */
  connect(): Promise<void> {
    const opened = this.isReady
      ? Promise.resolve()
      : new Promise<void>(resolve => {
          const once = () => {
            this.readyListeners.splice(this.readyListeners.indexOf(once), 1);
            resolve();
          };
          this.readyListeners.push(once);
        });
    if (!this.isStarted) void this.open();
    this.isStarted = true;
    return opened;
  }

  /** Closes the connection and opens another. The outcome of commands in flight is unknown. */
  drop(cause: string): void {
    const client = this.openClient;
    if (!client) return;
    this.openClient = null;
    this.pingTimer?.cancel();
    destroyClient(client);
    this.recordProblem(cause);
    for (const listener of [...this.downListeners]) listener();
    void this.open();
  }

  /**
   * Whether the connection still leads to the same master; if not, it is dropped. A Redis can change its role or its
   * data under an open connection.
   */
  async isSameMaster(expected: RedisIdentity): Promise<boolean> {
    const client = this.client;
    const found = await this.identify(client).catch((error: unknown) => reasonOf(error));
    if (typeof found !== 'string' && found.runId === expected.runId && found.history === expected.history) return true;
    if (client === this.openClient)
      this.locator.invalidate(typeof found === 'string' ? found : 'a different Redis answers');
    return false;
  }

  close(): void {
    this.isClosed = true;
    this.pingTimer?.cancel();
    const client = this.openClient;
    this.openClient = null;
    if (client) destroyClient(client);
  }

  private async open(): Promise<void> {
    for (let tries = 0; !this.isClosed; tries++) {
      let client: RedisClient | null = null;
      try {
        client = newClient(await this.locator.locate(), this.name);
        const opened = client;
        // Without a listener, an error event would end the process.
        opened.on('error', (error: Error) => {
          if (this.openClient === opened) this.drop(reasonOf(error));
        });
        opened.on('terminated', () => {
          if (this.openClient === opened) this.drop('the connection is closed');
        });
        const masterMoved = new Promise<never>((_resolve, reject) => {
          this.interruptWait = () => reject(new Error('the master changed'));
        });
        masterMoved.catch(() => {}); // usually nobody awaits it
        const identity = await withTimeout(
          this.parts.clock,
          Math.min(FIRST_HANDSHAKE_TIMEOUT_MS * (tries + 1), MAX_HANDSHAKE_TIMEOUT_MS),
          Promise.race([this.handshake(opened), masterMoved]),
        );
        this.interruptWait = null;
        // A socket that breaks in this very turn is detected by the first ping.
        if (this.isClosed) return destroyClient(opened);
        this.useClient(opened, identity);
        return;
      } catch (error) {
        if (client) destroyClient(client);
        this.recordProblem(reasonOf(error));
        await this.pause(Math.min(25 * 2 ** Math.min(tries, 4), 300) + Math.floor(Math.random() * 50));
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise<void>(resolve => {
      const timer = this.parts.clock.after(ms, resolve);
      this.interruptWait = () => {
        timer.cancel();
        resolve();
      };
    }).finally(() => {
      this.interruptWait = null;
    });
  }

  private async handshake(client: RedisClient): Promise<RedisIdentity> {
    await client.connect();
    const identity = await this.identify(client);
    for (const work of this.openHooks) await work(client);
    return identity;
  }

  private useClient(client: RedisClient, identity: RedisIdentity): void {
    this.openClient = client;
    if (this.lastProblem !== null) this.parts.log.info({ connection: this.name }, 'redis connection restored');
    this.lastProblem = null;
    this.startPings(client);
    for (const listener of [...this.readyListeners]) listener(identity);
  }

  /** Pings the server. Counts intervals instead of time, because this process may have stalled itself. */
  private startPings(client: RedisClient): void {
    let unanswered = 0;
    const round = () => {
      if (client !== this.openClient) return;
      if (unanswered === 0) {
        unanswered = 1;
        client.ping().then(
          () => {
            unanswered = 0;
          },
          () => {},
        ); // the client reports connection failures itself
      } else if (++unanswered > MAX_UNANSWERED_PINGS) return this.drop('no answer to pings');
      this.pingTimer = this.parts.clock.after(PING_INTERVAL_MS, round);
    };
    this.pingTimer = this.parts.clock.after(PING_INTERVAL_MS, round);
  }

  private recordProblem(cause: string): void {
    if (this.lastProblem === null)
      this.parts.log.warn({ connection: this.name, reason: cause }, 'redis connection lost, reconnecting');
    this.lastProblem = cause;
  }
}

/** when the server is not a master */
async function identifyMaster(client: RedisClient): Promise<RedisIdentity> {
  const info = await client.sendCommand<string>(['INFO', 'server', 'replication']);
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const role = field('role');
  if (role !== undefined && role !== 'master')
    throw new Error('this Redis is a replica: use the address of the master');
  return { runId: field('run_id') ?? 'unknown', history: field('master_replid') ?? 'unknown' };
}

/** Rejects when `work` takes longer than `ms`. */
export async function withTimeout<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  let timer: Timer | null = null;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        timer = clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`)));
      }),
    ]);
  } finally {
    work.catch(() => {}); // it may reject later, when nothing awaits it
    (timer as Timer | null)?.cancel();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
