import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { build, type Rolldown } from 'vite';
import { TestRedis } from '../../integration/redis/redis-server.ts';
import { installApp, ours, root, type App } from './install.ts';

const run = promisify(execFile);

/** The package as others get it: packed, installed into an empty folder far from here, and played with. */
describe('the package', function () {
  this.timeout(240_000);
  let app: string;
  let node: App['node'];
  let installed: App['installed'];
  let remove: App['remove'];

  /** What it says first, but for lines of the log, which come after that and, where the machine is busy, before. */
  const firstLine = (said: string): unknown =>
    said
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as object)
      .find(line => !('level' in line));

  before(async () => {
    ({ folder: app, node, installed, remove } = await installApp(['socket.io', '@types/node']));
    // What stands for React in an app of Preact's: there, by an alias.
    mkdirSync(join(app, 'node_modules/react'));
    writeFileSync(
      join(app, 'node_modules/react/package.json'),
      JSON.stringify({ name: 'react', version: '18.0.0', type: 'module', exports: './index.js' }),
    );
    writeFileSync(
      join(app, 'node_modules/react/index.js'),
      ['useCallback', 'useEffect', 'useReducer', 'useState', 'useSyncExternalStore']
        .map(hook => `export const ${hook} = () => {};`)
        .join('\n'),
    );
    cpSync(join(import.meta.dirname, 'app'), app, { recursive: true });
  });
  after(() => remove());

  it('holds what is needed and nothing else', () => {
    const files = readdirSync(installed(), { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter(f => f.isFile())
      .map(f => join(f.parentPath, f.name).slice(installed().length + 1));
    const strange = files.filter(
      f =>
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/([\w-]+\/)?[\w.-]+|dist\/lib\/(server|client|shared|testkit)\/.+\.(js|d\.ts|lua)|dist\/lib\/rejoin\.min\.js(\.map)?|dist\/lib\/dev-page\/.+)$/.test(
          f,
        ),
    );
    assert.deepEqual(strange, []);
    for (const needed of [
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'docs/embedding.md',
      'dist/lib/server/store/lua/append.lua',
      'dist/lib/server/ops/hang-detector-worker.js',
      'dist/lib/rejoin.min.js',
      'dist/lib/rejoin.min.js.map',
    ])
      assert.ok(files.includes(needed), needed);
    for (const demo of ['cli/', 'games', 'local-cluster/'])
      assert.deepEqual(
        files.filter(f => f.includes(`/${demo}`)),
        [],
      );
    for (const name of ['zod', 'vite', 'preact', 'tsx', 'libsql', 'mocha'])
      assert.ok(!existsSync(join(app, 'node_modules', name)), `${name} is not installed with it`);
  });

  it('every entry loads, and every type file is where the package says', async () => {
    for (const [entry, where] of Object.entries(ours.exports)) {
      if (typeof where === 'string') continue;
      assert.ok(existsSync(installed(where.types)), where.types);
      const names = JSON.parse(
        await node(
          '--input-type=module',
          '--eval',
          `console.log(JSON.stringify(Object.keys(await import('${ours.name}${entry.slice(1)}'))))`,
        ),
      ) as string[];
      assert.ok(names.length > 0, entry);
    }
  });

  it("a game in TypeScript is checked against the types, all of them, and plays inside of somebody's Socket.IO server", async () => {
    writeFileSync(
      join(app, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2023',
          module: 'NodeNext',
          lib: ['ES2023'],
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          outDir: 'out',
          rootDir: '.',
        },
        files: ['game.ts', 'play.ts'],
      }),
    );
    // By the compiler of before too: who writes a game may still have it.
    await node(join(root, 'node_modules/typescript/bin/tsc6'), '-p', '.', '--noEmit');
    await node(join(root, 'node_modules/@typescript/native/bin/tsc'), '-p', '.');
    const said = firstLine(await node('out/play.js'));
    assert.deepEqual(said, {
      incomplete: 'TypeError',
      missing: 'bad-code',
      said: ['not-your-turn', 'ok', 'bad-data', 'ok'],
      seen: { said: [2, 3], turn: 0 },
      turn: 0,
      ranking: [[1], [0]],
      reported: [1],
      host: "the host's",
    });
  });

  it('a game in JavaScript plays with nothing else given, in memory and on Redis', async () => {
    const expected = { same: true, phase: 'ended', ranking: [[0]] };
    assert.deepEqual(firstLine(await node('plain.mjs')), expected);
    const redis = await TestRedis.start();
    try {
      const { stdout } = await run(process.execPath, ['plain.mjs'], {
        cwd: app,
        env: { ...process.env, REDIS_URL: redis.url },
      });
      assert.deepEqual(firstLine(stdout), expected);
    } finally {
      await redis.stop();
    }
  });

  /** Bundles an entry as a page would have it; what it is made of, by file. */
  const bundle = async (entry: string): Promise<{ code: string; modules: string[]; imports: string[] }> => {
    const source = join(app, `page-${entry}.js`);
    writeFileSync(source, `export * from '${ours.name}/${entry}';\n`);
    const [made] = (await build({
      root: app,
      configFile: false,
      logLevel: 'silent',
      build: { write: false, minify: false, lib: { entry: source, formats: ['es'] } },
    })) as Rolldown.RolldownOutput[];
    const chunk = made!.output[0];
    return {
      code: chunk.code,
      modules: chunk.moduleIds.filter(id => id !== source),
      imports: [...chunk.imports, ...chunk.dynamicImports],
    };
  };

  it('the client is made for browsers: nothing of Node, nothing of the server', async () => {
    const { modules, imports } = await bundle('client');
    assert.ok(modules.some(id => id.includes('socket.io-client')));
    assert.deepEqual(
      modules.filter(id => /browser-external|\/dist\/lib\/(server|testkit)\//.test(id)),
      [],
    );
    assert.deepEqual(imports, []);
  });

  it('prediction, replays and hooks are made for browsers, and come with nothing of the client but what they need', async () => {
    const { modules, imports } = await bundle('predict');
    assert.deepEqual(imports, []);
    assert.deepEqual(
      modules.filter(id => !/\/dist\/lib\/(shared|client\/predict|client\/listeners|client\/methods-by-name)/.test(id)),
      [],
    );
    const replay = await bundle('replay');
    assert.deepEqual(replay.imports, []);
    assert.deepEqual(
      replay.modules.filter(
        id => !/\/dist\/lib\/(shared|client\/replay\/|client\/listeners|client\/methods-by-name)/.test(id),
      ),
      [],
    );
    const react = await bundle('react');
    assert.deepEqual(
      react.modules.filter(id => !/\/dist\/lib\/client\/react\/|\/node_modules\/react\//.test(id)),
      [],
    );
  });

  it('a contract brings the contract, and nothing of server or client', async () => {
    const { code, modules, imports } = await bundle('contract');
    assert.deepEqual(imports, []);
    assert.deepEqual(
      modules.filter(id => !id.includes('/dist/lib/shared/')),
      [],
    );
    // not minified: what checks a contract, and its sentences, are half of it
    assert.ok(code.length < 38_000, `${code.length} characters`);
  });
});
