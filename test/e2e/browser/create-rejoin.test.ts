import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import express from 'express';
import { after, afterEach, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { connect, type Client } from '../../../client/index.ts';
import { writeProject } from '../../../create-rejoin/src/project.ts';
import { templates } from '../../../create-rejoin/src/templates.ts';
import { noLog } from '../../../server/ops/log.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { createServer, type RunningServer } from '../../../server/server.ts';
import type { AnyGame } from '../../../shared/contract.ts';
import { until } from '../../../tools/until.ts';
import { thorough } from '../../thorough.ts';
import { connectionErrors } from './browser.ts';
import { sharedBrowser } from './shared.ts';

/** Sources of the entries that pages import, in place of the package. */
const entries: Readonly<Record<string, string>> = {
  'rejoin/client': 'client/index.ts',
  'rejoin/predict': 'client/predict/index.ts',
  'rejoin/react': 'client/react/index.ts',
  'rejoin/contract': 'shared/index.ts',
};
/** One of each page in every run; `npm run create:all` plays them all. */
const played = templates.filter(({ name }) => thorough || ['turn-based-vanilla', 'real-time-react'].includes(name));

describe('a created project, in a browser', function () {
  this.timeout(180_000); // a bundler
  let folder: string;
  let server: RunningServer | undefined;
  const contexts: BrowserContext[] = [];
  const clients: Client[] = [];
  const complaints: string[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rejoin-created-'));
    symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all(contexts.splice(0).map(context => context.close()));
    await server?.close();
    server = undefined;
    // The client opens a second connection beside a slow one, and closes one of them.
    assert.deepEqual(
      complaints.splice(0).filter(text => !connectionErrors.test(text)),
      [],
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Creates, builds and serves a project. @returns its address and its game */
  const serve = async (name: string): Promise<{ url: string; game: AnyGame }> => {
    const project = join(folder, name);
    writeProject(
      project,
      templates.find(template => template.name === name)!,
    );
    await build({
      root: project,
      configFile: false, // its plugin is for development
      logLevel: 'error',
      build: { modulePreload: { polyfill: false } },
      plugins: [
        {
          name: 'sources of this repository',
          enforce: 'pre',
          resolveId: id => (Object.hasOwn(entries, id) ? join(packageRoot, entries[id]!) : null),
        },
      ],
    });
    const { game } = (await import(pathToFileURL(join(project, 'game/rules.ts')).href)) as { game: AnyGame };
    const app = express();
    server = await createServer({ games: [game], app, log: noLog });
    app.use(express.static(join(project, 'dist')));
    return { url: `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}/`, game };
  };
  const open = async (url: string): Promise<Page> => {
    const context = await (await sharedBrowser()).newContext({ reducedMotion: 'reduce' });
    contexts.push(context);
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(error.stack ?? error.message));
    await page.goto(url);
    return page;
  };
  const isPlaying = (page: Page) => page.locator('.table[data-phase="playing"]').waitFor();

  /** The first move of each game: made on the first page that may, and seen on both. */
  const firstMoves: Readonly<Record<string, (pages: [Page, Page], game: AnyGame) => Promise<void>>> = {
    'turn-based': async pages => {
      await pages[0].locator('.grid.is-yours .cell').nth(40).click();
      for (const page of pages) await page.locator('.cell').nth(40).and(page.locator('[data-stone="0"]')).waitFor();
    },
    'hidden-cards': async pages => {
      const card = pages[0].locator('.hand .card:enabled').first();
      const name = (await card.locator('b').textContent())!;
      await card.click();
      for (const page of pages) await page.locator('.trick .card b', { hasText: name }).waitFor();
    },
    'real-time': async ([page], game) => {
      const client = connect(new URL(page.url()).origin, { storage: null });
      clients.push(client);
      const room = await client.watch(game.contract, { code: new URL(page.url()).hash.slice(1) });
      const y = () => (room.state as { runners: { y: number }[] }).runners[0]!.y;
      const before = y();
      await page.keyboard.down('ArrowUp');
      await until('the runner moves up', () => y() < before || undefined, { timeoutMs: 30_000, intervalMs: 20 });
      await page.keyboard.up('ArrowUp');
    },
  };

  for (const { name, game: template } of played)
    it(`${name}: two players meet by a link, make the first move, and are back after a reload`, async () => {
      const { url, game } = await serve(name);
      const first = await open(url);
      await first.getByRole('button', { name: 'Invite a friend' }).click();
      await first.locator('.invite').waitFor();
      const second = await open(first.url());
      await second.locator('.table').waitFor();
      if (game.contract.def.start === 'ready')
        for (const page of [first, second]) await page.getByRole('button', { name: 'I am ready' }).click();
      await Promise.all([first, second].map(isPlaying));
      await firstMoves[template.name]!([first, second], game);
      await first.reload();
      await isPlaying(first);
      await first.locator('.seat', { hasText: 'you · ' }).waitFor();
    });
});
