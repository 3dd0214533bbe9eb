import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Child, type ChildEvents } from './child.ts';

const READY_WITHIN = 15_000;
const STOP_WITHIN = 10_000;

export interface RedisPlace {
  readonly command: string;
  /** The cluster's run folder; Redis writes to `redis/` in it. */
  readonly folder: string;
  readonly port: number;
  /** More settings, or others than ours, as in redis.conf. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The one Redis of a cluster. Killed and started again it has the same port, and its data from the append-only file. */
export class RedisProcess {
  readonly #place: RedisPlace;
  readonly #events: ChildEvents;
  #child: Child | undefined;

  constructor(place: RedisPlace, events: ChildEvents) {
    this.#place = place;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#child?.alive === true ? this.#child.pid : undefined;
  }

  async start(): Promise<void> {
    const { command, folder, port, settings } = this.#place;
    const home = join(folder, 'redis');
    await mkdir(home, { recursive: true });
    if (this.pid !== undefined) return;
    const all = {
      bind: '127.0.0.1',
      port: String(port),
      dir: home,
      daemonize: 'no',
      appendonly: 'yes',
      appendfsync: 'everysec', // A crash of the machine loses at most about a second; a crash of Redis alone, nothing.
      save: '', // No snapshots beside it: the append-only file is the one place to start from.
      'maxmemory-policy': 'noeviction', // A room must never be thrown out to make place for another.
      // The folder in the process's title tells whose Redis this is.
      'proc-title-template': `redis-server {listen-addr} ${home}`,
      ...settings,
    };
    const child = new Child(
      { name: 'redis', command, args: Object.entries(all).flatMap(([key, value]) => [`--${key}`, value]), cwd: home },
      this.#events,
    );
    this.#child = child;
    await child.serves(() => answersPing(port), READY_WITHIN);
  }

  /** The end of a process that had no time for anything: SIGKILL. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    await this.#child?.stop(STOP_WITHIN);
  }
}

/** While it reads its file back in, Redis listens already, but answers with an error. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.setTimeout(500, () => socket.destroy());
    socket.once('data', (reply) => {
      resolve(reply.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.once('error', () => {}); // Refused: the close that follows answers.
    socket.once('close', () => resolve(false));
  });
}
