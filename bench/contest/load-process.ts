import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { argumentsFor } from '../../tools/compile.ts';
import { packageRoot } from '../../server/runtime/package-root.ts';
import type { CrowdCounts } from '../load/crowd.ts';
import type { Answer, Question } from '../load/main.ts';

/** The load generator's process, asked one thing at a time. */
export class LoadProcess {
  private readonly child: ChildProcess;

  constructor() {
    this.child = spawn(process.execPath, argumentsFor('bench/load/main.ts'), {
      cwd: packageRoot,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** @throws what went wrong there, or that it ended, or was silent for longer than `within` ms */
  async ask(question: Question, within = 60_000): Promise<Extract<Answer, { ok: true }>> {
    const late = AbortSignal.timeout(within);
    const ended = once(this.child, 'exit', { signal: late }).then(([code]) => {
      throw new Error(`the load generator ended (${code})`);
    });
    ended.catch(() => {}); // an answer came first
    const answer = once(this.child, 'message', { signal: late }) as Promise<[Answer]>;
    answer.catch(() => {});
    this.child.send(question);
    const [reply] = await Promise.race([answer, ended]);
    if (!reply.ok) throw new Error(`the load generator: ${reply.why}`);
    return reply;
  }
  async readCounts(): Promise<CrowdCounts> {
    return (await this.ask({ ask: 'end' })).counted!;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
