import type { ChildEvents } from '../../server/launcher/child.ts';
import type { PortBlock } from '../../server/launcher/ports.ts';
import { openRunFolder } from '../../server/launcher/run-folder.ts';
import { startWatchdog } from '../../server/launcher/watchdog.ts';

/** What a contestant's servers get from the bench. */
export interface Place {
  ports: PortBlock;
  folder: string;
  /** More environment, where they are to be profiled. */
  env: Readonly<Record<string, string>>;
  /** Stopped in good order, which takes longer: for what is written at the end. */
  gently: boolean;
  /** Of the processes that are started: what they write is shown, and none outlives the bench. */
  events: ChildEvents;
}

/** Ports and a folder for the servers of the bench. `close` when all have been stopped. */
export async function openPlace({ env = {}, gently = false }: Partial<Pick<Place, 'env' | 'gently'>> = {}): Promise<Place & { close(): Promise<void> }> {
  const folder = await openRunFolder();
  const watchdog = startWatchdog(folder.path);
  return {
    ports: folder.ports, folder: folder.path, env, gently,
    events: {
      mayStart: () => true,
      started: (name, pid) => {
        watchdog.watch(pid);
        folder.record({ name, pid });
      },
      line: (name, line) => { if (name !== 'redis') process.stderr.write(`${name}: ${line}\n`); },
      exited: (_exit, pid) => watchdog.forget(pid),
    },
    async close() {
      await watchdog.release();
      await folder.close();
    },
  };
}
