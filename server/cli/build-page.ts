import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../runtime/package-root.ts';

/** The folder of the built page. */
export const pageFolder = join(packageRoot, 'dist/page');
const devPageFolder = join(packageRoot, 'dist/dev-page');

/**
 * Builds the demo page (client-demo) into dist/page.
 * @returns the folder
 * @throws the build's errors, with file and line
 */
export async function buildPage(): Promise<string> {
  return buildInto(pageFolder, join(packageRoot, 'client-demo'));
}

/**
 * Builds the dev page (client-demo/dev). It is a build of its own, because the other page is also served outside dev
 * mode.
 * @param outDir default: dist/dev-page, where a server in the repository looks for it; in the package it is beside the
 * compiled server
 * @throws the build's errors
 */
export async function buildDevPage(outDir = devPageFolder): Promise<string> {
  return buildInto(outDir, join(packageRoot, 'client-demo/dev'));
}

/**
 * Builds into a temporary folder and swaps it in at the end, so that a server or a build in another process never sees
 * an incomplete page. One at a time in a process: NODE_ENV is set meanwhile.
 */
async function buildInto(outDir: string, from: string): Promise<string> {
  const { NODE_ENV: before } = process.env;
  // Vite leaves out what is for development only if this says so, and other code of the process may have set it.
  process.env.NODE_ENV = 'production';
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
    // The rest of this process does not count as production.
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
  return outDir;
}

async function replaceFolder(folder: string, fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  await rename(folder, old).catch(() => {}); // it did not exist
  await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
    // another build was faster; its page is as good
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await rm(old, { recursive: true, force: true });
}
