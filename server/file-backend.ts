import type { MessagePort } from 'node:worker_threads';
import type { Backend } from './backend.ts';
import { MemoryHub } from './messaging/memory-hub.ts';
import type { Clock, Entropy, Log } from './runtime/ports.ts';
import { DataFolder } from './store/file/data-folder.ts';
import { FileStore } from './store/file/file-store.ts';

/** Where a node without Redis keeps its rooms, and how safe they are from a loss of power. */
export interface FileStoreOptions {
  /** Created if it does not exist. One process uses a folder at a time. Default: `./data`. */
  folder?: string | undefined;
  /**
   * `everysec`: the disk has an entry at most about two seconds after it is acknowledged, which matters when the power
   * fails or the operating system crashes. `always`: before it is acknowledged; each commit waits for the disk. A crash
   * or kill of the process loses nothing with either. Default: `everysec`.
   */
  sync?: 'everysec' | 'always' | undefined;
}

/** A backend of one node on a file, and the secret that is kept beside it. */
export interface FileBackend extends Backend {
  readonly folder: DataFolder;
}

/** Opens the data folder. @throws DataFolderError */
export async function openFileBackend(
  { folder: path = './data', sync = 'everysec' }: FileStoreOptions,
  parts: { clock: Clock; entropy: Entropy; log: Log; hangReports: MessagePort | null },
): Promise<FileBackend> {
  const folder = new DataFolder(path);
  const hub = new MemoryHub();
  const store = await FileStore.open({ folder, sync, ...parts, lastHeartbeatOf: hub.lastHeartbeat });
  const bus = hub.bus();
  return {
    folder,
    store,
    bus,
    register: {
      heartbeat: async record => {
        await store.heartbeat(record);
        return hub.heartbeat(record);
      },
      listeners: node => hub.listeners(node),
      remove: node => hub.remove(node),
    },
    attach: () => Promise.resolve(),
    close: async () => {
      await bus.close();
      await store.close();
    },
  };
}
