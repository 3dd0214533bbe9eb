import { url } from 'node:inspector';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { limits } from '../../shared/limits.ts';
import type { Log, RuleRun, HangDetector } from '../runtime/ports.ts';
import type { RedisOptions } from '../store/redis-locator.ts';
import { SharedRunMemory } from './shared-run-memory.ts';

export interface HangDetectorOptions {
  /** The node's name, for the log. */
  node: string;
  /** After how many ms a rule is taken for hung. */
  hangAfter: number;
  /** Where blame is written down; null where nobody would read it. */
  redis: (RedisOptions & { prefix: string }) | null;
  log: Log;
}
/** What the worker is told. */
export interface HangDetectorSettings {
  shared: SharedArrayBuffer;
  node: string;
  redis: HangDetectorOptions['redis'];
  /** Looks at the same run after which it is written down, and after which the process is ended. */
  reportAfterPolls: number;
  killAfterPolls: number;
}
export interface RunningHangDetector extends HangDetector {
  /**
   * Resolves when it watches, or never will: what hung before that would be found by nobody but those who hold the node
   * for dead.
   */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Compiled, it needs nothing of what this process was started with. From its sources it needs tsx, which does not go
 * along into threads by itself.
 */
function startWorker(options: WorkerOptions): Worker {
  if (import.meta.url.endsWith('.js'))
    return new Worker(new URL('./hang-detector-worker.js', import.meta.url), options);
  // Its module, not what `require` finds beside it: from there tsx does not find its own hooks.
  const tsx = new URL('./index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api'))).href;
  const script = new URL('./hang-detector-worker.ts', import.meta.url).href;
  return new Worker(
    `import(${JSON.stringify(tsx)}).then(tsx => { tsx.register(); return import(${JSON.stringify(script)}); })`,
    { ...options, eval: true },
  );
}

/**
 * Watches over the rules of this process from a thread of its own: nothing else runs while one of them hangs. The
 * thread counts its own looks, so a process that was frozen, or a machine that slept, is not taken for hung; and it
 * does nothing while a debugger listens, in which a rule may well stand still.
 */
export function startHangDetector({ node, hangAfter, redis, log }: HangDetectorOptions): RunningHangDetector {
  const memory = new SharedRunMemory();
  const pollsIn = (ms: number) => Math.max(1, Math.round(ms / limits.hang.pollInterval));
  const workerData: HangDetectorSettings = {
    shared: memory.shared,
    node,
    redis,
    killAfterPolls: pollsIn(hangAfter),
    reportAfterPolls: Math.min(pollsIn(limits.hang.reportAfter), pollsIn(hangAfter / 2)),
  };
  // It makes next to nothing, and would be given room for much.
  const worker = startWorker({
    name: 'rejoin-hang-detector',
    workerData,
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  const started = new Promise<void>(resolve => {
    for (const event of ['message', 'error', 'exit'] as const) worker.once(event, () => resolve());
  }).finally(() => worker.unref());
  worker.on('error', (error: unknown) =>
    log.error({ error }, 'hang detector failed: a rule that hangs no longer ends the process'),
  );
  const detectDebugger = () => {
    memory.isDebugged = url() !== undefined;
  };
  detectDebugger();
  const timer = setInterval(detectDebugger, 500).unref();
  return {
    started,
    begin: (run: Readonly<RuleRun>) => memory.write(run),
    end: () => memory.clear(),
    stop: async () => {
      clearInterval(timer);
      await worker.terminate();
    },
  };
}
