import { EventEmitter } from 'node:events';
import type { ChildEvents, ChildExit } from './managed-process.ts';
import type { ClusterOptions, NodeInfo } from './cluster-options.ts';
import { compileSources } from '../compile.ts';
import { startControl, type Control } from './control.ts';
import { formatLine, isWorthShowing } from './log-lines.ts';
import { NginxProcess } from './nginx-process.ts';
import { NodeProcess, type NodeChange } from './node-process.ts';
import { isFree } from './port-block.ts';
import { openRedisGroup, type RedisGroup, type RedisInfo } from './redis-group.ts';
import { LocalClusterError } from './local-cluster-error.ts';
import { CrashRestarter } from './crash-restarter.ts';
import { openRunFolder, type RunFolder } from './run-folder.ts';
import { findSystem, type SystemPaths } from './system.ts';
import { startOrphanReaper, type OrphanReaper } from './orphan-reaper.ts';

const MAX_NODES = 24; // Limited by the block of ports, which Redis and nginx share.

export type { RedisInfo } from './redis-group.ts';
export type { ClusterProxies, ClusterOptions, NodeInfo } from './cluster-options.ts';

interface ClusterEvents {
  /** A process of the cluster (node-1 …, redis, redis-2 …, sentinel-1 …, nginx) has ended. */
  exit: [ChildExit];
  /** The sentinels have promoted another Redis to master. */
  master: [name: string];
  /** A process has written a line. */
  line: [name: string, line: string];
}

/**
 * Redis, nginx and nodes on this machine, with methods that disturb them. Everything it starts ends with it. Several
 * clusters can run side by side, in one process or several.
 */
export class Cluster extends EventEmitter<ClusterEvents> {
  readonly #options: ClusterOptions;
  readonly #folder: RunFolder;
  readonly #system: SystemPaths;
  readonly #orphanReaper: OrphanReaper;
  readonly #nginx: NginxProcess;
  readonly #nodes: NodeProcess[] = [];
  /** The ports at which nginx connects to the nodes, in their order. */
  readonly #nodePorts: number[] = [];
  readonly #restarter: CrashRestarter | undefined;
  readonly #childEvents: ChildEvents;
  readonly port: number;
  #redisGroup: RedisGroup | undefined;
  #control: Control | undefined;
  #stopping: Promise<void> | undefined;

