import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ManagedProcess, type ChildEvents } from './managed-process.ts';
import { LocalClusterError } from './local-cluster-error.ts';

const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;

export type RedisState = 'up' | 'frozen' | 'down';

export interface RedisProcessOptions {
  readonly name: string;
  readonly command: string;
  /** Its own folder in the cluster's run folder. */
  readonly home: string;
  readonly port: number;
  /** Whether it is a sentinel. */
  readonly sentinel?: boolean;
  /** Arguments of AUTH for a user who may PING. */
  readonly login: string;
  /** The lines of redis.conf, read at each start; undefined: the file is kept. */
  settings(): readonly (readonly [name: string, value: string])[] | undefined;
}

/** A redis-server or sentinel. A restart keeps its port and its append-only file. */
export class RedisProcess {
  readonly #options: RedisProcessOptions;
  readonly #events: ChildEvents;
  #child: ManagedProcess | undefined;
  #isFrozen = false;
  #thaw: NodeJS.Timeout | undefined;

  constructor(place: RedisProcessOptions, events: ChildEvents) {
    this.#options = place;
    this.#events = events;
  }

  get name(): string {
    return this.#options.name;
  }

  get port(): number {
    return this.#options.port;
  }

  get pid(): number | undefined {
    return this.#child?.isAlive === true ? this.#child.pid : undefined;
  }

  get state(): RedisState {
    if (this.pid === undefined) return 'down';
    return this.#isFrozen ? 'frozen' : 'up';
  }

  async start(): Promise<void> {
    const { name, command, home, port, sentinel, login } = this.#options;
    await mkdir(home, { recursive: true });
    if (this.pid !== undefined) return;
    this.#isFrozen = false;
    const file = join(home, 'redis.conf');
    const settings = this.#options.settings();
    // In a file readable only by its owner, because process lists are public.
    if (settings !== undefined)
      await writeFile(file, settings.map(([key, value]) => `${key} ${value === '' ? '""' : value}\n`).join(''), {
        mode: 0o600,
      });
    const child = new ManagedProcess(
      { name, command, args: [file, ...(sentinel === true ? ['--sentinel'] : [])], cwd: home },
      this.#events,
    );
    this.#child = child;
    await child.waitUntilReady(() => answersPing(port, login), READY_TIMEOUT_MS);
  }

  /** SIGKILL: simulates a crash. */
  async kill(): Promise<void> {
    clearTimeout(this.#thaw);
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#thaw);
    await this.#child?.stop(STOP_TIMEOUT_MS);
  }

  /** Stops the process with SIGSTOP until `resume`, or for `ms` milliseconds; its sockets stay open. */
  freeze(ms?: number): void {
    if (this.state !== 'up') throw new LocalClusterError('not-running', `${this.name} is ${this.state}`);
    this.#child?.signal('SIGSTOP');
    this.#isFrozen = true;
    if (ms !== undefined) this.#thaw = setTimeout(() => this.state === 'frozen' && this.resume(), ms).unref();
  }

  resume(): void {
    clearTimeout(this.#thaw);
    if (this.state !== 'frozen') throw new LocalClusterError('not-running', `${this.name} is not frozen`);
    this.#child?.signal('SIGCONT');
    this.#isFrozen = false;
  }
}

/** While it loads its file, Redis accepts connections but replies with an error. */
function answersPing(port: number, login: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(`AUTH ${login}\r\nPING\r\n`));
    let received = '';
    socket.setTimeout(500, () => socket.destroy());
    socket.on('data', reply => {
      received += reply.toString();
      if (received.split('\r\n').length <= 2) return; // the second reply is still missing
      resolve(received.includes('+PONG'));
      socket.destroy();
    });
    socket.once('error', () => {}); // the close event follows
    socket.once('close', () => resolve(false));
  });
}
