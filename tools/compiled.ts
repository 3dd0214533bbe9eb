/** Runs a script of this repository compiled: `node --import tsx tools/compiled.ts bench/failover.ts …`. For what is measured, and what takes long. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argumentsFor, compileSources } from '../server/launcher/compile.ts';
import { root } from '../server/root.ts';

const [script = '', ...rest] = process.argv.slice(2);
if (rest.includes('--help')) await import(join(root, script)); // it prints, and ends the process
await compileSources();
const child = spawn(process.execPath, [...argumentsFor(script), ...rest], { stdio: 'inherit' });
// From a terminal they reach the child as well; from elsewhere only this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => { process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143); });
