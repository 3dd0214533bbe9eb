import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { noLog } from '../../../server/ops/log.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { buildSdk, bundleSdk } from '../../../server/cli/build-sdk.ts';
import { createServer, type RunningServer } from '../../../server/server.ts';
import { raceGame } from './race.ts';
import { sharedBrowser } from './shared.ts';

/** Serves files and nothing else, as any web space does. */
async function serveFiles(files: Record<string, string | Uint8Array>): Promise<{ server: Server; url: string }> {
  const server = createHttpServer(({ url = '' }, response) => {
    const name = url.slice(1).split('?')[0]!;
    const file = files[name];
    if (file === undefined) return void response.writeHead(404).end();
    response
      .writeHead(200, {
        'content-type': name.endsWith('.js')
          ? 'text/javascript'
          : name.endsWith('.html')
            ? 'text/html'
            : 'application/json',
      })
      .end(file);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The page that docs/client.md shows. */
const shown = /## A page without a bundler[\s\S]*?```html\n([\s\S]*?)```/.exec(
  readFileSync(join(packageRoot, 'docs/client.md'), 'utf8'),
)![1]!;

describe('a page without a bundler', () => {
  let files: Record<string, string | Uint8Array>;
  let web: Awaited<ReturnType<typeof serveFiles>>;
  let game: RunningServer;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];

  before(async () => {
    await buildSdk(); // for the game's server
    const { code, map } = await bundleSdk();
    files = { 'rejoin.min.js': code, 'rejoin.min.js.map': map };
    web = await serveFiles(files);
    game = await createServer({ store: 'memory', games: [raceGame], log: noLog, origins: [web.url] });
    const at = `http://127.0.0.1:${await game.listen(0, '127.0.0.1')}`;
    files['index.html'] = shown.replace('https://play.example', at);
    browser = await sharedBrowser();
  });
  after(async () => {
    await game?.close();
    web?.server.closeAllConnections();
    web?.server.close();
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map(context => context.close()));
    assert.deepEqual(complaints.splice(0), []);
  });

  const open = async (html: string): Promise<Page> => {
    files['index.html'] = html;
    const context = await browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type()) && !message.location().url.endsWith('/favicon.ico'))
        complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(error.stack ?? error.message));
    await page.goto(`${web.url}/index.html`);
    return page;
  };
  const says = (page: Page, text: string) => page.locator('#how', { hasText: text }).waitFor();
  /** Two of them meet, and a step of the one is drawn by both. */
  const meet = async (html: string): Promise<Page[]> => {
    const pages = [await open(html), await open(html)];
    await Promise.all(pages.map(page => says(page, 'Go!')));
    await pages[0]!.locator('button').click();
    await Promise.all(
      pages.map(page =>
        page
          .locator('#track li', { hasText: /: [1-9]/ })
          .first()
          .waitFor(),
      ),
    );
    return pages;
  };
  /** They play until one has won; what both then show. */
  const play = async (html: string): Promise<string[][]> => {
    const pages = await meet(html);
    const button = pages[0]!.locator('button');
    // it may be over before the click
    while (await button.isEnabled()) await button.click({ timeout: 2_000 }).catch(() => {});
    await Promise.all([says(pages[0]!, 'You win'), says(pages[1]!, 'You lose')]);
    return Promise.all(pages.map(page => page.locator('#track li').allTextContents()));
  };

  it('is at most 30 lines', () => assert.ok(shown.trimEnd().split('\n').length <= 30));

  it("[W10] of another origin than the server's joins, plays and draws a match to its end", async () => {
    const [mine, theirs] = await play(files['index.html'] as string);
    assert.match(mine!.join(), /: 1[0-2](,|$)/);
    assert.deepEqual(mine, theirs);
  });

  it('[W10] may load the client from the server itself', async () => {
    const { code } = await bundleSdk();
    files['rejoin.min.js'] = "throw new Error('not this one')";
    try {
      const [, server] = /connect\('([^']+)'\)/.exec(files['index.html'] as string)!;
      await meet((files['index.html'] as string).replace("'./rejoin.min.js'", `'${server}/rejoin.min.js'`));
    } finally {
      files['rejoin.min.js'] = code;
    }
  });

  it('[W10] plays by long-polling where WebSockets do not pass', async () => {
    await meet(
      files['index.html']!.toString().replace(/connect\('([^']+)'\)/, "connect('$1', { transports: ['polling'] })"),
    );
  });
});
