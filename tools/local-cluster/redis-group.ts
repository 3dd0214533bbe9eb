import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildEvents } from './managed-process.ts';
import { askRedis } from './ask-redis.ts';
import { RedisProcess, type RedisState } from './redis-process.ts';
import { aclOf, passwordOf } from './redis-users.ts';
import { LocalClusterError } from './local-cluster-error.ts';
import { until } from '../until.ts';

const MASTER = 'mymaster';
const SENTINELS = 3;
const SYNC_TIMEOUT_MS = 30_000;

export interface RedisGroupOptions {
  readonly command: string;
  /** The cluster's run folder. */
  readonly folder: string;
  readonly secret: string;
  readonly keyPrefix: string;
  readonly replicas: number;
  /** Silence (ms) after which a sentinel declares a server down. */
  readonly downAfterMs: number;
  /** Settings that are added to redis.conf or override the defaults. */
  readonly settings: Readonly<Record<string, string>>;
  port(): Promise<number>;
  /** Called when another server has become the master. */
  onMasterChanged(name: string): void;
}

/** A server's current state. */
export interface RedisInfo {
  readonly name: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly state: RedisState;
  /** As last reported by the sentinels. */
  readonly master: boolean;
}

/**
 * The Redis of a cluster: a single server, or a master with replicas and three sentinels. All use the users of
 * docs/redis.acl.
 */
export class RedisGroup {
  readonly #options: RedisGroupOptions;
  readonly #servers: RedisProcess[] = [];
  readonly #sentinels: RedisProcess[] = [];
  #master: string;

