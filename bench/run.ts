/**
 * `npm run bench` and its sisters (`node --import tsx bench/run.ts growth …`): sees that the peers and their Node are
 * there, compiles, and runs a script of this folder on that same Node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argumentsFor, compileSources } from '../tools/compile.ts';
import { packageRoot } from '../server/runtime/package-root.ts';

const [script = 'compare', ...rest] = process.argv.slice(2);
if (rest.includes('--help')) await import(join(packageRoot, `bench/${script}.ts`)); // it prints, and ends the process
const peers = join(packageRoot, 'bench/peers');
const node = join(peers, 'node_modules/node/bin/node');
if (!existsSync(node)) {
  process.stderr.write(
    'installing what Rejoin is compared with, and the Node that all run on: npm ci --prefix bench/peers\n',
  );
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', peers], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0 || !existsSync(node))
    throw new Error('npm ci --prefix bench/peers failed: without it there is nothing to compare with');
}
await compileSources();
const child = spawn(node, [...argumentsFor(`bench/${script}.ts`), ...rest], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', code => {
  process.exitCode = code ?? 1;
});
