import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { packageRoot } from '../runtime/package-root.ts';
import { sdkFile, sdkFolder } from '../http/sdk-route.ts';

/** socket.io-client brings a third transport, which servers of Rejoin do not offer. */
const withoutWebTransport: Plugin = {
  name: 'without-webtransport',
  setup: build =>
    build.onLoad({ filter: /engine\.io-client[/\\]build[/\\]esm[/\\]transports[/\\]webtransport\.js$/ }, () => ({
      contents: 'export class WT {}',
    })),
};

/**
 * Bundles the client for pages without a bundler: one minified ES module including socket.io-client, and its source
 * map.
 * @throws esbuild's errors, with file and line
 */
export async function bundleSdk(): Promise<{ code: Uint8Array; map: Uint8Array; modules: string[] }> {
  const { build } = await import('esbuild');
  const versionOf = async (folder: string) =>
    (JSON.parse(await readFile(join(packageRoot, folder, 'package.json'), 'utf8')) as { version: string }).version;
  const banner = `/*! rejoin ${await versionOf('.')} | MIT | with socket.io-client ${await versionOf('node_modules/socket.io-client')} | MIT, (c) Guillermo Rauch and Socket.IO contributors */`;
  const made = await build({
    entryPoints: [join(packageRoot, 'client/browser/index.ts')],
    outfile: join(packageRoot, 'dist', sdkFile),
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    sourcemap: 'linked',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    banner: { js: banner },
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } }, // shorter
    plugins: [withoutWebTransport],
    absWorkingDir: packageRoot,
  });
  const [output] = Object.values(made.metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
  const find = (ending: string) => made.outputFiles.find(({ path }) => path.endsWith(ending))!.contents;
  return {
    code: find('.js'),
    map: find('.map'),
    modules: Object.entries(output!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
  };
}

/**
 * Writes the bundle and its source map. Each is swapped in when complete, because a server may be reading it.
 * @param folder default: dist/sdk, where a server in the repository looks for it; in the package it is dist/lib
 * @returns the path of the bundle
 * @throws esbuild's errors
 */
export async function buildSdk(folder = sdkFolder): Promise<string> {
  const { code, map } = await bundleSdk();
  await mkdir(folder, { recursive: true });
  for (const [name, contents] of [
    [`${sdkFile}.map`, map],
    [sdkFile, code],
  ] as const) {
    const temporary = join(folder, `${name}.${process.pid}`);
    await writeFile(temporary, contents);
    await rename(temporary, join(folder, name));
  }
  return join(folder, sdkFile);
}
