import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { AdapterError, AdapterTimeoutError } from './failure.ts';

/** Version of the protocol between the runner and an adapter. */
export const adapterProtocol = 1;
/** Time (ms) for an answer, except to `act`, which waits for its verdict. */
const answerTimeoutMs = 15_000;
/** Time (ms) for the first answer: some languages start slowly. */
export const startTimeoutMs = 60_000;
/** Longest line of an adapter, in characters. */
const lineLength = 1_048_576;
/** Characters of stderr that are kept. */
const stderrLength = 4_000;

/** An answer of the adapter. */
export interface AdapterReply {
  readonly id: number;
  readonly ok?: boolean;
  readonly code?: string;
  readonly detail?: string;
  /** The adapter itself failed. */
  readonly error?: string;
  readonly [field: string]: unknown;
}

/** How the runner reaches an adapter. */
export interface AdapterPipes {
  readonly stdin: Writable;
  readonly stdout: Readable;
  kill(): void;
}

/** The process under test. It reads commands as JSON lines on stdin and answers as JSON lines on stdout. */
export class Adapter {
  private readonly waiting = new Map<
    number,
    { resolve: (reply: AdapterReply) => void; reject: (error: Error) => void }
  >();
  private lastId = 0;
  private stderr = '';
  private ended: Error | null = null;

  private constructor(private readonly pipes: AdapterPipes) {
    createInterface({ input: pipes.stdout }).on('line', line => this.receive(line));
    pipes.stdin.on('error', () => {}); // it ended; `exit` says so
  }

  static start([command = '', ...args]: readonly string[]): Adapter {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const adapter = new Adapter({ stdin: child.stdin, stdout: child.stdout, kill: () => void child.kill('SIGKILL') });
    child.stderr.on('data', (part: Buffer) => {
      adapter.stderr = `${adapter.stderr}${part.toString()}`.slice(-stderrLength);
    });
    child.once('error', error => adapter.end(new AdapterError(`the command cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) =>
      adapter.end(new AdapterError(`the adapter ended (${signal ?? `code ${code}`})`)),
    );
    return adapter;
  }

  /** An adapter that is no process of its own. */
  static attach(pipes: AdapterPipes): Adapter {
    return new Adapter(pipes);
  }

  get isRunning(): boolean {
    return this.ended === null;
  }
  /** The end of what it wrote to stderr. */
  get lastWords(): string {
    return this.stderr.trim();
  }

  /** @throws AdapterError if it does not answer, or answers with an error of its own */
  async ask(command: string, fields: object = {}, timeoutMs = answerTimeoutMs): Promise<AdapterReply> {
    if (this.ended) throw this.ended;
    const id = ++this.lastId;
    const reply = await new Promise<AdapterReply>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new AdapterTimeoutError(`the adapter did not answer "${command}" within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const settle = () => clearTimeout(timer);
      this.waiting.set(id, {
        resolve: reply => (settle(), resolve(reply)),
        reject: error => (settle(), reject(error)),
      });
      this.pipes.stdin.write(`${JSON.stringify({ id, do: command, ...fields })}\n`);
    });
    if (reply.error !== undefined) throw new AdapterError(`the adapter failed at "${command}": ${String(reply.error)}`);
    return reply;
  }

  stop(): void {
    this.end(new AdapterError('the adapter was stopped'));
  }

  private receive(line: string): void {
    if (line.trim() === '') return;
    let reply: AdapterReply;
    try {
      if (line.length > lineLength) throw new Error('too long');
      reply = JSON.parse(line) as AdapterReply;
    } catch {
      return this.end(
        new AdapterError(
          `stdout of the adapter must be JSON lines only; logs belong to stderr. It wrote: ${line.slice(0, 200)}`,
        ),
      );
    }
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    waiting?.resolve(reply);
  }

  private end(error: Error): void {
    if (this.ended) return;
    this.ended = error;
    for (const { reject } of this.waiting.values()) reject(this.ended);
    this.waiting.clear();
    this.pipes.kill();
  }
}
