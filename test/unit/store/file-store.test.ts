import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolder } from '../../../server/store/file/data-folder.ts';
import { FileStore } from '../../../server/store/file/file-store.ts';
import { countingEntropy, silentLog, type ManualClock } from '../manual-ports.ts';
import { inProcess } from './database-in-process.ts';
import { FileClock } from './file-clock.ts';
import { offersSuite } from './offers-suite.ts';
import { storeSuite } from './store-suite.ts';

const opened: { store: FileStore; path: string }[] = [];
async function openStore(clock: ManualClock): Promise<FileStore> {
  const path = mkdtempSync(join(tmpdir(), 'rejoin-file-'));
  const store = await FileStore.open({
    folder: new DataFolder(path),
    sync: 'everysec',
    clock,
    entropy: countingEntropy(),
    log: silentLog,
    startThread: inProcess,
  });
  opened.push({ store, path });
  return store;
}
async function closeStores(): Promise<void> {
  for (const { store, path } of opened.splice(0)) {
    await store.close();
    rmSync(path, { recursive: true });
  }
}

offersSuite({
  name: 'file',
  moment: 100,
  open: async () => {
    const clock = new FileClock();
    const store = await openStore(clock);
    return {
      store,
      pass: async ms => {
        clock.time += ms;
      },
      left: async () => (store.size > 0 ? [`${store.size} lines`] : []),
    };
  },
  close: closeStores,
});

storeSuite({
  name: 'file',
  movable: true,
  open: async () => {
    const clock = new FileClock();
    return {
      store: await openStore(clock),
      forward: ms => {
        clock.time += ms;
      },
    };
  },
  close: closeStores,
});
