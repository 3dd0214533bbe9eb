import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { publint } from 'publint';
import { build, type Rolldown } from 'vite';
import { TestRedis } from '../../integration/redis/redis-server.ts';
import { installedApp, ours, root, type App } from './install.ts';
import { linksOf } from './markdown-links.ts';
import { thorough } from '../../thorough.ts';

const run = promisify(execFile);

/** The package as others get it: packed, installed into an empty folder far from here, and played with. */
describe('the package', function () {
  this.timeout(240_000);
  let app: string;
  let modules: string;
  let node: App['node'];
  let installed: App['installed'];
  let npm: App['npm'];
  let tarball: string;

  /** What it says first, but for lines of the log, which come after that and, where the machine is busy, before. */
  const firstLine = (said: string): unknown =>
    said
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as object)
      .find(line => !('level' in line));

  before(async () => {
    const whole = await installedApp();
    modules = join(whole.folder, 'node_modules');
    ({ folder: app, tarball, node, npm, installed } = whole.within('plays'));
    // What stands for React in an app of Preact's, there by an alias; and for Vue.
    for (const [name, functions] of [
      ['react', ['useCallback', 'useEffect', 'useReducer', 'useState', 'useSyncExternalStore']],
      ['vue', ['shallowRef', 'toValue', 'watch']],
    ] as const) {
      mkdirSync(join(modules, name), { recursive: true });
      writeFileSync(
        join(modules, name, 'package.json'),
        JSON.stringify({ name, version: '18.0.0', type: 'module', exports: './index.js' }),
      );
      writeFileSync(join(modules, name, 'index.js'), functions.map(f => `export const ${f} = () => {};`).join('\n'));
    }
    cpSync(join(import.meta.dirname, 'app'), app, { recursive: true });
  });

  /** Files of the installed package, from its folder. */
  const packageFiles = () =>
    readdirSync(installed(), { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter(f => f.isFile())
      .map(f => join(f.parentPath, f.name).slice(installed().length + 1));

  it('holds what is needed and nothing else', () => {
    const files = packageFiles();
    const parts = [
      /(package\.json|README\.md|LICENSE|(CHANGELOG|CONTRIBUTING|SECURITY)\.md|nginx(\.nodes)?\.conf|shared\/SPEC\.md)/,
      /(docs|examples)\/.+/,
      /dist\/lib\/(cli|server|client|shared|testkit|conformance|tools)\/.+\.(js|d\.ts|lua|sh)/,
      /dist\/lib\/(rejoin\.min\.js(\.map)?|dev-page\/.+)/,
      // What the pages about the source link to.
      /(server|client|shared)\/.+\.(ts|lua)/,
    ];
    assert.deepEqual(
      files.filter(file => !parts.some(part => new RegExp(`^${part.source}$`).test(file))),
      [],
    );
    for (const needed of [
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'nginx.conf',
      'nginx.nodes.conf',
      'shared/SPEC.md',
      'docs/embedding.md',
      'docs/redis.acl',
      'examples/embedded/main.ts',
      'dist/lib/server/store/lua/append.lua',
      'dist/lib/server/ops/hang-detector-worker.js',
      'dist/lib/server/store/file/database-thread.js',
      'dist/lib/rejoin.min.js',
      'dist/lib/rejoin.min.js.map',
      'dist/lib/dev-page/index.html',
      'dist/lib/tools/local-cluster/orphan-reaper.sh',
      ...Object.values(ours.bin),
    ])
      assert.ok(files.includes(needed), needed);
    assert.deepEqual(
      files.filter(file => /^dist\/lib\/.*\/games\//.test(file)),
      [],
    );
    for (const name of ['vite', 'preact', 'mocha', 'publint'])
      assert.ok(!existsSync(join(modules, name)), `${name} is not installed with it`);
    for (const name of ['tsx', 'typescript', 'react', 'vue']) assert.ok(!(name in ours.dependencies), name);
  });

  it('every link of its documents leads to a file of the package', () => {
    const files = new Set(packageFiles());
    const isThere = (path: string) => files.has(path) || [...files].some(file => file.startsWith(`${path}/`));
    const broken = [...files]
      .filter(file => file.endsWith('.md'))
      .flatMap(file => linksOf(readFileSync(installed(file), 'utf8')).map(target => ({ file, target })))
      .filter(({ file, target }) => !isThere(join(dirname(file), target).replace(/\/$/, '')))
      .map(({ file, target }) => `${file}: ${target}`);
    assert.deepEqual(broken, []);
  });

  it('its conformance runner checks its example on a raw WebSocket', async () => {
    const said = await node(
      installed('dist/lib/conformance/main.js'),
      ...['--only', 'deltas', '--only', 'owner killed', '--'],
      ...[process.execPath, installed('examples/raw-websocket/adapter.mjs')],
    );
    assert.match(said, /2 passed, 0 failed, 0 skipped/);
  });

  it('publint has nothing to say about it', async () => {
    const { messages } = await publint({ pkgDir: installed(), pack: false, level: 'suggestion' });
    assert.deepEqual(messages, []);
  });

  it('its types are right for ES modules, bundlers and old resolution', async () => {
    const { checkPackage, createPackageFromTarballData } = await import('@arethetypeswrong/core');
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
    assert.ok(analysis.types, 'it has types');
    assert.deepEqual(
      // A CommonJS file requires it as an ES module, which Node does from 20.19 on; TypeScript calls that a problem before
      // `module: nodenext`.
      analysis.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM'),
      [],
    );
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
        files: ['game.ts', 'play.ts', 'common.cts'],
      }),
    );
    // By the compiler of before too: who writes a game may still have it. It takes long over the types of all packages;
    // `npm run create:all` has it do so.
    await node(
      join(root, 'node_modules/typescript/bin/tsc6'),
      '-p',
      '.',
      '--noEmit',
      '--exactOptionalPropertyTypes',
      'false',
      '--skipLibCheck',
      String(!thorough),
    );
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

  it('CommonJS requires every entry, with types', async () => {
    const lines = (await node('out/common.cjs')).trim().split('\n');
    assert.deepEqual(lines, ['race', 'function', 'function', 'function']);
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
      const settings = { REDIS_URL: redis.url, REJOIN_SECRET: 'kT9vQ2xLw7RzN4mYb8HcJ5sDf3GpUa6E' };
      const checked = await endOf(['check', 'plain-game.mjs'], settings);
      assert.equal(checked.code, 0, checked.stdout + checked.stderr);
      assert.match(checked.stdout, /^ok +duel: version 1, a match starts with 2 players$/m);
      assert.match(checked.stdout, /^ok +rooms: 1 of 1 can be continued, 0 of them after a migration$/m);
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
      react.modules.filter(id => !/\/dist\/lib\/client\/(react|store)\/|\/node_modules\/react\//.test(id)),
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

  it('the command says what is wrong with its line, and ends with 2', async () => {
    type Case = readonly [args: readonly string[], says: RegExp, code: number];
    const cases: Case[] = [
      [['strat'], /no command 'strat'/, 2],
      [['start', 'broken.mjs'], /broken\.mjs could not be loaded:.*Unexpected token/s, 78],
      [['start', 'plain-game.mjs', '--page', 'nowhere'], /no folder nowhere/, 78],
      [['cluster', 'plain-game.mjs', '--routing', 'sticky'], /--routing: one of address, room/, 2],
      [['load', 'plain-game.mjs', '--url', 'example'], /--url: an http or https URL, not 'example'/, 2],
    ];
    // Each is a process of a second. How lines and files are read is tested in unit/command.test.ts.
    const more: Case[] = [
      [[], /a command is needed: start, dev, cluster, load, check/, 2],
      [['start'], /which file\? For example: rejoin start/, 2],
      [['start', 'a.js', 'b.js'], /one file only, not also b\.js/, 2],
      [['start', 'a.js', '--fast'], /Unknown option '--fast'/, 2],
      [['start', 'missing.js'], /missing\.js: there is no such file/, 78],
      [['start', 'no-game.mjs'], /exports no game/, 78],
      [['cluster', 'plain-game.mjs', '--nodes', '0'], /--nodes: a whole number from 1 to 24, not '0'/, 2],
      [['load', 'plain-game.mjs', '--game', 'chess'], /there is no 'chess', only duel/, 2],
    ];
    if (thorough) cases.push(...more);
    writeFileSync(join(app, 'no-game.mjs'), 'export const game = 1;');
    writeFileSync(join(app, 'broken.mjs'), 'export const game = );');
    await Promise.all(
      cases.map(async ([args, says, code]) => {
        const ended = await endOf(args, {});
        assert.deepEqual([ended.code, ended.stdout], [code, ''], args.join(' '));
        assert.match(ended.stderr, says);
      }),
    );
    assert.equal((await endOf(['--version'], {})).stdout, `${ours.version}\n`);
    const help = await endOf(['start', '--help'], {});
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--page FOLDER/);
  });

  it('without development dependencies it serves a game in production, and lists all wrong settings', async () => {
    await npm('prune', '--omit=dev');
    assert.ok(!existsSync(join(modules, 'tsx')));
    const production = { NODE_ENV: 'production', LOG_LEVEL: 'info' };
    const wrong = await endOf(['start', 'plain-game.mjs'], { ...production, PORT: 'x', METRICS_TOKEN: 'short' });
    assert.equal(wrong.code, 78);
    assert.match(wrong.stderr, /PORT.*METRICS_TOKEN/s);

    const server = spawn(process.execPath, [installed(ours.bin['rejoin']!), 'start', 'plain-game.mjs'], {
      cwd: app,
      env: { ...process.env, ...production, PORT: '0', HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(server, 'exit');
    for await (const line of createInterface(server.stdout)) {
      const { msg, port } = JSON.parse(line) as { msg: string; port: number };
      if (msg !== 'listening') continue;
      assert.deepEqual(await (await fetch(`http://127.0.0.1:${port}/readyz`)).json(), { ready: true, draining: false });
      assert.equal((await fetch(`http://127.0.0.1:${port}/dev/`)).status, 404);
      const url = `http://127.0.0.1:${port}`;
      const load = await endOf(
        ['load', 'plain-game.mjs', '--url', url, '--players', '4', '--seconds', '1', '--rate', '9'],
        {},
      );
      assert.equal(load.code, 0, load.stdout + load.stderr);
      assert.match(load.stdout, /^ +actions +[1-9]\d* \(.* per second\), p50 .* ms$/m);
      assert.match(load.stdout, /^ +failed +none$/m);
      assert.match(load.stdout, /^ +server CPU +\d+ % of a core, 1 node$/m);
      server.kill('SIGTERM');
    }
    assert.deepEqual(await ended, [0, null]);
  });

  it('`rejoin cluster` runs the game behind nginx, obeys its terminal, and stops as a whole', async () => {
    const cluster = spawn(
      process.execPath,
      [installed(ours.bin['rejoin']!), 'cluster', 'plain-game.mjs', '--nodes', '1', '--port', '0'],
      { cwd: app, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const ended = once(cluster, 'exit');
    const lines: string[] = [];
    for await (const line of createInterface(cluster.stdout)) {
      lines.push(line);
      const url = /Authors: +(\S+)/.exec(line)?.[1];
      if (url !== undefined) assert.match(await (await fetch(url)).text(), /<script/);
      if (line.includes('Ctrl-C stops')) cluster.stdin.write('kill 1\n');
      if (line.includes('kill node-1: done')) cluster.kill('SIGINT');
    }
    assert.deepEqual(await ended, [0, null], lines.join('\n'));
    assert.ok(
      lines.some(line => line.includes('kill node-1: done')),
      lines.join('\n'),
    );
    assert.equal(lines.at(-1), 'Stopped.');
  });

  /** Runs the command to its end. */
  async function endOf(args: readonly string[], env: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, [installed(ours.bin['rejoin']!), ...args], {
      cwd: app,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code as number | null, stdout, stderr };
  }
});
