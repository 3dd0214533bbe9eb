import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ManagedProcess, type ChildEvents } from './managed-process.ts';
import { nodesConf, withDevPage, withListenPort, withRouting, type Routing } from './nginx-conf.ts';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { until } from '../until.ts';

const READY_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;

export interface NginxProcessOptions {
  readonly command: string;
  /** The cluster's run folder; nginx uses `nginx/` in it. */
  readonly folder: string;
  readonly port: number;
  readonly routing: Routing;
  /** Lets requests for the page for authors through. */
  readonly devPage: boolean;
}

/** nginx with the repository's nginx.conf; only the port, the list of nodes and the routing are changed. */
export class NginxProcess {
  readonly #options: NginxProcessOptions;
  readonly #home: string;
  readonly #events: ChildEvents;
  #child: ManagedProcess | undefined;
  #workers = new Set<string>();
  #stoppedWorkers = new Set<string>();

  constructor(place: NginxProcessOptions, events: ChildEvents) {
    this.#options = place;
    this.#home = join(place.folder, 'nginx');
    this.#events = { ...events, line: (name, line) => (this.#readLogLine(line), events.line(name, line)) };
  }

  get pid(): number | undefined {
    return this.#child?.isAlive === true ? this.#child.pid : undefined;
  }

  async start(nodePorts: readonly number[]): Promise<void> {
    await this.#write(nodePorts);
    if (this.pid !== undefined) return;
    this.#workers.clear();
    const child = new ManagedProcess(
      { name: 'nginx', command: this.#options.command, args: [...this.#args(), '-g', 'daemon off;'], cwd: this.#home },
      this.#events,
    );
    this.#child = child;
    await child.waitUntilReady(() => acceptsConnections(this.#options.port), READY_TIMEOUT_MS);
  }

  /**
   * Applies a new list of nodes. Resolves when every worker with the old list has stopped accepting connections; those
   * workers keep their WebSockets.
   */
  async reload(nodePorts: readonly number[]): Promise<void> {
    const child = this.#child;
    if (child === undefined || !child.isAlive) throw new Error('nginx is not running');
    await this.#write(nodePorts);
    await promisify(execFile)(this.#options.command, [...this.#args(), '-t', '-q']); // reports errors in full
    const old = [...this.#workers];
    child.signal('SIGHUP');
    await until('nginx reloads', () => (old.every(worker => this.#stoppedWorkers.has(worker)) ? true : undefined), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 10,
    });
    for (const worker of old) {
      this.#workers.delete(worker);
      this.#stoppedWorkers.delete(worker);
    }
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    // Not SIGQUIT, which waits until all WebSockets have closed.
    await this.#child?.stop(STOP_TIMEOUT_MS);
  }

  #args(): string[] {
    return ['-e', 'stderr', '-p', `${this.#home}/`, '-c', join(this.#home, 'nginx.conf')];
  }

  async #write(nodePorts: readonly number[]): Promise<void> {
    await mkdir(this.#home, { recursive: true });
    const conf = await readFile(join(packageRoot, 'nginx.conf'), 'utf8');
    const nodes = await readFile(join(packageRoot, 'nginx.nodes.conf'), 'utf8');
    const { port, routing, devPage } = this.#options;
    const adapted = withRouting(withListenPort(conf, port), routing);
    await writeFile(join(this.#home, 'nginx.conf'), devPage ? withDevPage(adapted) : adapted);
    await writeFile(join(this.#home, 'nginx.nodes.conf'), nodesConf(nodes, nodePorts));
  }

  /** nginx reports only in its log when a reload has taken effect. */
  #readLogLine(line: string): void {
    const started = /start worker process (\d+)$/.exec(line)?.[1];
    if (started !== undefined) this.#workers.add(started);
    const leaving = / (\d+)#\d+: gracefully shutting down$/.exec(line)?.[1];
    if (leaving !== undefined) this.#stoppedWorkers.add(leaving);
  }
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' }, () => (resolve(true), socket.destroy()));
    socket.once('error', () => resolve(false));
  });
}
