/**
 * `npm run docs:site`: builds the guides and the API reference as a site, and serves it on this machine.
 *
 *   --port P   where; 4000 without it
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import express from 'express';
import { parseCommandLine } from './command-line.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseCommandLine('tools/docs-site.ts', { options: { port: { type: 'string', default: '4000' } } });
const port = Number(values.port);
const built = spawnSync(process.execPath, [join(root, 'node_modules/typedoc/bin/typedoc')], {
  cwd: root,
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(built.status ?? 1);
express()
  .use(express.static(join(root, 'dist/docs')))
  .listen(port, '127.0.0.1', error => {
    if (error) throw error;
    process.stdout.write(`http://localhost:${port}\n`);
  });
