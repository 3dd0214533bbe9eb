import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Sees to it that no child outlives this process, even if this process is killed with -9. */
export interface OrphanReaper {
  track(pid: number): void;
  untrack(pid: number): void;
  /** Ends the watchdog, and whatever it still watches. */
  stop(): Promise<void>;
}

/** Starts the one small shell process (orphan-reaper.sh) that waits for this process to vanish. */
export function startOrphanReaper(runFolder: string): OrphanReaper {
  // A process group of its own: Ctrl-C in the terminal must not end it before the launcher has cleaned up.
  const reaper = spawn('/bin/sh', [join(import.meta.dirname, 'orphan-reaper.sh'), runFolder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.on('error', () => {}); // Without it the cluster works as well; only a kill -9 would leave something behind,
  reaper.stdin.on('error', () => {}); // which the next start in the same folder finds.
  const exited = once(reaper, 'exit').catch(() => undefined);
  reaper.unref();
  return {
    track: pid => void reaper.stdin.write(`watch ${pid}\n`),
    untrack: pid => void reaper.stdin.write(`forget ${pid}\n`),
    async stop() {
      reaper.ref();
      reaper.stdin.end();
      if (reaper.exitCode === null && reaper.signalCode === null && reaper.pid !== undefined) await exited;
    },
  };
}
