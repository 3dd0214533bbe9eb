import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer } from '../../../server/server.ts';
import type { Changes } from '../../../shared/delta.ts';
import { diff } from '../../../shared/diff.ts';
import type { Json } from '../../../shared/json.ts';

const root = new URL('../../../', import.meta.url);

describe('the README', () => {
  it('[W6] its client of 20 lines plays a whole match against itself', async () => {
    const code = /## A client without the SDK[\s\S]*?```js\n([\s\S]*?)```/.exec(
      readFileSync(new URL('README.md', root), 'utf8'),
    )![1]!;
    assert.ok(code.trimEnd().split('\n').length <= 20, 'at most 20 lines');
    const server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
        log: noLog,
      },
      { port: 0, host: '127.0.0.1' },
    );
    try {
      const run = () => {
        const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
          cwd: root,
          env: { ...process.env, URL: `http://127.0.0.1:${server.port}` },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let out = '';
        child.stdout.on('data', (chunk: Buffer) => {
          out += chunk.toString();
        });
        return once(child, 'close').then(() => out.trim());
      };
      const [one, two] = await Promise.all([run(), run()]);
      assert.equal(one, two);
      assert.match(one!, /^\{"ranking":\[\[/);
    } finally {
      await server.close();
    }
  });

  it('[W13] its `apply` does what every change says, whatever the keys, and reaches no prototype', () => {
    const code = /const set = [\s\S]*?\n}\n/.exec(readFileSync(new URL('README.md', root), 'utf8'))![0];
    // oxlint-disable-next-line typescript/no-implied-eval -- the text of the README is what is tested
    const apply = new Function(`${code}\nreturn apply`)() as (to: Json, change: Changes) => void;
    const wired = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
    const key = fc.constantFrom('a', 'b', '0', '#', '##', '__proto__', 'constructor', 'prototype', 'length');
    const { json } = fc.letrec<{ json: Json }>(tie => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(null, 1, 'x'),
        fc.array(tie('json'), { maxLength: 6 }),
        fc.dictionary(key, tie('json'), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(json, json, (a, b) => {
        const view = wired({ state: a });
        const change = diff({ state: a }, wired({ state: b }));
        if (change) apply(view, wired(change));
        assert.equal(JSON.stringify(view), JSON.stringify({ state: b }));
      }),
      { numRuns: 500 },
    );
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it('names only files that exist', async () => {
    const text = readFileSync(new URL('README.md', root), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(m => m[1]!).filter(l => !l.startsWith('http'));
    assert.ok(links.length > 5);
    for (const link of links) assert.ok(readFileSync(new URL(link, root)).length > 0, link);
  });
});
