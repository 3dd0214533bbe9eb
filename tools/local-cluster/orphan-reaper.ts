import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Makes sure that no child process outlives this process, even after kill -9. */
export interface OrphanReaper {
  track(pid: number): void;
  untrack(pid: number): void;
  /** Stops the reaper and everything that it still tracks. */
  stop(): Promise<void>;
}

/** Starts the shell process (orphan-reaper.sh) that waits for this process to end. */
export function startOrphanReaper(runFolder: string): OrphanReaper {
  // Its own process group: Ctrl-C in the terminal must not end it before this process has cleaned up.
  const reaper = spawn('/bin/sh', [join(import.meta.dirname, 'orphan-reaper.sh'), runFolder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.on('error', () => {}); // The cluster works without it. Then a kill -9 leaves processes behind,
  reaper.stdin.on('error', () => {}); // which the next start in the same folder stops.
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
