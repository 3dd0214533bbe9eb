import type { Clock, Log, Timer } from '../ports.ts';
import { destroy, newClient, type RedisClient } from './redis-client.ts';
import type { RedisTarget } from './redis-target.ts';

/** Says where Redis is, each time somebody connects: with Sentinel that changes. See redis-door.ts. */
export interface RedisDoor {
  /** For people, without what is secret. */
  readonly name: string;
  /** The one to connect to now. @throws when that is not known */
  find(): Promise<RedisTarget>;
  /** Calls back when the master is another one: every connection has to go there at once. */
  onMoved(moved: (why: string) => void): void;
  /** Somebody found that what was the master is none (READONLY): everybody looks again. */
  doubt(why: string): void;
  close(): void;
}

/** There is no connection now. Nothing was sent. */
export class RedisAway extends Error { override readonly name = 'RedisAway'; }

/** Which Redis this is, and which history it has: both change when data may be gone. */
export interface Identity { runId: string; history: string }

/** How long (ms) until a new connection has said who it is, the first time, and later on a machine that may just be slow. */
const HANDSHAKE = 1_500;
const HANDSHAKE_MOST = 5_000;
/** The beat of the questions whether a connection still answers, and how many may be without an answer. */
const ASK_EVERY = 300;
const UNANSWERED = 4;

/**
 * One connection to the master, wherever it is; opened anew for ever.
 *
 * Each new connection is asked what it leads to before anybody may use it: nothing is ever written to a replica, and whoever
 * listens to `onReady` knows before the first write whether it is the same Redis as before. A connection on which nothing
 * arrives is noticed by unanswered questions (1.2 to 1.5 s): packets that vanish close no socket.
 */
export class RedisLine {
  private current: RedisClient | null = null;
  private closed = false;
  private started = false;
  private asking: Timer | null = null;
  /** Ends what is tried, or the pause before the next try: the place to be is another. */
  private hurry: (() => void) | null = null;
  private trouble: string | null = null;
  private readonly ready: ((identity: Identity) => void)[] = [];
  private readonly down: (() => void)[] = [];
  private readonly prepare: ((client: RedisClient) => Promise<void>)[] = [];

  constructor(
    private readonly door: RedisDoor,
    private readonly name: string,
    private readonly parts: { clock: Clock; log: Log },
    private readonly identify: (client: RedisClient) => Promise<Identity> = identifyMaster,
  ) {
    door.onMoved(why => {
      this.drop(why);
      this.hurry?.();
    });
  }

  get isReady(): boolean { return this.current !== null; }
  /** The connection. @throws RedisAway when there is none now */
  get client(): RedisClient {
    if (!this.current) throw new RedisAway(`redis is away${this.trouble === null ? '' : `: ${this.trouble}`}`);
    return this.current;
  }
  /** Why it could not be opened lately; null when all is well. */
  get problem(): string | null { return this.trouble; }

  /** Called with each new connection before anybody else may use it. If it fails, so does the connection. */
  onOpen(work: (client: RedisClient) => Promise<void>): void { this.prepare.push(work); }
  /** Called as soon as there is a connection, before anything can be sent by it. */
  onReady(tell: (identity: Identity) => void): void { this.ready.push(tell); }
  onDown(tell: () => void): void { this.down.push(tell); }

  /** Opens it. Resolves when it stands; until then it is tried again and again. */
  connect(): Promise<void> {
    const stands = this.isReady ? Promise.resolve() : new Promise<void>(resolve => {
      const once = () => {
        this.ready.splice(this.ready.indexOf(once), 1);
        resolve();
      };
      this.ready.push(once);
    });
    if (!this.started) void this.open();
    this.started = true;
    return stands;
  }

  /** Lets go of the connection, and opens another. What was under way on it is neither done nor not done. */
  drop(why: string): void {
    const client = this.current;
    if (!client) return;
    this.current = null;
    this.asking?.cancel();
    destroy(client);
    this.troubled(why);
    for (const tell of [...this.down]) tell();
    void this.open();
  }