  /** Use `startCluster`. */
  constructor(options: ClusterOptions, folder: RunFolder, httpPort: number, system: SystemPaths) {
    super();
    this.#options = options;
    this.#folder = folder;
    this.#system = system;
    this.port = httpPort;
    this.#orphanReaper = startOrphanReaper(folder.path);
    this.#childEvents = {
      mayStart: () => this.#stopping === undefined,
      started: (name, pid) => {
        this.#orphanReaper.track(pid);
        folder.recordProcess({ name, pid });
      },
      line: (name, line) => {
        this.emit('line', name, line);
        if (isWorthShowing(name, line)) this.#write(formatLine(name, line, process.stdout.isTTY === true));
      },
      exited: (exit, pid) => this.#exited(exit, pid),
    };
    this.#nginx = new NginxProcess(
      {
        command: system.nginx,
        folder: folder.path,
        port: httpPort,
        routing: options.routing ?? 'address',
        devPage: options.devPage === true,
      },
      this.#childEvents,
    );
    this.#restarter =
      options.restartCrashed === true
        ? new CrashRestarter(
            name => this.#startByName(name),
            text => this.print(text),
          )
        : undefined;
  }

  /** The URL for players. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** URL of the current Redis master, for a user with all rights. */
  get redisUrl(): string {
    return this.#redis.operatorUrl();
  }

  /** The master's port. */
  get redisPort(): number {
    return this.#redis.master.port;
  }

  /** The nodes' Redis settings (REDIS_URL, REDIS_SENTINELS and so on), for a user with a node's rights. */
  get redisEnv(): Readonly<Record<string, string>> {
    return this.#redis.nodeEnv;
  }

  /** All Redis servers; one of them is the master, as far as is known. */
  get redisServers(): readonly RedisInfo[] {
    return this.#redis.servers;
  }

  get sentinels(): readonly Omit<RedisInfo, 'master'>[] {
    return this.#redis.sentinels;
  }

  get runDir(): string {
    return this.#folder.path;
  }

  get control(): { readonly url: string; readonly token: string } | undefined {
    return this.#control;
  }

  get nodes(): readonly NodeInfo[] {
    return this.#nodes.map(nodeInfoOf);
  }

  get redisPid(): number | undefined {
    return this.#redis.master.pid;
  }

  get #redis(): RedisGroup {
    if (this.#redisGroup === undefined) throw new LocalClusterError('not-running', 'the cluster is not started yet');
    return this.#redisGroup;
  }

  get nginxPid(): number | undefined {
    return this.#nginx.pid;
  }

  /** Starts everything. If a part fails to start, the others are stopped before the error is thrown. */
  async start(): Promise<void> {
    const { signal } = this.#options;
    const abort = () => void this.stop({ force: true });
    signal?.addEventListener('abort', abort);
    try {
      signal?.throwIfAborted();
      await this.#startRedisGroup();
      if (this.#options.control !== undefined) {
        const port = await this.#folder.ports.take(this.#options.control.port);
        this.#control = await startControl(this, { port, pagePort: this.port });
      }
      for (let i = 0; i < this.#options.nodes; i++) await this.#newNode();
      await Promise.all(this.#nodes.map(node => node.start()));
      await this.#nginx.start(this.#nodePorts);
    } catch (error) {
      await this.stop({ force: true });
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** SIGKILL: simulates a crash. */
  async kill(name: string): Promise<ChildExit> {
    return await this.#node(name).kill();
  }

  /** Stops the node with SIGSTOP until `resume`, or for `ms` milliseconds; its sockets stay open. */
  freeze(name: string, ms?: number): void {
    this.#node(name).freeze(ms);
  }

  resume(name: string): void {
    this.#node(name).resume();
  }

  /**
   * Starts a node that is down; a running one is drained first. Resolves when it is ready. `change`: new settings for
   * the node, as in a rolling deploy.
   */
  async restart(name: string, change?: NodeChange): Promise<void> {
    await this.#node(name).restart(change);
  }

  /** SIGTERM: the node drains and exits; it stays down until `restart`. */
  async drain(name: string): Promise<ChildExit> {
    return await this.#node(name).drain();
  }

  /** Adds a node; nginx routes to it once it is ready. */
  async addNode(): Promise<NodeInfo> {
    const node = await this.#newNode();
    try {
      await node.start();
    } catch (error) {
      this.#nodePorts.splice(this.#nodes.indexOf(node), 1);
      this.#nodes.splice(this.#nodes.indexOf(node), 1);
      throw error;
    }
    await this.reloadNginx();
    return nodeInfoOf(node);
  }

  async reloadNginx(): Promise<void> {
    await this.#nginx.reload(this.#nodePorts);
  }

  /** SIGKILL of a Redis server or sentinel; default: the master. */
  async killRedis(name = this.#redis.master.name): Promise<void> {
    await this.#redis.kill(name);
  }

  /**
   * Stops a Redis server or sentinel (default: the master) with SIGSTOP until `resumeRedis`, or for `ms` milliseconds;
   * its sockets stay open.
   */
  freezeRedis(name = this.#redis.master.name, ms?: number): void {
    this.#redis.freeze(name, ms);
  }

  resumeRedis(name: string): void {
    this.#redis.resume(name);
  }

  /** Starts all Redis processes that are down, or the named one, with the same port and its append-only file. */
  async startRedis(name?: string): Promise<void> {
    const down = [...this.#redis.servers, ...this.#redis.sentinels].filter(({ state }) => state === 'down');
    for (const one of name === undefined ? down.map(server => server.name) : [name]) await this.#redis.startOne(one);
  }

  /** Waits until every running replica is in sync; a failover before that may find no replica to promote. */
  async waitForReplicas(): Promise<void> {
    for (const { name, master, state } of this.#redis.servers)
      if (!master && state === 'up') await this.#redis.waitUntilSynced(name);
  }

  /** SIGKILL: all clients' connections break, and no client can connect until `startNginx`. */
  async killNginx(): Promise<void> {
    await this.#nginx.kill();
  }

  async startNginx(): Promise<void> {
    await this.#nginx.start(this.#nodePorts);
  }

  /**
   * Stops everything gracefully: nodes, nginx, Redis. With `force`, kills everything at once, even during a graceful
   * stop.
   */
  async stop(how: { readonly force?: boolean } = {}): Promise<void> {
    const orderly = this.#stopping;
    this.#stopping ??= this.#stop(how.force === true);
    if (how.force === true && orderly !== undefined) await this.#killAll();
    await this.#stopping;
  }

  /** Prints a line of the cluster itself. */
  print(text: string): void {
    this.#write(formatLine('cluster', text, process.stdout.isTTY === true));
  }

  async #stop(force: boolean): Promise<void> {
    this.#restarter?.stop();
    if (force) {
      await this.#killAll();
    } else {
      await Promise.all(this.#nodes.filter(node => node.state !== 'down').map(node => node.drain()));
      await this.#nginx.stop();
      await this.#redisGroup?.stop();
    }
    await this.#control?.close();
    await this.#orphanReaper.stop();
    await this.#folder.close();
  }

  async #killAll(): Promise<void> {
    const nodes = this.#nodes.filter(node => node.state !== 'down').map(node => node.kill());
    await Promise.all([...nodes, this.#nginx.kill(), this.#redisGroup?.killAll()]);
  }

  async #newNode(): Promise<NodeProcess> {
    if (this.#nodes.length >= MAX_NODES)
      throw new LocalClusterError('too-many-nodes', `a cluster has at most ${MAX_NODES} nodes`);
    const { firstNodePort, script = 'server/cli/main.ts', env = {} } = this.#options;
    const waitReplicas = this.#options.waitReplicas ?? Math.min(1, this.#options.replicas ?? 0);
    const name = `node-${this.#nodes.length + 1}`;
    const preferredPort = firstNodePort === undefined ? undefined : firstNodePort + this.#nodes.length;
    const port = await this.#folder.ports.take(preferredPort);
    if (preferredPort !== undefined && port !== preferredPort)
      this.print(`port ${preferredPort} is taken; ${name} listens on ${port}`);
    const redisPort = (await this.#options.proxies?.redisPort?.(name, this.redisPort)) ?? this.redisPort;
    const proxiedPort = (await this.#options.proxies?.nodePort?.(name, port)) ?? port;
    const node = new NodeProcess(
      {
        name,
        port,
        folder: this.#folder.path,
        script,
        command: this.#options.command,
        env: {
          HOST: '127.0.0.1', // Only nginx faces the network.
          ...(redisPort === this.redisPort
            ? this.redisEnv
            : { REDIS_URL: withPort(this.redisEnv['REDIS_URL'] ?? '', redisPort) }),
          ...(waitReplicas === 0 ? {} : { REDIS_WAIT_REPLICAS: String(waitReplicas) }),
          REJOIN_SECRET: this.#folder.secret,
          TRUST_PROXY: 'loopback',
          ...(this.#control === undefined ? {} : { CONTROL_PORT: String(this.#control.port) }),
          ...env,
        },
      },
      this.#childEvents,
    );
    this.#nodes.push(node);
    this.#nodePorts.push(proxiedPort);
    return node;
  }

  async #startRedisGroup(): Promise<void> {
    const { env, redis = {}, replicas = 0, downAfterMs = 1_000 } = this.#options;
    this.#redisGroup = await openRedisGroup(
      {
        command: this.#system['redis-server'],
        folder: this.#folder.path,
        secret: this.#folder.secret,
        keyPrefix: env?.['KEY_PREFIX'] ?? process.env['KEY_PREFIX'] ?? 'rejoin:',
        replicas,
        downAfterMs,
        settings: redis,
        port: () => this.#folder.ports.take(),
        onMasterChanged: name => {
          this.print(`${name} is now the Redis master`);
          this.emit('master', name);
        },
      },
      this.#childEvents,
    );
    await this.#redisGroup.start();
  }

  #node(name: string): NodeProcess {
    const node = this.#nodes.find(one => one.name === name);
    if (node === undefined) throw new LocalClusterError('no-such-node', `there is no ${name}`);
    return node;
  }

  async #startByName(name: string): Promise<void> {
    if (/^(redis|sentinel)/.test(name)) await this.#redis.startOne(name);
    else if (name === 'nginx') await this.#nginx.start(this.#nodePorts);
    else await this.#node(name).start();
  }

  #exited(exit: ChildExit, pid: number): void {
    this.#orphanReaper.untrack(pid);
    this.emit('exit', exit);
    if (exit.expected || this.#stopping !== undefined) return;
    this.print(`!!! ${exit.name} (${pid}) exited unexpectedly: ${exit.signal ?? `exit code ${exit.code}`}`);
    this.#restarter?.onCrash(exit.name);
  }

  #write(text: string): void {
    if (this.#options.quiet !== true) process.stdout.write(`${text}\n`);
  }
}

/**
 * Starts Redis, nginx with the repository's nginx.conf, and `nodes` nodes, and waits until all are ready.
 * Redis and nginx must be installed (see `requireSystem`), and the page must be built if browsers are to use it.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const system = findSystem(['redis-server', 'nginx']);
  if (options.command === undefined) await compileSources();
  const folder = await openRunFolder(options.runDir);
  let port: number;
  try {
    port = await httpPort(folder, options.port ?? 0);
  } catch (error) {
    await folder.close();
    throw error;
  }
  const cluster = new Cluster(options, folder, port, system);
  await cluster.start();
  return cluster;
}

async function httpPort(folder: RunFolder, wanted: number): Promise<number> {
  if (wanted === 0) return await folder.ports.take();
  if (!(await isFree(wanted))) throw new Error(`port ${wanted} is taken; choose another with --port`);
  return wanted;
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

function nodeInfoOf(node: NodeProcess): NodeInfo {
  return { name: node.name, port: node.port, pid: node.pid, state: node.state, url: node.url };
}
