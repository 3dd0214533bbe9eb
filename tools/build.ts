/**
 * `npm run build`: what the package's entries reach, as JavaScript with types, the Lua beside the module that reads it,
 * the client as one file for pages without a bundler, and the page for authors. `--demo` also builds the demo's games
 * and page, which `npm run start:built` serves without development dependencies.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildDevPage, buildPage } from '../server/cli/build-page.ts';
import { buildSdk } from '../server/cli/build-sdk.ts';
import { parseCommandLine } from './command-line.ts';

const { values } = parseCommandLine('tools/build.ts', { options: { demo: { type: 'boolean', default: false } } });
const root = resolve(import.meta.dirname, '..');
const out = join(root, 'dist/lib');

rmSync(out, { recursive: true, force: true }); // what is gone from the sources must not stay in the package
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/@typescript/native/bin/tsc'), '-p', join(root, 'tsconfig.lib.json')],
  { stdio: 'inherit' },
);
if (status === 0) {
  cpSync(join(root, 'server/store/lua'), join(out, 'server/store/lua'), { recursive: true });
  // What `rejoin cluster` starts beside the compiled file.
  const reaper = 'tools/local-cluster/orphan-reaper.sh';
  cpSync(join(root, reaper), join(out, reaper));
  await buildDevPage(join(out, 'dev-page'));
  await buildSdk(out);
  if (values.demo) await buildDemo();
}
process.exitCode = status ?? 1;

async function buildDemo(): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [join(root, 'tools/demo-games.ts')],
    outfile: join(root, 'dist/demo/games.js'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfigRaw: {},
  });
  await buildPage();
}