  /** Use `openRedisGroup`. */
  constructor(
    place: RedisGroupOptions,
    ports: { servers: readonly number[]; sentinels: readonly number[] },
    events: ChildEvents,
  ) {
    this.#options = place;
    const nameOf = (i: number) => (i === 0 ? 'redis' : `redis-${i + 1}`);
    ports.servers.forEach((port, i) => this.#servers.push(this.#server(nameOf(i), port, events)));
    const sentinelEvents: ChildEvents = {
      ...events,
      line: (name, line) => {
        events.line(name, line);
        this.#readSentinelLine(line);
      },
    };
    ports.sentinels.forEach((port, i) =>
      this.#sentinels.push(this.#sentinel(`sentinel-${i + 1}`, port, sentinelEvents)),
    );
    // After an earlier run, the last master has the newest data: the others may have lagged behind.
    const previousMaster = ports.sentinels.length === 0 ? undefined : readWord(this.#masterFile);
    this.#master = this.#servers.find(({ name }) => name === previousMaster)?.name ?? 'redis';
  }

  get servers(): readonly RedisInfo[] {
    return this.#servers.map(({ name, port, pid, state }) => ({
      name,
      port,
      pid,
      state,
      master: name === this.#master,
    }));
  }

  get sentinels(): readonly Omit<RedisInfo, 'master'>[] {
    return this.#sentinels.map(({ name, port, pid, state }) => ({ name, port, pid, state }));
  }

  get master(): RedisInfo {
    const master = this.servers.find(one => one.master);
    if (master === undefined) throw new Error('a group without a master');
    return master;
  }

  /** The nodes' Redis settings, for a user with a node's rights. */
  get nodeEnv(): Readonly<Record<string, string>> {
    const password = passwordOf('rejoin', this.#options.secret);
    if (this.#sentinels.length === 0) return { REDIS_URL: `redis://rejoin:${password}@127.0.0.1:${this.master.port}` };
    return {
      REDIS_SENTINELS: this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
      REDIS_MASTER: MASTER,
      REDIS_USER: 'rejoin',
      REDIS_PASSWORD: password,
      REDIS_SENTINEL_PASSWORD: passwordOf('sentinel', this.#options.secret),
    };
  }

  /** URL of a server, for a user with all rights. */
  operatorUrl(name: string = this.#master): string {
    return `redis://operator:${passwordOf('operator', this.#options.secret)}@127.0.0.1:${this.#processNamed(name).port}`;
  }

  /**
   * Starts everything. With sentinels, resolves when they know each other and all replicas, and the replicas are in
   * sync.
   */
  async start(): Promise<void> {
    const { secret, keyPrefix, folder } = this.#options;
    for (const { name } of this.#servers) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'users.acl'), aclOf(secret, keyPrefix), { mode: 0o600 });
    }
    await this.#processNamed(this.#master).start();
    await Promise.all(this.#servers.map(server => server.start()));
    if (this.#sentinels.length === 0) return;
    await writeFile(this.#masterFile, this.#master);
    for (const { name } of this.#servers) if (name !== this.#master) await this.waitUntilSynced(name);
    await Promise.all(this.#sentinels.map(sentinel => sentinel.start()));
    await until(
      'the sentinels know each other and all replicas',
      async () => ((await this.#sentinelsAgree()) ? true : undefined),
      { timeoutMs: SYNC_TIMEOUT_MS },
    );
  }

  /** Waits until a replica is in sync with its master. */
  async waitUntilSynced(name: string): Promise<void> {
    const up = async () =>
      /master_link_status:up/.test(await askRedis(this.operatorUrl(name), ['INFO', 'replication']).catch(() => ''))
        ? true
        : undefined;
    await until(`${name} follows its master`, up, { timeoutMs: SYNC_TIMEOUT_MS });
  }

  /** Starts a server or sentinel that is down, with the same port and its append-only file. */
  async startOne(name: string): Promise<void> {
    await this.#processNamed(name).start();
  }

  async kill(name: string): Promise<void> {
    await this.#processNamed(name).kill();
  }

  freeze(name: string, ms?: number): void {
    this.#processNamed(name).freeze(ms);
  }

  resume(name: string): void {
    this.#processNamed(name).resume();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sentinels.map(sentinel => sentinel.stop()));
    // Replicas first, so that they have all of the master's data.
    await Promise.all(this.#servers.filter(({ name }) => name !== this.#master).map(server => server.stop()));
    await this.#processNamed(this.#master).stop();
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.#servers].map(one => one.kill()));
  }

  get #masterFile(): string {
    return join(this.#options.folder, 'redis-master');
  }

  #processNamed(name: string): RedisProcess {
    const one = [...this.#servers, ...this.#sentinels].find(other => other.name === name);
    if (one === undefined) throw new LocalClusterError('no-such-node', `there is no ${name}`);
    return one;
  }

  /** Parses a sentinel's message that the master has changed: +switch-master NAME HOST PORT HOST PORT. */
  #readSentinelLine(line: string): void {
    const [, port] = /\+switch-master \S+ \S+ \d+ \S+ (\d+)/.exec(line) ?? [];
    const name = this.#servers.find(server => String(server.port) === port)?.name;
    if (name === undefined || name === this.#master) return;
    this.#master = name;
    void writeFile(this.#masterFile, name).catch(() => {}); // fails if the run folder is being removed
    this.#options.onMasterChanged(name);
  }

  #server(name: string, port: number, events: ChildEvents): RedisProcess {
    const { command, folder, secret, settings, replicas } = this.#options;
    const home = join(folder, name);
    const all = {
      bind: '127.0.0.1',
      port: String(port),
      dir: home,
      daemonize: 'no',
      appendonly: 'yes',
      // A crash of the machine loses about a second at most; a crash of Redis alone loses nothing.
      appendfsync: 'everysec',
      save: '', // No snapshots: data is loaded from the append-only file only.
      'maxmemory-policy': 'noeviction', // Rooms must never be evicted.
      aclfile: join(home, 'users.acl'),
      // The folder in the process title identifies the cluster.
      'proc-title-template': `"redis-server {listen-addr} ${home}/"`,
      ...(replicas === 0
        ? {}
        : {
            masteruser: 'replica',
            masterauth: passwordOf('replica', secret),
            'repl-diskless-sync-delay': '0',
            'replica-announce-ip': '127.0.0.1',
          }),
      ...settings,
    };
    const following = () =>
      replicas === 0 || name === this.#master ? [] : [['replicaof', `127.0.0.1 ${this.master.port}`] as const];
    return new RedisProcess(
      {
        name,
        command,
        home,
        port,
        login: `operator ${passwordOf('operator', secret)}`,
        settings: () => [...Object.entries(all), ...following()],
      },
      events,
    );
  }

  #sentinel(name: string, port: number, events: ChildEvents): RedisProcess {
    const { command, folder, secret, downAfterMs } = this.#options;
    const home = join(folder, name);
    const password = passwordOf('sentinel', secret);
    const of = (setting: string, value: string) => [`sentinel ${setting} ${MASTER}`, value] as const;
    let written = false;
    const settings = () => {
      if (written) return undefined; // A sentinel stores its state in that file.
      written = true;
      return [
        ['bind', '127.0.0.1'],
        ['port', String(port)],
        ['dir', home],
        ['daemonize', 'no'],
        ['requirepass', password],
        ['proc-title-template', `"redis-sentinel {listen-addr} ${home}/"`],
        ['sentinel announce-ip', '127.0.0.1'],
        ['sentinel monitor', `${MASTER} 127.0.0.1 ${this.master.port} ${Math.floor(SENTINELS / 2) + 1}`],
        of('auth-user', 'sentinel'),
        of('auth-pass', password),
        of('down-after-milliseconds', String(downAfterMs)),
        of('failover-timeout', '5000'), // Also the delay before a failed failover is retried, times two.
        of('parallel-syncs', '1'),
      ] as const;
    };
    return new RedisProcess({ name, command, home, port, sentinel: true, login: password, settings }, events);
  }

  async #sentinelsAgree(): Promise<boolean> {
    const password = passwordOf('sentinel', this.#options.secret);
    const views = this.#sentinels.map(async ({ port }) => {
      const words = (
        await askRedis(`redis://:${password}@127.0.0.1:${port}`, ['SENTINEL', 'MASTER', MASTER]).catch(() => '')
      ).split('\n');
      const field = (name: string) => words[words.indexOf(name) + 1];
      return (
        field('num-slaves') === String(this.#options.replicas) &&
        field('num-other-sentinels') === String(SENTINELS - 1) &&
        field('flags') === 'master'
      );
    });
    return (await Promise.all(views)).every(Boolean);
  }
}

/** Reserves the ports; starts nothing. */
export async function openRedisGroup(place: RedisGroupOptions, events: ChildEvents): Promise<RedisGroup> {
  const take = async (count: number) => {
    const ports: number[] = [];
    while (ports.length < count) ports.push(await place.port());
    return ports;
  };
  return new RedisGroup(
    place,
    { servers: await take(1 + place.replicas), sentinels: await take(place.replicas === 0 ? 0 : SENTINELS) },
    events,
  );
}

function readWord(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined; // the first start in this folder
  }
}
