/** `npm run size`: what each entry of the client adds to a page, minified, in bytes as they travel (gzip). */
import { build } from 'esbuild';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundleSdk } from '../server/cli/build-sdk.ts';
import { parseCommandLine } from './command-line.ts';

const root = resolve(import.meta.dirname, '..');

export interface Size {
  bytes: number;
  gzipped: number;
  modules: string[];
}

/** Bundles a few lines as a page would have them. `socket.io-client` and `react` are there already. */
export async function sizeOf(source: string): Promise<Size> {
  const made = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    treeShaking: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    external: ['socket.io-client', 'react'],
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } }, // as in the package
  });
  const { contents } = made.outputFiles[0]!;
  const [output] = Object.values(made.metafile.outputs);
  return {
    bytes: contents.length,
    gzipped: gzipSync(contents, { level: 9 }).length,
    modules: Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
  };
}

/** The one file for pages without a bundler, which nothing is to be added to. */
export async function sizeOfFile(): Promise<Size> {
  const { code, modules } = await bundleSdk();
  return { bytes: code.length, gzipped: gzipSync(code, { level: 9 }).length, modules };
}

/** What pages do with the client. */
export const uses: Readonly<Record<string, string>> = {
  'connect, and nothing else': "export { connect } from './client/index.ts'",
  'all of rejoin/client': "export * from './client/index.ts'",
  'with predict': "export { connect } from './client/index.ts'; export { predict } from './client/predict/index.ts'",
  'with interpolate':
    "export { connect } from './client/index.ts'; export { interpolate } from './client/predict/index.ts'",
  'with all of rejoin/predict':
    "export { connect } from './client/index.ts'; export * from './client/predict/index.ts'",
  'with replays': "export { connect } from './client/index.ts'; export * from './client/replay/index.ts'",
  'with the hooks': "export { connect } from './client/index.ts'; export * from './client/react/index.ts'",
  'with the room store': "export { connect } from './client/index.ts'; export * from './client/store/index.ts'",
};

const line = (what: string, { bytes, gzipped }: Size) =>
  process.stdout.write(`${what.padEnd(38)} ${String(bytes).padStart(8)} ${String(gzipped).padStart(6)}\n`);

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  parseCommandLine('tools/size.ts', {});
  process.stdout.write(`${'on top of socket.io-client'.padEnd(38)} minified   gzip\n`);
  for (const [what, source] of Object.entries(uses)) line(what, await sizeOf(source));
  line('rejoin.min.js, with socket.io-client', await sizeOfFile());
}
