import { createRequire, register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { freshQuery } from './fresh-import-hooks.ts';

const { cache: commonJsCache } = createRequire(import.meta.url);

/** Imports a module again and again, each time as its files are then. */
export class FreshImporter {
  private loads = 0;
  private readonly loadedFiles = new Set<string>();
  private readonly port;
  /** CommonJS modules that this process has imported for itself. */
  private readonly own = new Set(Object.keys(commonJsCache));

  constructor() {
    const { port1, port2 } = new MessageChannel();
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    register(`./fresh-import-hooks.${extension}`, import.meta.url, { data: { port: port2 }, transferList: [port2] });
    this.port = port1;
    port1.on('message', (url: string) => this.loadedFiles.add(fileURLToPath(url)));
    port1.unref();
  }

  /** Files of all imports until now, including those that failed. */
  get files(): readonly string[] {
    return [...new Set([...this.loadedFiles, ...this.commonJsFiles()])];
  }

  /** @throws what the module throws, or the error of its syntax */
  async import(file: string): Promise<Record<string, unknown>> {
    this.loadedFiles.add(file);
    // CommonJS modules are kept by file, whatever the URL.
    for (const loaded of this.commonJsFiles()) delete commonJsCache[loaded];
    const url = pathToFileURL(file);
    url.searchParams.set(freshQuery, String(++this.loads));
    return (await import(url.href)) as Record<string, unknown>;
  }

  close(): void {
    this.port.close();
  }

  private commonJsFiles(): string[] {
    return Object.keys(commonJsCache).filter(file => !this.own.has(file) && !/[\\/]node_modules[\\/]/.test(file));
  }
}
