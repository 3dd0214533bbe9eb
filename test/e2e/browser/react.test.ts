import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { Browser, Page } from 'playwright-core';
import { connect, type Client, type Room } from '../../../client/index.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { createServer, type RunningServer } from '../../../server/server.ts';
import { BlackHoleProxy } from '../../integration/redis/black-hole-proxy.ts';
import { race, raceGame } from './race.ts';
import { sharedBrowser } from './shared.ts';
import type { RequestedRoom, PageProbe } from './react-page/page-probe.ts';

const folder = join(packageRoot, 'test/e2e/browser/react-page');
declare const seen: PageProbe;

describe('the hooks, with React in strict mode, in a browser', () => {
  let web: Server;
  let origin: string;
  let game: RunningServer;
  let hole: BlackHoleProxy;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  const clients: Client[] = [];

  before(async () => {
    // React's own: no alias of this repository's, and development, in which strict mode does everything twice.
    const made = await build({
      entryPoints: [join(folder, 'page.tsx')],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      jsx: 'automatic',
      jsxImportSource: 'react',
      tsconfigRaw: {},
      define: { 'process.env.NODE_ENV': '"development"' },
      metafile: true,
    });
    assert.ok(
      Object.keys(made.metafile.inputs).some(file => file.includes('node_modules/react-dom/')) &&
        !Object.keys(made.metafile.inputs).some(file => file.includes('preact')),
    );
    const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><main></main><script type="module">${made.outputFiles[0]!.text.replaceAll('</script', '<\\/script')}</script>`;
    web = createHttpServer(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(html),
    ).listen(0, '127.0.0.1');
    await once(web, 'listening');
    origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    game = await createServer({ store: 'memory', games: [raceGame], log: noLog, origins: [origin] });
    hole = await BlackHoleProxy.to(await game.listen(0, '127.0.0.1'));
    browser = await sharedBrowser();
  });
  after(async () => {
    await game?.close();
    await hole?.close();
    web?.closeAllConnections();
    web?.close();
  });
  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
    complaints = [];
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(error.stack ?? error.message));
    await page.goto(`${origin}/?server=http://127.0.0.1:${hole.port}`);
    await shows('line', 'live');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await page.context().close();
    assert.deepEqual(complaints, []);
  });

  const show = (tables: Record<string, RequestedRoom>) =>
    page.evaluate(asked => seen.show(asked as never), tables as never);
  const textOf = async (id: string) => ((await page.getByTestId(id).textContent()) ?? '').trim();
  const shows = (id: string, text: string) =>
    page
      .getByTestId(id)
      .and(page.getByText(text, { exact: true }))
      .waitFor();
  /** Somebody else, without a page. */
  const friend = (name: string): Client => {
    const made = connect(`http://127.0.0.1:${game.port}`, { storage: null, name });
    clients.push(made);
    return made;
  };
  /** The page and somebody else at one table, playing. */
  const play = async (tables: readonly string[] = ['a']): Promise<Room<typeof race.def>> => {
    const other = await friend('Ann').create(race);
    await show(Object.fromEntries(tables.map(name => [name, { id: other.id }])));
    for (const name of tables) await shows(`${name}-state`, 'playing 0:0 0');
    return other;
  };

  it('this is React 18 or later, and the page holds by its types', async function () {
    this.timeout(180_000); // a compiler
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'node_modules/react/package.json'), 'utf8')) as {
      version: string;
    };
    assert.ok(Number(version.split('.')[0]) >= 18, version);
    await promisify(execFile)(process.execPath, [
      join(packageRoot, 'node_modules/@typescript/native/bin/tsc'),
      '--noEmit',
      '-p',
      folder,
    ]).catch((error: { stdout: string }) => assert.fail(error.stdout));
  });

  it('useRoom makes one room, and takes one seat, though strict mode mounts everything twice', async () => {
    await show({ a: { create: true } });
    await page.locator('[data-testid="a"][data-seat="0"]').waitFor();
    await shows('a-state', 'waiting');
    assert.ok((await page.evaluate(() => seen.effects)) >= 2, 'strict mode is on');
    const { rooms } = (await (await fetch(`http://127.0.0.1:${game.port}/rooms.json`)).json()) as {
      rooms: { id: string; seated: number }[];
    };
    assert.deepEqual(
      rooms.map(({ id, seated }) => [id, seated]),
      [[await page.getByTestId('a').getAttribute('data-room'), 1]],
    );
  });

  it('useRoom draws each change, also what others do', async () => {
    const other = await play();
    assert.ok((await other.act.step({ by: 2 })).ok);
    await shows('a-state', 'playing 2:0 0');
    assert.ok((await other.act.step({ by: 3 })).ok);
    await shows('a-state', 'playing 5:0 0');
    await shows('a-status', 'live');
  });

  it('two components that ask the same share the room, and the last that goes lets go of it, with the seat kept', async () => {
    const other = await play(['a', 'b']);
    assert.equal(await page.evaluate(() => seen.rooms.size), 1);
    const here = () => other.players[1]?.here;
    assert.equal(here(), true);
    await show({ b: { id: other.id } });
    assert.ok((await other.act.step({ by: 1 })).ok);
    await shows('b-state', 'playing 1:0 0');
    assert.equal(await page.evaluate(() => [...seen.rooms][0]!.ended), null);
    await show({});
    await until('the seat is held, and its player away', () => here() === false, { timeoutMs: 15_000 });
    assert.equal(other.info.phase, 'playing');
    await show({ c: { id: other.id } });
    await shows('c-state', 'playing 1:0 0');
    assert.equal(await page.getByTestId('c').getAttribute('data-seat'), '1');
    await until('the player is back', () => here() === true, { timeoutMs: 15_000 });
    assert.equal(await page.evaluate(() => seen.rooms.size), 2, 'the first was let go of');
  });

  it('a component that changes places with another in one drawing keeps the room', async () => {
    const other = await play();
    await show({ b: { id: other.id } });
    await shows('b-state', 'playing 0:0 0');
    assert.equal(await page.evaluate(() => seen.rooms.size), 1);
    assert.equal(other.players[1]?.here, true);
  });

  it('a refusal is drawn, with what helps; another question is asked anew', async () => {
    const other = await friend('Ann').create(race);
    await show({ a: { code: 'ZZZZZ' } });
    await shows('a', 'No room has this code. (elsewhere)');
    await show({ a: null });
    await shows('a', 'nothing');
    await show({ a: { code: other.code } });
    await shows('a-state', 'playing 0:0 0');
  });

  it('useSelected draws only when what it shows is another', async () => {
    const other = await play();
    await shows('place', '0');
    const draws = () => page.evaluate(() => seen.draws.place);
    const before = await draws();
    assert.ok((await other.act.cheer({})).ok);
    await shows('a-state', 'playing 0:0 1');
    assert.equal(await draws(), before, 'a cheer is not its place');
    await page.getByRole('button').click();
    await shows('place', '1');
    assert.ok((await draws()) > before);
  });

  it('useChanges follows a prediction: a click is drawn at once, and stays when it is confirmed', async () => {
    const other = await play();
    hole.open(); // nothing reaches the server now
    await page.getByRole('button').click();
    await page.getByRole('button', { name: '1 +1', exact: true }).waitFor();
    assert.equal(await page.evaluate(() => seen.atClick), 1, 'it was there when act returned');
    assert.equal(await textOf('place'), '0', 'it is not confirmed');
    hole.shut();
    await page.getByRole('button', { name: '1 +0', exact: true }).waitFor();
    await shows('place', '1');
    assert.deepEqual(other.state?.at, [0, 1]);
  });

  it('a break is told, of the line and of the table, and what was missed is drawn after it', async () => {
    const other = await play();
    hole.open();
    await shows('line', 'reconnecting');
    assert.match(await textOf('a-status'), /^reconnecting Reconnecting…/);
    assert.ok((await other.act.step({ by: 3 })).ok);
    assert.equal(await textOf('a-state'), 'playing 0:0 0', 'it cannot know');
    hole.shut();
    await shows('line', 'live');
    await shows('a-state', 'playing 3:0 0');
    await shows('a-status', 'live');
    complaints = complaints.filter(text => !/WebSocket connection to|ERR_/.test(text));
  });
});
