import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Ms without another change after which changes are reported: editors write a file in several steps. */
const settleAfter = 40;

/**
 * Watches files by their folders, so that a file is found again after an editor has replaced it. Calls `onChange` once
 * for changes that follow each other.
 */
export class FileWatcher {
  private readonly folders = new Map<string, { watcher: FSWatcher; names: Set<string> }>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly onChange: () => void) {}

  /** Watches these files, besides those watched already. */
  add(files: readonly string[]): void {
    for (const file of files) {
      const folder = dirname(file);
      let watched = this.folders.get(folder);
      if (!watched) {
        const names = new Set<string>();
        const watcher = watch(folder, (_event, name) => {
          // Some systems do not say which file has changed.
          if (name === null || names.has(name)) this.changed();
        });
        // The folder is gone; there is nothing to watch.
        watcher.on('error', () => {
          watcher.close();
          this.folders.delete(folder);
        });
        this.folders.set(folder, (watched = { watcher, names }));
      }
      watched.names.add(basename(file));
    }
  }

  close(): void {
    if (this.timer) clearTimeout(this.timer);
    for (const { watcher } of this.folders.values()) watcher.close();
    this.folders.clear();
  }

  private changed(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(this.onChange, settleAfter);
  }
}
