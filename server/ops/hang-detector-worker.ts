/** The worker thread of the hang detector; started by hang-detector.ts. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { limits } from '../../shared/limits.ts';
import type { RuleRun } from '../runtime/ports.ts';
import { realClock } from '../runtime/real-ports.ts';
import { FileHangReports } from '../store/file/file-hang-reports.ts';
import type { RedisHangReports } from '../store/redis-hang-reports.ts';
import { SharedRunMemory } from './shared-run-memory.ts';
import type { HangDetectorSettings } from './hang-detector.ts';

const settings = workerData as HangDetectorSettings;
const memory = new SharedRunMemory(settings.shared);
// Loaded dynamically: a node without Redis does not need its client.
const store: RedisHangReports | FileHangReports | null = settings.database
  ? new FileHangReports(settings.database)
  : settings.redis && new (await import('../store/redis-hang-reports.ts')).RedisHangReports(settings.redis, realClock);

/** The run seen by the last poll, in how many polls, and what was reported of it. */
const lastRun: { count: number | null; polls: number; reported: RuleRun | null } = {
  count: null,
  polls: 0,
  reported: null,
};
const pollTimer = setInterval(poll, limits.hang.pollInterval);
// Without Redis no report can be stored, but hung rules are still ended.
if (store) await Promise.race([store.connected, realClock.sleep(limits.storeTimeout)]);
parentPort!.postMessage('watching');

const runIdOf = (run: RuleRun, count: number) => `${run.token}-${count}`;

function poll(): void {
  const count = memory.runningCount;
  if (count === null || count !== lastRun.count || memory.isDebugged) {
    // The run was slow, but has ended.
    if (lastRun.reported)
      // the room's next entry invalidates the report as well
      void store?.withdraw(lastRun.reported, runIdOf(lastRun.reported, lastRun.count!)).catch(() => {});
    Object.assign(lastRun, { count, polls: 0, reported: null } satisfies typeof lastRun);
    return;
  }
  lastRun.polls += 1;
  if (lastRun.polls === settings.reportAfterPolls && store) {
    const run = (lastRun.reported = memory.read(count));
    if (run?.room) void store.report(run, runIdOf(run, count)).catch(() => {}); // repeated before the process is ended
  }
  if (lastRun.polls === settings.killAfterPolls) void endProcess(count);
}

async function endProcess(count: number): Promise<void> {
  const run = memory.read(count);
  if (!run) return;
  let reported = 'no';
  if (store && run.room) {
    const timeout = new Promise<string>(resolve => {
      setTimeout(resolve, 500, 'failed: no reply');
    });
    reported = await Promise.race([
      store.report(run, runIdOf(run, count)).catch((error: Error) => `failed: ${error.message}`),
      timeout,
    ]);
  }
  if (memory.runningCount !== count) return; // the run ended at the last moment
  clearInterval(pollTimer);
  logHang(run, reported);
  process.kill(process.pid, 'SIGKILL');
}

/** Writes to stderr directly, because the main thread does not run any more. */
function logHang({ room, game, rule, input, player, who, n }: RuleRun, reported: string): void {
  const ms = settings.killAfterPolls * limits.hang.pollInterval;
  const what = {
    room,
    game,
    rule,
    input,
    ...(player ? { player } : {}),
    ...(who && who !== player ? { who } : {}),
    ...(n > 0 ? { n } : {}),
  };
  const msg = settings.database
    ? `a rule hung for ${ms} ms: the process exits. Start it again: the room continues, and the rule is not run again`
    : settings.redis
      ? `a rule hung for ${ms} ms: the process exits; the room fails over, and the rule is not run again`
      : `a rule hung for ${ms} ms: the process exits. Fix the rule, or raise HANG_AFTER_MS (hangAfter). An attached debugger disables this check`;
  writeSync(
    2,
    `${JSON.stringify({ level: 60, time: Date.now(), node: settings.node, ...what, ...(store ? { reported } : {}), msg })}\n`,
  );
}
