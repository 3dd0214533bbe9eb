/**
 * `npm run build`: what the package's entries reach, as JavaScript with types, the Lua beside the module that reads it,
 * the client as one file for pages without a bundler, and the page for authors.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildDevPage } from '../server/cli/build-page.ts';
import { buildSdk } from '../server/cli/build-sdk.ts';
import { parseCommandLine } from './command-line.ts';

parseCommandLine('tools/build.ts', {});
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
  await buildDevPage(join(out, 'dev-page'));
  await buildSdk(out);
}
process.exitCode = status ?? 1;
