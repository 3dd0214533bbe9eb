import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { createServer as createVite, type ViteDevServer } from 'vite';
import type { Client, Room } from '../../../client/index.ts';
import { findSystem } from '../../../tools/local-cluster/system.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { createServer, type RunningServer } from '../../../server/server.ts';
import { race, raceGame } from './race.ts';

declare const page: { client: Client; room: Room<typeof race.def>; shows: boolean[]; evaluated: number };

/** The modules that docs/client.md shows for Vite and for Next. */
const shown = (name: string) =>
  new RegExp(`\`\`\`ts\\n(// ${name}\\n[\\s\\S]*?)\`\`\``).exec(
    readFileSync(join(packageRoot, 'docs/client.md'), 'utf8'),
  )![1]!;

const files = (url: string): Record<string, string> => ({
  'index.html':
    '<!doctype html><link rel="icon" href="data:,"><title>Game</title><script type="module" src="./main.ts"></script>',
  'other.html': '<!doctype html><link rel="icon" href="data:,"><title>Elsewhere</title>',
  'connect.ts': `export { connect } from 'rejoin/client'`,
  'race.ts': `export { race } from ${JSON.stringify(join(packageRoot, 'test/e2e/browser/race.ts'))}`,
  'vite-client.ts': shown('vite-client.ts').replace('https://play.example', url),
  'next-client.ts': shown('next-client.ts').replace('https://play.example', url),
  'main.ts': `
    import { client } from './vite-client.ts'
    globalThis.page = Object.assign(globalThis.page ?? { shows: [], evaluated: 0 }, { client })
    page.evaluated += 1
    if (page.evaluated === 1) addEventListener('pageshow', ({ persisted }) => page.shows.push(persisted))
    import.meta.hot.accept()
  `,
});

describe('the life of a page', () => {
  let folder: string;
  let game: RunningServer;
  let vite: ViteDevServer;
  let browser: Browser;
  let context: BrowserContext;
  let tab: Page;
  let url: string;

  before(async () => {
    mkdirSync(join(packageRoot, 'dist'), { recursive: true });
    folder = mkdtempSync(join(packageRoot, 'dist/page-life-')); // within the repository, whose packages it finds
    // Dev mode, for its origins: Vite's server is another port of this machine.
    game = await createServer({ store: 'memory', games: [raceGame], log: noLog, dev: true });
    for (const [name, text] of Object.entries(files(`http://127.0.0.1:${await game.listen(0, '127.0.0.1')}`)))
      writeFileSync(join(folder, name), text);
    vite = await createVite({
      root: folder,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(folder, 'cache'),
      resolve: { alias: { 'rejoin/client': join(packageRoot, 'client/index.ts') } },
      server: { host: '127.0.0.1', port: 0, fs: { allow: [packageRoot] } },
      optimizeDeps: { include: ['socket.io-client', 'zod'] },
    });
    await vite.listen();
    url = vite.resolvedUrls!.local[0]!;
    browser = await chromium.launch({
      executablePath: findSystem(['chromium']).chromium,
      args: ['--no-sandbox', '--disable-gpu'],
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    });
  });
  after(async () => {
    await browser?.close();
    await vite?.close();
    await game?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = async () => {
    context = await browser.newContext();
    tab = await context.newPage();
    await tab.goto(url);
    await tab.waitForFunction(() => page.client.status.state === 'live');
  };
  afterEach(async () => {
    await context.close();
    await until('the server has noticed', async () => ((await sockets()) === 0 ? true : undefined), {
      timeoutMs: 10_000,
    });
  });
  /** Connections that the server has. */
  const sockets = async (): Promise<number> =>
    Number(
      /^rejoin_sockets(?:\{[^}]*\})? (\d+)$/m.exec(
        await (await fetch(`http://127.0.0.1:${game.port}/metrics`)).text(),
      )![1],
    );

  it('[U14a] [U14b] a page that comes back by the back button goes on, with the same client and room', async () => {
    await open();
    await tab.evaluate(async path => {
      const { race } = (await import(/* @vite-ignore */ path)) as { race: never };
      page.room = await page.client.create(race);
    }, '/race.ts');
    await tab.goto(`${url}other.html`);
    await until(
      'the connection is closed, so that the browser can keep the page',
      async () => ((await sockets()) === 0 ? true : undefined),
      { timeoutMs: 5_000 },
    );
    await tab.evaluate(() => history.back()); // goBack() waits for a load, and there is none
    await tab.waitForFunction(() => page.shows.at(-1));
    await tab.waitForFunction(() => page.room.live);
    const { said, persisted, evaluated } = await tab.evaluate(async () => ({
      said: await page.room.ready(),
      persisted: page.shows,
      evaluated: page.evaluated,
    }));
    assert.deepEqual([persisted, evaluated, await sockets()], [[false, true], 1, 1]);
    assert.ok('ok' in said);
  });

  it('[U12] in a browser, too, a page of a foreign origin, a wrong path and no server are told apart', async () => {
    const strict = await createServer({ store: 'memory', games: [raceGame], log: noLog, hangAfter: null });
    const at = `http://127.0.0.1:${await strict.listen(0, '127.0.0.1')}`;
    await open();
    const problems = await tab.evaluate(
      async urls => {
        const { connect } = (await import(/* @vite-ignore */ '/connect.ts' as string)) as {
          connect(url: string, options: object): Client;
        };
        return Promise.all(
          urls.map(async ([url, path]) => {
            const client = connect(url!, { storage: null, path });
            return new Promise(resolve =>
              client.onStatus(status => {
                if (!('problem' in status) || status.problem === undefined) return;
                client.close();
                resolve(status.problem);
              }),
            );
          }),
        );
      },
      [
        [at, ''],
        [at, '/elsewhere'],
        ['http://127.0.0.1:9', ''],
      ],
    );
    await strict.close();
    assert.deepEqual(problems, ['origin-refused', 'wrong-path', 'unreachable']);
  });

  it('Vite: a module that is edited keeps its client', async () => {
    await open();
    const file = join(folder, 'vite-client.ts');
    const text = readFileSync(file, 'utf8');
    for (let edit = 1; edit <= 3; edit++) {
      writeFileSync(file, `${text}\n// edit ${edit}\n`);
      await tab.waitForFunction(count => page.evaluated > count, edit);
    }
    await tab.waitForFunction(() => page.client.status.state === 'live');
    assert.equal(await sockets(), 1);
  });

  it('Next: a module that is evaluated again finds its client', async () => {
    await open();
    const clients = await tab.evaluate(async () => {
      const all = [];
      for (let i = 0; i < 3; i++)
        all.push(((await import(/* @vite-ignore */ `/next-client.ts?edit=${i}`)) as { client: Client }).client);
      await all[0]!.list();
      return new Set(all).size;
    });
    assert.deepEqual([clients, await sockets()], [1, 2]);
  });
});
