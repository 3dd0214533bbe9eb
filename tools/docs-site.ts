/** `npm run docs:site`: builds the guides and the API reference as a site, and serves it on this machine. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import express from 'express';

const root = join(import.meta.dirname, '..');
const port = Number(process.env.PORT ?? 4_000);
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