  /** Whether it still leads to the same master; if not, it is dropped. A Redis can change under a connection that stands. */
  async same(as: Identity): Promise<boolean> {
    const client = this.client;
    const now = await this.identify(client).catch((error: unknown) => reasonOf(error));
    if (typeof now !== 'string' && now.runId === as.runId && now.history === as.history) return true;
    if (client === this.current) this.door.doubt(typeof now === 'string' ? now : 'another Redis answers');
    return false;
  }

  close(): void {
    this.closed = true;
    this.asking?.cancel();
    const client = this.current;
    this.current = null;
    if (client) destroy(client);
  }

  private async open(): Promise<void> {
    for (let tries = 0; !this.closed; tries++) {
      let client: RedisClient | null = null;
      try {
        client = newClient(await this.door.find(), this.name);
        const opened = client;
        // Without a listener an error of the connection would be the end of the process.
        opened.on('error', (error: Error) => { if (this.current === opened) this.drop(reasonOf(error)); });
        opened.on('terminated', () => { if (this.current === opened) this.drop('the connection is closed'); });
        const elsewhere = new Promise<never>((_resolve, reject) => { this.hurry = () => reject(new Error('the master is another one')); });
        elsewhere.catch(() => {}); // only sometimes waited for
        const identity = await within(this.parts.clock, Math.min(HANDSHAKE * (tries + 1), HANDSHAKE_MOST), Promise.race([this.introduce(opened), elsewhere]));
        this.hurry = null;
        // The class keeps what it hands out: a socket that broke in this very turn is found by the first question.
        if (this.closed) return destroy(opened);
        this.take(opened, identity);
        return;
      } catch (error) {
        if (client) destroy(client);
        this.troubled(reasonOf(error));
        await this.pause(Math.min(25 * 2 ** Math.min(tries, 4), 300) + Math.floor(Math.random() * 50));
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise<void>(resolve => {
      const timer = this.parts.clock.after(ms, resolve);
      this.hurry = () => {
        timer.cancel();
        resolve();
      };
    }).finally(() => { this.hurry = null; });
  }

  private async introduce(client: RedisClient): Promise<Identity> {
    await client.connect();
    const identity = await this.identify(client);
    for (const work of this.prepare) await work(client);
    return identity;
  }

  private take(client: RedisClient, identity: Identity): void {
    this.current = client;
    if (this.trouble !== null) this.parts.log.info({ connection: this.name }, 'redis connection is back');
    this.trouble = null;
    this.ask(client);
    for (const tell of [...this.ready]) tell(identity);
  }

  /** Asks whether anybody is there. Counted in rounds, not in time: this process may have stood still itself. */
  private ask(client: RedisClient): void {
    let waiting = 0;
    const round = () => {
      if (client !== this.current) return;
      if (waiting === 0) {
        waiting = 1;
        client.ping().then(() => { waiting = 0; }, () => {}); // a failure is the connection's, which says so itself
      } else if (++waiting > UNANSWERED) return this.drop('nobody answers');
      this.asking = this.parts.clock.after(ASK_EVERY, round);
    };
    this.asking = this.parts.clock.after(ASK_EVERY, round);
  }

  private troubled(why: string): void {
    if (this.trouble === null) this.parts.log.warn({ connection: this.name, reason: why }, 'redis connection lost; trying again until it is back');
    this.trouble = why;
  }
}

/** @throws when it is no master */
async function identifyMaster(client: RedisClient): Promise<Identity> {
  const info = await client.sendCommand<string>(['INFO', 'server', 'replication']);
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const role = field('role');
  if (role !== undefined && role !== 'master') throw new Error('it is a replica: the address of the master is needed');
  return { runId: field('run_id') ?? 'unknown', history: field('master_replid') ?? 'unknown' };
}

/** A promise with an end. @throws when it takes longer than `ms` */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  let late: Timer | null = null;
  try {
    return await Promise.race([work, new Promise<never>((_resolve, reject) => { late = clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`))); })]);
  } finally {
    work.catch(() => {}); // it may fail later, when nobody waits any more
    (late as Timer | null)?.cancel();
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
