import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Sees to it that no child outlives this process, even if this process is killed with -9. */
export interface Watchdog {
  watch(pid: number): void;
  forget(pid: number): void;
  /** Ends the watchdog, and whatever it still watches. */
  release(): Promise<void>;
}

/** Starts the one small shell process (watchdog.sh) that waits for this process to vanish. */
export function startWatchdog(runFolder: string): Watchdog {
  // A process group of its own: Ctrl-C in the terminal must not end it before the launcher has cleaned up.
  const dog = spawn('/bin/sh', [join(import.meta.dirname, 'watchdog.sh'), runFolder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  dog.on('error', () => {}); // Without it the cluster works as well; only a kill -9 would leave something behind,
  dog.stdin.on('error', () => {}); // which the next start in the same folder finds.
  const exited = once(dog, 'exit').catch(() => undefined);
  dog.unref();
  return {
    watch: (pid) => void dog.stdin.write(`watch ${pid}\n`),
    forget: (pid) => void dog.stdin.write(`forget ${pid}\n`),
    async release() {
      dog.ref();
      dog.stdin.end();
      if (dog.exitCode === null && dog.signalCode === null && dog.pid !== undefined) await exited;
    },
  };
}
