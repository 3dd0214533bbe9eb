/** The thread that watches: see watch.ts, which starts it. */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { limits } from '../../shared/limits.ts';
import type { Run } from '../ports.ts';
import { realClock } from '../real-ports.ts';
import type { RedisBlame } from '../store/redis-blame.ts';
import { WatchMemory } from './watch-memory.ts';
import type { WorkerOrder } from './watch.ts';

const order = workerData as WorkerOrder;
const memory = new WatchMemory(order.shared);
// A node without Redis need not load its client.
const store: RedisBlame | null = order.redis && new (await import('../store/redis-blame.ts')).RedisBlame(order.redis, realClock);

/** The run that was seen at the last look, how often, and what was written down of it. */
const seen: { count: number | null; looks: number; blamed: Run | null } = { count: null, looks: 0, blamed: null };
const looking = setInterval(look, limits.hang.look);
// Without Redis nothing can be written down; it is watched over all the same.
if (store) await Promise.race([store.connected, realClock.sleep(limits.storeDeadline)]);
parentPort!.postMessage('watching');

const nameOf = (run: Run, count: number) => `${run.token}-${count}`;

function look(): void {
  const count = memory.running;
  if (count === null || count !== seen.count || memory.debugged) {
    // It was slow, no more.
    if (seen.blamed) void store?.unblame(seen.blamed, nameOf(seen.blamed, seen.count!)).catch(() => {}); // the room's next entry makes it void as well
    Object.assign(seen, { count, looks: 0, blamed: null } satisfies typeof seen);
    return;
  }
  seen.looks += 1;
  if (seen.looks === order.blame && store) {
    const run = seen.blamed = memory.read(count);
    if (run?.room) void store.blame(run, nameOf(run, count)).catch(() => {}); // said again at the end
  }
  if (seen.looks === order.ends) void end(count);
}

async function end(count: number): Promise<void> {
  const run = memory.read(count);
  if (!run) return;
  let blamed = 'nowhere';
  if (store && run.room) {
    const late = new Promise<string>(resolve => { setTimeout(resolve, 500, 'not: no answer'); });
    blamed = await Promise.race([store.blame(run, nameOf(run, count)).catch((error: Error) => `not: ${error.message}`), late]);
  }
  if (memory.running !== count) return; // it ended in the last moment
  clearInterval(looking);
  tell(run, blamed);
  process.kill(process.pid, 'SIGKILL');
}

/** Past all that this process would do with its output: nothing of it runs any more. */
function tell({ room, game, rule, input, player, who, n }: Run, blamed: string): void {
  const ms = order.ends * limits.hang.look;
  const what = { room, game, rule, input, ...(player ? { player } : {}), ...(who && who !== player ? { who } : {}), ...(n > 0 ? { n } : {}) };
  const msg = order.redis
    ? `a rule of a game hung for ${ms} ms: this node ends; the room goes on elsewhere, and what hung is not run again`
    : `a rule of a game hung for ${ms} ms, and nothing else can run: this process ends. Mend the rule; HANG_AFTER_MS (hangAfter) gives rules more time, and a debugger all of it`;
  writeSync(2, `${JSON.stringify({ level: 60, time: Date.now(), node: order.node, ...what, ...(store ? { blamed } : {}), msg })}\n`);
}
