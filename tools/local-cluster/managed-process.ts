import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../until.ts';

const MAX_LINES = 50;
const OUTPUT_GRACE_MS = 500;

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Opens an IPC channel, whose closing tells the child that its parent has exited. */
  readonly ipc?: boolean;
}

export interface ChildExit {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** False for a crash, or a signal from outside. */
  readonly expected: boolean;
}

/** Events for the owner of child processes. */
export interface ChildEvents {
  /** False while the cluster is stopping; starting a process then throws. */
  mayStart(): boolean;
  started(name: string, pid: number): void;
  line(name: string, line: string): void;
  exited(exit: ChildExit, pid: number): void;
}

/** A child process. It is signalled only by its handle or its own process group. */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #outputClosed: Promise<unknown>;
  #isExpected = false;

  constructor(spec: ChildSpec, events: ChildEvents) {
    if (!events.mayStart()) throw new Error(`cannot start ${spec.name}: the cluster is stopping`);
    this.name = spec.name;
    this.#process = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env ?? process.env,
      stdio: spec.ipc === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
      // Its own process group: Ctrl-C in the terminal reaches only the parent, which then stops everything in order.
      detached: true,
    });
    this.#process.on('error', error => this.#lines.push(String(error)));
    this.#process.channel?.unref();
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`could not start ${spec.name}: is ${spec.command} there, and executable?`);
    this.pid = pid;
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream, crlfDelay: Infinity }).on('line', line => {
        this.#lines.push(line);
        if (this.#lines.length > MAX_LINES) this.#lines.shift();
        events.line(this.name, line);
      });
    }
    this.#outputClosed = new Promise(resolve => this.#process.once('close', resolve));
    this.exited = new Promise(resolve => {
      this.#process.once('exit', (code, signal) => {
        killGroup(pid); // its own children, such as nginx's workers, must not keep its port
        const exit = { name: this.name, code, signal, expected: this.#isExpected };
        events.exited(exit, pid);
        resolve(exit);
      });
    });
    events.started(this.name, pid);
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /**
   * Waits until the process is ready. If it exits first, the error contains its last lines. After the timeout it is
   * killed.
   */
  async waitUntilReady(isReady: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const check = async () => {
      if (!this.isAlive) throw new Error(`${this.name} ended while starting:\n${await this.#lastLines()}`);
      return (await isReady()) ? true : undefined;
    };
    try {
      await until(`${this.name} is ready`, check, { timeoutMs });
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isAlive) this.#process.kill(signal);
  }

  /** Kills the process and its process group. */
  async kill(): Promise<ChildExit> {
    this.#isExpected = true;
    if (this.isAlive) killGroup(this.pid);
    return await this.exited;
  }

  /** Sends SIGTERM, and SIGKILL after `deadline` ms. */
  async stop(deadline: number): Promise<ChildExit> {
    this.#isExpected = true;
    const force = setTimeout(() => this.isAlive && killGroup(this.pid), deadline);
    this.signal('SIGTERM');
    this.signal('SIGCONT'); // a frozen process handles SIGTERM only after this
    try {
      return await this.exited;
    } finally {
      clearTimeout(force);
    }
  }

  /** The exit event may arrive before the last lines are read. */
  async #lastLines(): Promise<string> {
    await Promise.race([this.#outputClosed, pause(OUTPUT_GRACE_MS)]);
    return this.#lines.slice(-15).join('\n');
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}
