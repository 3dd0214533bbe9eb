import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../server/root.ts';

/** What an app that uses the SDK loads besides socket.io-client: bytes minified and gzipped (level 9), and of each file minified. */
export async function sdkSize(): Promise<{ minified: number; gzipped: number; files: { name: string; bytes: number }[] }> {
  const { outputFiles, metafile } = await build({ absWorkingDir: root, entryPoints: [join(root, 'client/index.ts')], bundle: true, minify: true, format: 'esm', target: 'es2022', external: ['socket.io-client'], write: false, metafile: true, outdir: 'out', logLevel: 'silent' });
  const bytes = outputFiles[0]!.contents;
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs).map(([name, { bytesInOutput }]) => ({ name, bytes: bytesInOutput })));
  return { minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length, files: files.sort((a, b) => b.bytes - a.bytes) };
}
