import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../runtime/package-root.ts';

/** Where the built page lies. */
export const pageFolder = join(packageRoot, 'dist/page');
const devPageFolder = join(packageRoot, 'dist/dev-page');

/**
 * Builds the demo page (client-demo) into dist/page.
 * @returns the folder, ready to be served
 * @throws what the build throws, with the file and line at fault
 */
export async function buildPage(): Promise<string> {
  return buildInto(pageFolder, join(packageRoot, 'client-demo'));
}

/**
 * Builds the page for authors (client-demo/dev). Apart from the other, which is served also where there is no dev mode.
 * @param outDir dist/dev-page, where a server in the repository looks for it; the package has it beside the compiled
 * server
 * @throws what the build throws
 */
export async function buildDevPage(outDir = devPageFolder): Promise<string> {
  return buildInto(outDir, join(packageRoot, 'client-demo/dev'));
}

/**
 * Builds beside the folder and changes places at the end: whoever serves it meanwhile, or builds it too, finds a whole
 * page.
 */
async function buildInto(outDir: string, from: string): Promise<string> {
  const { NODE_ENV: before } = process.env;
  const temporary = `${outDir}.${process.pid}`;
  try {
    const { build } = await import('vite');
    await build({
      root: from,
      configFile: false,
      logLevel: 'warn',
      base: './',
      build: { outDir: temporary, emptyOutDir: true, target: 'es2022' },
    });
    await replaceFolder(outDir, temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
    // A build sets it for the whole process, which would then pass for one in production.
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
  return outDir;
}

async function replaceFolder(folder: string, fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  await rename(folder, old).catch(() => {}); // there was none
  await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
    // another build was a moment faster: its page is as good
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await rm(old, { recursive: true, force: true });
}
