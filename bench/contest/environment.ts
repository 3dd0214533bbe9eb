import type { ChildEvents } from '../../tools/local-cluster/managed-process.ts';
import type { PortBlock } from '../../tools/local-cluster/port-block.ts';
import { openRunFolder } from '../../tools/local-cluster/run-folder.ts';
import { startOrphanReaper } from '../../tools/local-cluster/orphan-reaper.ts';

/** What a contestant's servers get from the bench. */
export interface BenchEnvironment {
  ports: PortBlock;
  folder: string;
  /** More environment, where they are to be profiled. */
  env: Readonly<Record<string, string>>;
  /** Stopped in good order, which takes longer: for what is written at the end. */
  stopsGracefully: boolean;
  /** Of the processes that are started: what they write is shown, and none outlives the bench. */
  events: ChildEvents;
}

/** Ports and a folder for the servers of the bench. `close` when all have been stopped. */
export async function openBenchEnvironment({
  env = {},
  stopsGracefully = false,
}: Partial<Pick<BenchEnvironment, 'env' | 'stopsGracefully'>> = {}): Promise<
  BenchEnvironment & { close(): Promise<void> }
> {
  const folder = await openRunFolder();
  const watchdog = startOrphanReaper(folder.path);
  return {
    ports: folder.ports,
    folder: folder.path,
    env,
    stopsGracefully,
    events: {
      mayStart: () => true,
      started: (name, pid) => {
        watchdog.track(pid);
        folder.recordProcess({ name, pid });
      },
      line: (name, line) => {
        if (name !== 'redis') process.stderr.write(`${name}: ${line}\n`);
      },
      exited: (_exit, pid) => watchdog.untrack(pid),
    },
    async close() {
      await watchdog.stop();
      await folder.close();
    },
  };
}
