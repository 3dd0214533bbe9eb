import { MessagePort } from 'node:worker_threads';
import { url } from 'node:inspector';
import { limits } from '../../shared/limits.ts';
import type { Log, RuleRun, HangDetector } from '../runtime/ports.ts';
import { startThread } from '../runtime/start-thread.ts';
import type { RedisOptions } from '../store/redis-locator.ts';
import { SharedRunMemory } from './shared-run-memory.ts';

export interface HangDetectorOptions {
  /** The node's name, for the log. */
  node: string;
  /** Ms after which a rule is treated as hung. */
  hangAfter: number;
  /** Where hang reports are stored; null: nowhere. A port leads to the thread of a node's own database. */
  reports: (RedisOptions & { prefix: string }) | MessagePort | null;
  log: Log;
}
/** Settings of the worker thread. */
export interface HangDetectorSettings {
  shared: SharedArrayBuffer;
  node: string;
  redis: (RedisOptions & { prefix: string }) | null;
  database: MessagePort | null;
  /** Number of polls that see the same run, after which it is reported, and after which the process is ended. */
  reportAfterPolls: number;
  killAfterPolls: number;
}
export interface RunningHangDetector extends HangDetector {
  /**
   * Resolves when the worker is polling, or has failed to start. A rule that hangs before that is only noticed by other
   * nodes, which declare this one dead.
   */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Detects hung rules from a separate thread, since the main thread is blocked while a rule hangs. The worker counts its
 * own polls, so a frozen process or a machine that slept does not count as hung. It does nothing while a debugger is
 * attached, in which a rule may be paused.
 */
export function startHangDetector({ node, hangAfter, reports, log }: HangDetectorOptions): RunningHangDetector {
  const memory = new SharedRunMemory();
  const pollsIn = (ms: number) => Math.max(1, Math.round(ms / limits.hang.pollInterval));
  const workerData: HangDetectorSettings = {
    shared: memory.shared,
    node,
    redis: reports instanceof MessagePort ? null : reports,
    database: reports instanceof MessagePort ? reports : null,
    killAfterPolls: pollsIn(hangAfter),
    reportAfterPolls: Math.min(pollsIn(limits.hang.reportAfter), pollsIn(hangAfter / 2)),
  };
  // The worker allocates next to nothing, but would reserve memory for much.
  const worker = startThread(import.meta.url, 'hang-detector-worker', {
    name: 'rejoin-hang-detector',
    workerData,
    ...(workerData.database ? { transferList: [workerData.database] } : {}),
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
