import { get } from 'node:http';
import { join } from 'node:path';
import { ManagedProcess, type ChildEvents, type ChildExit } from './managed-process.ts';
import { argumentsForNode } from '../compile.ts';
import { LocalClusterError } from './local-cluster-error.ts';
import { packageRoot } from '../../server/runtime/package-root.ts';

// Seconds on an idle machine; longer if several nodes start at once on two busy cores.
const READY_TIMEOUT_MS = 60_000;
const DRAIN_TIMEOUT_MS = 17_000; // A node drains within 15 s.

export type NodeState = 'starting' | 'up' | 'frozen' | 'draining' | 'down';

export interface NodeProcessOptions {
  readonly name: string;
  readonly port: number;
  /** The cluster's run folder. */
  readonly folder: string;
  readonly script: string;
  /** In place of `script`. */
  readonly command?: NodeCommand | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** How to run a node that is no script of this repository. */
export interface NodeCommand {
  /** Working directory. */
  readonly cwd: string;
  /**
   * Arguments of node.
   * @param label a path that makes the process recognizable in a process list, also for `stopLeftovers`
   */
  readonly args: (label: string) => readonly string[];
}

/** Changes that apply from the node's next start; omitted ones stay. `env` is merged. */
export interface NodeChange {
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
}

type Running = { readonly child: ManagedProcess; state: Exclude<NodeState, 'down'>; thaw?: NodeJS.Timeout };

/** A node of the cluster: its name and port are constant, its process changes with restarts. */
export class NodeProcess {
  readonly name: string;
  readonly port: number;
  #options: NodeProcessOptions;
  readonly #events: ChildEvents;
  #running: Running | undefined;

  constructor(place: NodeProcessOptions, events: ChildEvents) {
    this.name = place.name;
    this.port = place.port;
    this.#options = place;
    this.#events = {
      ...events,
      exited: (exit, pid) => {
        this.#clearRunning(pid);
        events.exited(exit, pid);
      },
    };
  }

  get state(): NodeState {
    return this.#running?.state ?? 'down';
  }

  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts a process and waits until it is ready for players. */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new LocalClusterError('already-running', `${this.name} is running`);
    const { folder, script, command, env } = this.#options;
    const label = join(folder, this.name);
    const child = new ManagedProcess(
      {
        name: this.name,
        command: process.execPath,
        // The label makes the process recognizable in a process list, also for `stopLeftovers`; the node ignores it.
        args: command === undefined ? [...argumentsForNode(script), label] : command.args(label),
        cwd: command?.cwd ?? packageRoot,
        env: { ...process.env, ...env, NODE_NAME: this.name, PORT: String(this.port) },
        ipc: true,
      },
      this.#events,
    );
    const running: Running = { child, state: 'starting' };
    this.#running = running;
    await child.waitUntilReady(() => isReady(this.port), READY_TIMEOUT_MS);
    if (running.state === 'starting') running.state = 'up';
  }

  async kill(): Promise<ChildExit> {
    return await this.#requireRunning().child.kill();
  }

  /** Stops the process with SIGSTOP, with open sockets: simulates a hung event loop or a paused virtual machine. */
  freeze(ms?: number): void {
    const running = this.#requireRunning();
    if (running.state !== 'up') throw new LocalClusterError('busy', `${this.name} is ${running.state}`);
    running.child.signal('SIGSTOP');
    running.state = 'frozen';
    if (ms !== undefined) running.thaw = setTimeout(() => this.#thaw(running), ms).unref();
  }

  resume(): void {
    const running = this.#requireRunning();
    if (running.state !== 'frozen') throw new LocalClusterError('not-running', `${this.name} is not frozen`);
    this.#thaw(running);
  }

  /** Makes the node hand its rooms over and exit. */
  async drain(): Promise<ChildExit> {
    const running = this.#requireRunning();
    clearTimeout(running.thaw);
    running.state = 'draining';
    return await running.child.stop(DRAIN_TIMEOUT_MS);
  }

  async restart(change: NodeChange = {}): Promise<void> {
    if (this.#running?.state === 'starting') throw new LocalClusterError('busy', `${this.name} is starting`);
    this.#options = {
      ...this.#options,
      script: change.script ?? this.#options.script,
      env: { ...this.#options.env, ...change.env },
    };
    if (this.#running !== undefined) await this.drain();
    await this.start();
  }

  #thaw(running: Running): void {
    clearTimeout(running.thaw);
    if (running.state !== 'frozen') return;
    running.child.signal('SIGCONT');
    running.state = 'up';
  }

  #requireRunning(): Running {
    if (this.#running === undefined) throw new LocalClusterError('not-running', `${this.name} is down`);
    return this.#running;
  }

  #clearRunning(pid: number): void {
    if (this.#running?.child.pid !== pid) return;
    clearTimeout(this.#running.thaw);
    this.#running = undefined;
  }
}

function isReady(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', timeout: 2_000, agent: false }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}
