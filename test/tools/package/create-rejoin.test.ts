import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, afterEach, before, describe, it } from 'mocha';
import { dependencies, devDependencies, games, pages, templates } from '../../../create-rejoin/src/templates.ts';
import { until } from '../../../tools/until.ts';
import { installedApp, ours, root } from './install.ts';

const run = promisify(execFile);

/** Both packages as others get them: packed. One install serves the projects of all templates. */
describe('what npm create rejoin creates', function () {
  this.timeout(300_000);
  let folder = '';
  const running: ChildProcess[] = [];

  const inProject = (template: string, script: string, ...args: string[]) =>
    run(process.execPath, [join(folder, 'node_modules', script), ...args], { cwd: join(folder, template) }).catch(
      (error: { stdout: string; stderr: string }) => assert.fail(`${template}:\n${error.stdout}${error.stderr}`),
    );
  const scriptOf = (template: string, name: string): string[] =>
    (
      JSON.parse(readFileSync(join(folder, template, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    ).scripts[name]!.split(' ');

  before(async () => {
    const { tarball } = await installedApp();
    folder = mkdtempSync(join(tmpdir(), 'rejoin-created-'));
    await run('npm', ['pack', '--pack-destination', folder], { cwd: join(root, 'create-rejoin') });
    const packed = readdirSync(folder).find(name => name.endsWith('.tgz'))!;
    const all = Object.assign(
      {},
      dependencies,
      devDependencies,
      ...pages.flatMap(p => [p.dependencies, p.devDependencies]),
    );
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({
        private: true,
        dependencies: { ...all, [ours.name]: `file:${tarball}`, 'create-rejoin': `file:${packed}` },
      }),
    );
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder });
    for (const { name } of templates)
      await run(
        process.execPath,
        [join(folder, 'node_modules/create-rejoin/dist/main.js'), name, '--template', name, '--no-install'],
        { cwd: folder },
      );
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  for (const { name } of templates)
    it(`${name}: the types hold, and the page is built`, async () => {
      await inProject(name, 'typescript/bin/tsc', '--noEmit');
      await inProject(name, 'vite/bin/vite.js', 'build', '--logLevel', 'error');
      assert.ok(existsSync(join(folder, name, 'dist/index.html')));
    });

  for (const game of games)
    it(`${game.name}: its own tests pass, and are the same with each page`, async () => {
      const [first, ...others] = pages.map(page => `${game.name}-${page.name}`);
      const [command, ...args] = scriptOf(first!, 'test');
      assert.equal(command, 'node');
      await run(process.execPath, args, { cwd: join(folder, first!) }).catch((error: { stdout: string }) =>
        assert.fail(error.stdout),
      );
      for (const other of others)
        for (const file of readdirSync(join(folder, first!, 'game')))
          assert.equal(
            readFileSync(join(folder, other, 'game', file), 'utf8'),
            readFileSync(join(folder, first!, 'game', file), 'utf8'),
          );
    });

  it('without a registry the project is there, and how to install it is said', async () => {
    const created = await run(
      process.execPath,
      [join(folder, 'node_modules/create-rejoin/dist/main.js'), 'offline', '--yes'],
      {
        cwd: folder,
        env: {
          ...process.env,
          npm_config_registry: 'http://127.0.0.1:9/',
          npm_config_fetch_retries: '0',
          npm_config_cache: join(folder, 'cache'),
        },
      },
    ).then(
      () => assert.fail('it succeeded'),
      (error: { code: number; stderr: string }) => error,
    );
    assert.equal(created.code, 1);
    assert.match(created.stderr, /The npm registry cannot be reached/);
    assert.match(created.stderr, /cd offline && npm install/);
    assert.ok(existsSync(join(folder, 'offline/game/rules.ts')));
  });

  /** Runs a script of package.json until the test ends. */
  const start = async (template: string, name: string, ...more: string[]) => {
    const [command, ...args] = scriptOf(template, name);
    const probe = createServer().listen(0);
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise(done => probe.close(done));
    const child = spawn(
      process.execPath,
      [join(folder, 'node_modules/.bin', command!), ...args, ...more.map(text => text.replace('PORT', String(port)))],
      { cwd: join(folder, template), env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    running.push(child);
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => void (output.text += text));
    const url = `http://localhost:${port}`;
    const get = async (path: string) => {
      const response = await fetch(url + path, { headers: { accept: 'text/html' } });
      return response.ok ? await response.text() : assert.fail(`${path}: ${response.status}`);
    };
    await until('the page is served', () => get('/').catch(() => undefined), { timeoutMs: 120_000, intervalMs: 100 });
    return { child, get, output };
  };

  it('npm start serves page and rooms', async () => {
    const { child, get } = await start('turn-based-react', 'start');
    const page = await get('/');
    await get(/src="([^"]+\.js)"/.exec(page)![1]!);
    assert.match(await get('/readyz'), /"ready":true/);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('npm run dev serves both at one address, and replaces saved rules', async () => {
    const { get, output } = await start('hidden-cards-vanilla', 'dev', '--port', 'PORT', '--strictPort');
    assert.match(await get('/'), /\/@vite\/client/);
    await get('/page/main.ts');
    assert.match(await get('/rejoin/readyz'), /"ready":true/);
    assert.match(await get('/rejoin/dev/'), /<html/);
    assert.match(await get('/socket.io/?EIO=4&transport=polling'), /"sid"/);
    const rules = join(folder, 'hidden-cards-vanilla/game/rules.ts');
    const says = (what: RegExp) =>
      until(String(what), () => what.test(output.text) || undefined, { timeoutMs: 60_000, intervalMs: 50 });
    writeFileSync(rules, `${readFileSync(rules, 'utf8')}\nconsole.log('the rules of now');\n`);
    await says(/the rules of now[^]*rules replaced in 0 rooms/);
    writeFileSync(rules, 'export const game = (');
    await says(/rules not replaced/);
    assert.match(await get('/rejoin/readyz'), /"ready":true/);
  });
});
