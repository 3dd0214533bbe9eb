import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread. Compiled, it needs none of this process's flags. From sources it needs tsx, which is not
 * inherited by threads.
 * @param from `import.meta.url` of the caller
 * @param name the thread's module, beside the caller's, without its extension
 */
export function startThread(from: string, name: string, options: WorkerOptions): Worker {
  if (from.endsWith('.js')) return new Worker(new URL(`./${name}.js`, from), options);
  // tsx's module file, not its `require` entry, from which tsx does not find its own hooks.
  const tsx = new URL('./index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api'))).href;
  const script = new URL(`./${name}.ts`, from).href;
  return new Worker(
    `import(${JSON.stringify(tsx)}).then(tsx => { tsx.register(); return import(${JSON.stringify(script)}); })`,
    { ...options, eval: true },
  );
}
