import type { Clock, Log, Timer } from '../runtime/ports.ts';
import { destroyClient, newClient, type RedisClient } from './redis-client.ts';
import type { RedisTarget } from './redis-target.ts';
import { RejoinError } from '../../shared/errors.ts';

/** Says where Redis is, each time somebody connects: with Sentinel that changes. See redis-locator.ts. */
export interface RedisLocator {
  /** For people, without what is secret. */
  readonly name: string;
  /** The one to connect to now. @throws when that is not known */
  locate(): Promise<RedisTarget>;
  /** Calls back when the master is another one: every connection has to go there at once. */
  onMoved(moved: (why: string) => void): void;
  /** Somebody found that what was the master is none (READONLY): everybody looks again. */
  invalidate(why: string): void;
  close(): void;
}

/** There is no connection now. Nothing was sent. */
export class RedisUnavailableError extends RejoinError {
  override readonly name = 'RedisUnavailableError';
  override readonly code = 'redis-unavailable';
}

/** Which Redis this is, and which history it has: both change when data may be gone. */
export interface RedisIdentity {
  runId: string;
  history: string;
}

/**
 * How long (ms) until a new connection has said who it is, the first time, and later on a machine that may just be
 * slow.
 */
const FIRST_HANDSHAKE_TIMEOUT_MS = 1_500;
const MAX_HANDSHAKE_TIMEOUT_MS = 5_000;
/** The beat of the questions whether a connection still answers, and how many may be without an answer. */
const PING_INTERVAL_MS = 300;
const MAX_UNANSWERED_PINGS = 4;

/**
 * One connection to the master, wherever it is; opened anew for ever.
 *
 * Each new connection is asked what it leads to before anybody may use it: nothing is ever written to a replica, and
 * whoever listens to `onReady` knows before the first write whether it is the same Redis as before. A connection on
 * which nothing arrives is noticed by unanswered questions (1.2 to 1.5 s): packets that vanish close no socket.
 */
export class RedisConnection {
  private openClient: RedisClient | null = null;
  private isClosed = false;
  private isStarted = false;
  private pingTimer: Timer | null = null;
  /** Ends what is tried, or the pause before the next try: the place to be is another. */
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
  /** The connection. @throws RedisUnavailableError when there is none now */
  get client(): RedisClient {
    if (!this.openClient)
      throw new RedisUnavailableError(
        `redis is unavailable${this.lastProblem === null ? '' : `: ${this.lastProblem}`}`,
      );
    return this.openClient;
  }
  /** Why it could not be opened lately; null when all is well. */
  get problem(): string | null {
    return this.lastProblem;
  }

  /** Called with each new connection before anybody else may use it. If it fails, so does the connection. */
  onOpen(work: (client: RedisClient) => Promise<void>): void {
    this.openHooks.push(work);
  }
  /** Called as soon as there is a connection, before anything can be sent by it. */
  onReady(listener: (identity: RedisIdentity) => void): void {
    this.readyListeners.push(listener);
  }
  onDown(listener: () => void): void {
    this.downListeners.push(listener);
  }

  /** Opens it. Resolves when it stands; until then it is tried again and again. */
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

  /** Lets go of the connection, and opens another. What was under way on it is neither done nor not done. */
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
   * Whether it still leads to the same master; if not, it is dropped. A Redis can change under a connection that
   * stands.
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
        // Without a listener an error of the connection would be the end of the process.
        opened.on('error', (error: Error) => {
          if (this.openClient === opened) this.drop(reasonOf(error));
        });
        opened.on('terminated', () => {
          if (this.openClient === opened) this.drop('the connection is closed');
        });
        const masterMoved = new Promise<never>((_resolve, reject) => {
          this.interruptWait = () => reject(new Error('the master changed'));
        });
        masterMoved.catch(() => {}); // only sometimes waited for
        const identity = await withTimeout(
          this.parts.clock,
          Math.min(FIRST_HANDSHAKE_TIMEOUT_MS * (tries + 1), MAX_HANDSHAKE_TIMEOUT_MS),
          Promise.race([this.handshake(opened), masterMoved]),
        );
        this.interruptWait = null;
        // The class keeps what it hands out: a socket that broke in this very turn is found by the first question.
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

  /** Asks whether anybody is there. Counted in rounds, not in time: this process may have stood still itself. */
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
        ); // a failure is the connection's, which says so itself
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

/** @throws when it is no master */
async function identifyMaster(client: RedisClient): Promise<RedisIdentity> {
  const info = await client.sendCommand<string>(['INFO', 'server', 'replication']);
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const role = field('role');
  if (role !== undefined && role !== 'master')
    throw new Error('this Redis is a replica: use the address of the master');
  return { runId: field('run_id') ?? 'unknown', history: field('master_replid') ?? 'unknown' };
}

/** A promise with an end. @throws when it takes longer than `ms` */
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
    work.catch(() => {}); // it may fail later, when nobody waits any more
    (timer as Timer | null)?.cancel();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
