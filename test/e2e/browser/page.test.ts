import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Page } from 'playwright-core';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { noLog } from '../../../server/ops/log.ts';
import { until } from '../../../tools/until.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import {
  boardOf,
  codeOf,
  discsOn,
  expectSameBoards,
  linkOf,
  waitForMatch,
  waitForPhase,
  playGame,
  playMove,
  settled,
  seatTwoPages,
  startButton,
  waitForTurn,
  type Visitor,
  type VisitorOptions,
} from './browser.ts';
import { hangWebSockets } from './cluster-page.ts';
import { builtPage, Visits } from './shared.ts';

describe('the page, on one node', () => {
  let server: RunningServer;
  let url: string;
  const visits = new Visits(() => url);
  const open = (options: VisitorOptions = {}, link?: string): Promise<Visitor> =>
    visits.open({ still: true, ...options }, link);
  const seatTwo = async (a: VisitorOptions = {}, b: VisitorOptions = {}): Promise<[Visitor, Visitor]> => {
    const host = await open(a);
    return [host, await seatTwoPages(host, link => open(b, link))];
  };

  before(async () => {
    server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: randomBytes(32).toString('base64url'),
        log: noLog,
        pageFolder: await builtPage(),
      },
      { port: 0, host: '0.0.0.0' },
    );
    url = `http://127.0.0.1:${server.port}/`;
  });
  after(() => server?.close());
  afterEach(() => visits.end());

  it('[W16] under a path two play, and everything is fetched from there', async () => {
    const hosted = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        log: noLog,
        path: '/game',
        pageFolder: await builtPage(),
      },
      { port: 0, host: '127.0.0.1' },
    );
    try {
      const at = `http://127.0.0.1:${hosted.port}`;
      const host = await open({ name: 'Ada' }, `${at}/game`);
      assert.equal(new URL(host.page.url()).pathname, '/game/');
      const guest = await seatTwoPages(host, link => {
        assert.ok(link.startsWith(`${at}/game/#`), link);
        return open({ name: 'Ben' }, link);
      });
      await playMove([host.page, guest.page], 4);
    } finally {
      await visits.end();
      await hosted.close();
    }
  });

  it('two play a whole game, and a rematch', async () => {
    const [a, b] = await seatTwo({ name: 'Ada' }, { name: 'Ben' });
    const pages = [a.page, b.page];
    const winner = await waitForTurn(pages);
    const loser = winner === a.page ? b.page : a.page;
    await playGame(pages);
    assert.equal(await winner.getByTestId('result').textContent(), 'You win');
    assert.equal(await loser.getByTestId('result').textContent(), 'You lose');
    assert.match((await loser.getByTestId('announcer').textContent())!, /column 1.*wins\. Four in a row/);

    await winner.getByRole('button', { name: 'Rematch' }).click();
    await winner.getByRole('button', { name: 'Rematch asked' }).waitFor();
    await loser.getByText('wants a rematch.').waitFor();
    await loser.getByRole('button', { name: 'Rematch' }).click();
    await Promise.all(pages.map(page => waitForMatch(page, 2)));
    assert.equal(await discsOn(winner), 0);
    assert.equal(await waitForTurn(pages), loser, 'who lost begins');
    await playGame(pages);
    assert.equal(await loser.getByTestId('result').textContent(), 'You win');
  });

  it('two strangers who press Play meet', async () => {
    const [a, b] = [await open(), await open()];
    await startButton(a.page, 'play').click();
    await waitForPhase(a.page, 'waiting');
    await startButton(b.page, 'play').click();
    await Promise.all([a, b].map(({ page }) => waitForPhase(page, 'playing')));
  });

  it('one plays both seats, by keyboard, also after a reload', async () => {
    const { page } = await open();
    await startButton(page, 'friends').click();
    await page.getByRole('button', { name: 'Play both seats' }).click();
    await waitForPhase(page, 'playing');
    const press = async (key: string) => {
      const discs = (await discsOn(page)) + 1;
      await waitForTurn([page]);
      await settled(page);
      await page.keyboard.press(key);
      await page.locator(`[data-testid="board"][data-discs="${discs}"]`).waitFor();
    };
    for (const key of ['4', '3', '4', '3']) await press(key);
    await page.reload();
    await waitForPhase(page, 'playing');
    assert.equal(await discsOn(page), 4);
    await waitForTurn([page]);
    await page.getByTestId('column-4').focus();
    await page.keyboard.press('ArrowRight');
    assert.match((await page.evaluate(() => document.activeElement?.getAttribute('aria-label')))!, /^Column 5, empty/);
    await press('Enter');
    for (const key of ['3', '7', '3']) await press(key);
    await waitForPhase(page, 'ended');
    assert.match((await page.getByTestId('result').textContent())!, / wins$/);
    await page.getByRole('button', { name: 'Rematch' }).click();
    await waitForMatch(page, 2);
  });

  it('a code may be typed as people type', async () => {
    const [a, b] = [await open(), await open()];
    await startButton(a.page, 'friends').click();
    const code = await codeOf(a.page);
    await b.page
      .getByLabel('Or join by code')
      .fill(` ${code.slice(0, 2).toLowerCase()}-${code.slice(2).toLowerCase()} `);
    await b.page.getByRole('button', { name: 'Join', exact: true }).click();
    await waitForPhase(b.page, 'playing');
    assert.match(b.page.url(), /#\/room\//);
  });

  it('a wrong code is said in words, at the field and behind a link', async () => {
    const { page } = await open();
    for (const wrong of ['ZZZZZ', 'no code at all']) {
      await page.getByLabel('Or join by code').fill(wrong);
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      await page.getByText('No table has this code').waitFor();
      await page.getByLabel('Or join by code').fill('');
      await page.getByText('No table has this code').waitFor({ state: 'detached' });
    }
    await page.goto(`${url}#/code/ZZZZZ`);
    await page.getByTestId('refusal').getByText('No table has this code').waitFor();
    await page.getByTestId('refusal').getByRole('button', { name: 'Home' }).click();
    await startButton(page, 'play').waitFor();
  });

  it('two guests of the same colour are told apart, alike in both windows; another colour is chosen by keyboard, and outlives a reload', async () => {
    const [a, b] = await seatTwo({ name: 'Ada', colour: 'mint' }, { name: 'Ben', colour: 'mint' });
    const seats = (page: Page) =>
      page.evaluate(() => [0, 1].map(seat => document.documentElement.style.getPropertyValue(`--seat-${seat}`)));
    for (const { page } of [a, b]) assert.deepEqual(await seats(page), ['var(--mint)', 'var(--pearl)']);
    await b.page.getByRole('link', { name: /home/ }).click();
    const group = b.page.getByRole('group', { name: 'Your colour' });
    await group.getByRole('radio', { name: 'Mint', exact: true, checked: true }).focus();
    await b.page.keyboard.press('ArrowLeft');
    await group.getByRole('radio', { name: 'Lime', checked: true }).waitFor();
    await b.page.reload();
    await group.getByRole('radio', { name: 'Lime', checked: true }).waitFor();
    // Back at the seat, with the new one: the other window shows it, too.
    await b.page.goBack();
    await waitForPhase(b.page, 'playing');
    for (const { page } of [a, b])
      await until('both show lime', async () => (await seats(page)).join() === 'var(--mint),var(--lime)' || undefined, {
        timeoutMs: 15_000,
        intervalMs: 50,
      });
  });

  it('a reload in mid-game keeps the seat', async () => {
    const [a, b] = await seatTwo();
    const pages = [a.page, b.page];
    for (const column of [4, 4, 3]) await playMove(pages, column);
    const seen = await boardOf(a.page);
    await a.page.reload();
    await waitForPhase(a.page, 'playing');
    assert.deepEqual(await boardOf(a.page), seen);
    for (const column of [5, 4]) await playMove(pages, column);
    await expectSameBoards(pages);
  });

  it('the back button leads home, where the way back to the kept seat is', async () => {
    const [a, b] = await seatTwo();
    await playMove([a.page, b.page], 4);
    await a.page.goBack();
    await b.page.getByText(/^away, held/).waitFor();
    await a.page.getByTestId('kept-seat').getByRole('button', { name: 'Back to it' }).click();
    await waitForPhase(a.page, 'playing');
    await b.page.getByText(/^away, held/).waitFor({ state: 'detached' });
    await playMove([a.page, b.page], 4);
  });

  it('a second window of the same player takes the seat over, and the first one says so', async () => {
    const [a, b] = await seatTwo();
    await playMove([a.page, b.page], 4);
    const again = await open({ beside: a }, a.page.url());
    await again.page.getByRole('button', { name: 'Play here instead' }).click();
    await waitForPhase(again.page, 'playing');
    await a.page.getByText('You play in another window now').waitFor();
    await playMove([again.page, b.page], 4);
    await a.page.getByRole('button', { name: 'Play here instead' }).click();
    await waitForPhase(a.page, 'playing');
    await again.page.getByText('You play in another window now').waitFor();
    await playMove([a.page, b.page], 4);
  });

  it('two windows of one browser play against each other', async () => {
    const a = await open({ name: 'Ada' });
    const b = await open({ beside: a });
    await startButton(a.page, 'friends').click();
    await b.page.getByLabel('Or join by code').fill(await codeOf(a.page));
    await b.page.getByRole('button', { name: 'Join', exact: true }).click();
    await Promise.all([a, b].map(({ page }) => waitForPhase(page, 'playing')));
    for (const column of [4, 3]) await playMove([a.page, b.page], column);
  });

  it('a link opened beside its own table offers the seat opposite', async () => {
    const a = await open();
    await startButton(a.page, 'friends').click();
    const b = await open({ beside: a }, await linkOf(a.page));
    await b.page.getByRole('button', { name: 'Sit down opposite' }).click();
    await Promise.all([a, b].map(({ page }) => waitForPhase(page, 'playing')));
  });

  it('who finds all seats taken may watch', async () => {
    const host = await open();
    await startButton(host.page, 'friends').click();
    const link = await linkOf(host.page);
    const guest = await open({}, link);
    await waitForPhase(guest.page, 'playing');
    const spectator = await open({}, link);
    await spectator.page.getByRole('button', { name: 'Watch the game' }).click();
    await waitForPhase(spectator.page, 'playing');
    await host.page.getByTestId('watchers').getByText('1').waitFor();
    await playMove([host.page, guest.page], 4);
    await spectator.page.locator('[data-testid="board"][data-discs="1"]').waitFor();
    for (const column of [1, 4, 1, 4, 1, 4]) await playMove([host.page, guest.page], column);
    await waitForPhase(spectator.page, 'ended');
    await expectSameBoards([host.page, spectator.page]);
    assert.match((await spectator.page.getByTestId('result').textContent())!, / wins$/);
  });

  it('an open table is on the list, and can be watched and joined from there', async () => {
    const host = await open({ name: 'Listed Host' });
    const [spectator, guest] = [await open(), await open()];
    await startButton(host.page, 'play').click();
    await waitForPhase(host.page, 'waiting');
    await spectator.page.getByRole('button', { name: 'Watch Listed Host' }).click();
    await waitForPhase(spectator.page, 'waiting');
    await guest.page.getByRole('button', { name: 'Join Listed Host' }).click();
    await Promise.all([host, guest, spectator].map(({ page }) => waitForPhase(page, 'playing')));
  });

  it('giving up is asked twice, and wins the other side the match', async () => {
    const [a, b] = await seatTwo();
    await a.page.getByRole('button', { name: 'Leave' }).click();
    await a.page.getByRole('button', { name: 'Stay' }).click();
    await a.page.getByRole('button', { name: 'Leave' }).click();
    await a.page.getByRole('button', { name: 'Give up' }).click();
    await startButton(a.page, 'play').waitFor();
    await waitForPhase(b.page, 'ended');
    assert.equal(await b.page.getByTestId('result').textContent(), 'You win');
    await b.page.getByRole('region', { name: 'Result' }).getByText('The other side gave up.').waitFor();
    await b.page.getByRole('button', { name: 'Find another game' }).waitFor();
  });

  it('is silent until somebody wants sound; then a disc is heard, and after a reload still', async () => {
    const listening = `
      window.heard = { contexts: 0, voices: 0 };
      window.AudioContext = class extends AudioContext {
        constructor() { super(); heard.contexts++; }
        createGain() { heard.voices++; return super.createGain(); }
      };`;
    const heard = (what: 'contexts' | 'voices') => host.page.evaluate(`heard.${what}`) as Promise<number>;
    const host = await open({ prepare: async context => void (await context.addInitScript(listening)) });
    const friend = await seatTwoPages(host, link => open({}, link));
    const pages = [host.page, friend.page];
    await playMove(pages, 1);
    assert.equal(await heard('contexts'), 0);
    const button = host.page.getByRole('button', { name: 'Sound' });
    assert.equal(await button.getAttribute('aria-pressed'), 'false');
    await button.click();
    await host.page.locator('[aria-label="Sound"][aria-pressed="true"]').waitFor();
    const before = await heard('voices');
    await playMove(pages, 2);
    await until('it is heard', async () => (await heard('voices')) > before || undefined, { timeoutMs: 10_000 });

    await host.page.reload();
    await host.page.locator('[aria-label="Sound"][aria-pressed="true"]').waitFor();
    assert.equal(
      await heard('contexts'),
      0,
      'not before something is done to the page: browsers would refuse it, and complain',
    );
    await button.click();
    const quiet = await heard('voices');
    await playMove(pages, 3);
    assert.equal(await heard('voices'), quiet);
  });

  it('on a phone nothing is wider than the screen', async () => {
    const [a, b] = await seatTwo(
      { phone: true, name: 'A name of twenty-four xx' },
      { phone: true, name: 'Wilhelmina Featherstone' },
    );
    const fits = async (where: string) => {
      for (const { page } of [a, b])
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, where);
    };
    await fits('playing');
    await playGame([a.page, b.page]);
    await fits('ended');
    await a.page.goto(url);
    await startButton(a.page, 'play').waitFor();
    await fits('home');
    await startButton(a.page, 'friends').click();
    await waitForPhase(a.page, 'waiting');
    await fits('waiting');
  });

  it('gives up a line that hangs for one that was opened beside it, and nothing is wrong', async () => {
    const hangs = (head: string) =>
      head.includes('transport=websocket') && !head.includes('route=') && !head.includes('sid=');
    let hung = 0;
    const proxy = createServer(near => {
      const far = createConnection(server.port, '127.0.0.1');
      for (const socket of [near, far])
        socket
          .on('error', () => {})
          .on('close', () => {
            near.destroy();
            far.destroy();
          });
      far.pipe(near);
      near.on('data', bytes => {
        if (hangs(bytes.toString('latin1'))) hung += 1;
        else far.write(bytes);
      });
    });
    await new Promise<void>(done => {
      proxy.listen(0, '127.0.0.1', done);
    });
    try {
      const { page } = await open({}, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`);
      assert.ok(hung > 0, 'the first line hangs');
      await startButton(page, 'friends').click();
      await waitForPhase(page, 'waiting');
    } finally {
      proxy.close();
    }
  });

  it('gives up the line beside one that was slow, and nothing is wrong when its farewell overtakes its asking for news', async () => {
    const held: (() => void)[] = [];
    const asking: (() => void)[] = [];
    let late = 0;
    const proxy = createServer(near => {
      const far = createConnection(server.port, '127.0.0.1');
      for (const socket of [near, far])
        socket
          .on('error', () => {})
          .on('close', () => {
            near.destroy();
            far.destroy();
          });
      near.on('data', bytes => {
        const head = bytes.toString('latin1');
        const on = () => {
          far.write(bytes);
        };
        if (head.includes('transport=websocket') && !head.includes('route=')) return void held.push(on);
        if (head.startsWith('GET') && head.includes('transport=polling') && head.includes('sid=')) {
          asking.push(on);
          for (const go of held.splice(0)) go(); // the slow line stands, and is taken
          return;
        }
        on();
        // The farewell is answered before the asking comes.
        if (head.startsWith('POST') && head.endsWith('\r\n\r\n1'))
          far.once('data', () => {
            for (const go of asking.splice(0)) go();
          });
      });
      far.on('data', bytes => {
        if (bytes.toString('latin1').startsWith('HTTP/1.1 400')) late += 1;
        near.write(bytes);
      });
    });
    await new Promise<void>(done => {
      proxy.listen(0, '127.0.0.1', done);
    });
    try {
      const { page } = await open({}, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`);
      await until('the asking comes too late', () => late > 0 || undefined, { timeoutMs: 20_000 });
      await startButton(page, 'friends').click();
      await waitForPhase(page, 'waiting');
    } finally {
      proxy.close();
    }
  });

  it('works over plain http on an address of the local network', async function () {
    const lan = Object.values(networkInterfaces())
      .flat()
      .find(a => a?.family === 'IPv4' && !a.internal)?.address;
    if (lan === undefined) return this.skip();
    const a = await open({}, `http://${lan}:${server.port}/`);
    assert.equal(await a.page.evaluate(() => window.isSecureContext), false);
    const b = await seatTwoPages(a, async link => {
      await a.page.getByRole('img', { name: 'QR code' }).waitFor();
      await a.page.getByRole('button', { name: 'Copy link' }).click();
      await a.page.getByRole('button', { name: 'Link copied' }).waitFor();
      return open({}, link);
    });
    for (const column of [4, 3]) await playMove([a.page, b.page], column);
  });

  it('[C4] plays over long-polling where WebSockets are neither opened nor refused', async () => {
    const { page } = await open({ prepare: hangWebSockets });
    await startButton(page, 'friends').click();
    await page.getByRole('button', { name: 'Play both seats' }).click();
    await waitForPhase(page, 'playing');
    for (const column of [4, 3]) await playMove([page], column);
    const polled = await page.evaluate(
      () => performance.getEntriesByType('resource').filter(({ name }) => name.includes('transport=polling')).length,
    );
    assert.ok(polled > 0);
  });
});
