import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { packageRoot } from '../../../server/runtime/package-root.ts';

/** Node's arguments that run a script of this repository. */
export type ArgumentsFor = (script: string) => string[];

/** Starts a node without Redis. Resolves when it listens. */
export async function startNode(argumentsFor: ArgumentsFor, folder: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...argumentsFor('test/integration/one-node/node.ts'), folder, String(port)], {
    cwd: packageRoot,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  child.stderr!.resume();
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => [`exit ${String(code)}`]),
  ])) as [string];
  assert.equal(message, 'listening');
  return child;
}
