import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { compileSources } from '../../../tools/compile.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';

describe('what runs compiled', () => {
  it('has beside it what lies beside the sources: scripts for Redis and for the shell', async () => {
    await compileSources();
    const beside = ['server', 'tools'].flatMap(folder =>
      readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter(file => /\.(lua|sh)$/.test(file))
        .map(file => join(folder, file)),
    );
    for (const name of ['append.lua', 'orphan-reaper.sh'])
      assert.ok(
        beside.some(file => file.endsWith(name)),
        name,
      );
    assert.deepEqual(
      beside.filter(file => !existsSync(join(packageRoot, 'dist/run', file))),
      [],
    );
  });
  it('leaves out the packages of the peers', () =>
    assert.equal(existsSync(join(packageRoot, 'dist/run/bench/peers/node_modules')), false));
});
