/**
 * Runs a script of this repository compiled: `node --import tsx tools/run-compiled.ts bench/failover.ts …`. For what is
 * measured, and what takes long.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argumentsFor, compileSources } from './compile.ts';
import { packageRoot } from '../server/runtime/package-root.ts';

const [script = '', ...rest] = process.argv.slice(2);
if (rest.includes('--help')) await import(join(packageRoot, script)); // it prints, and ends the process
await compileSources();
const child = spawn(process.execPath, [...argumentsFor(script), ...rest], { stdio: 'inherit' });
// From a terminal they reach the child as well; from elsewhere only this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
});
