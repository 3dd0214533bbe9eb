import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../client-demo', import.meta.url));
/** Where the built page lies. */
export const pageFolder = fileURLToPath(new URL('../dist/page', import.meta.url));

/**
 * Builds the demo page (client-demo) into dist/page.
 * @returns the folder, ready to be served
 * @throws what the build throws, with the file and line at fault
 */
export async function buildPage(): Promise<string> {
  const { build } = await import('vite');
  await build({ root, configFile: false, logLevel: 'warn', base: './', build: { outDir: pageFolder, emptyOutDir: true, target: 'es2022' } });
  return pageFolder;
}

