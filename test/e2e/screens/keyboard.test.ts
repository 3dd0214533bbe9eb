import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import {
  discsOn,
  expectNoConsoleErrors,
  waitForMatch,
  openPage,
  waitForPhase,
  settled,
  tableLocator,
  type Visitor,
} from '../browser/browser.ts';
import { builtPage, sharedBrowser } from '../browser/shared.ts';
import { focused, waitForFocus, tabTo } from './keyboard.ts';

/** Nobody here has a mouse. */
describe('the page, by keyboard alone', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let visitor: Visitor;
  let page: Page;

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
      { port: 0, host: '127.0.0.1' },
    );
  });
  after(() => server?.close());
  beforeEach(async () => {
    visitor = await openPage(await sharedBrowser(), `http://127.0.0.1:${server.port}/`, { name: 'Ada' });
    page = visitor.page;
  });
  afterEach(async () => {
    await visitor.context.close();
    expectNoConsoleErrors([visitor]);
  });
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const ended = async () => (await tableLocator(page).getAttribute('data-phase')) === 'ended';

  it('Four in a Row: to the table, through a match, to the rematch, home', async () => {
    await tabTo(page, 'bots-four-in-a-row');
    await press('Enter');
    await waitForPhase(page, 'playing');
    await waitForFocus(page, 'Four in a Row');
    // The columns are one stop; from one to the next by arrows.
    await until(
      'the page has the turn',
      async () => (await page.getByTestId('board').getAttribute('data-hand')) !== '' || undefined,
      { timeoutMs: 15_000 },
    );
    await tabTo(page, 'column-4');
    await press('ArrowRight');
    assert.equal(await focused(page), 'column-5');
    const discs = await discsOn(page);
    await press('Enter');
    await until('a disc fell', async () => (await discsOn(page)) > discs || undefined, { timeoutMs: 15_000 });
    assert.equal(await focused(page), 'column-5', 'the focus stays where one plays');
    // Without sense, from here on: the bot wins soon.
    for (let n = 0; !(await ended()); n = (n + 1) % 7) {
      await until(
        'its turn, or the end',
        async () => (await ended()) || (await page.getByTestId('board').getAttribute('data-hand')) !== '' || undefined,
        { timeoutMs: 15_000 },
      );
      await settled(page);
      await press(String(n + 1));
    }
    await tabTo(page, 'Rematch');
    await press('Enter');
    await waitForMatch(page, 2);
    await waitForFocus(page, 'Four in a Row');
    await press('Shift+Tab');
    await tabTo(page, 'Leave');
    await press('Enter');
    await waitForFocus(page, 'Stay');
    await press('Enter');
    await waitForFocus(page, 'Leave');
    await press('Enter');
    await waitForFocus(page, 'Stay');
    await press('Shift+Tab', 'Enter');
    await page.locator('.home').waitFor();
    await waitForFocus(page, 'Games that go on.');
  });

  it('a question keeps the focus where it was put, whatever happens at the table meanwhile', async () => {
    await tabTo(page, 'bots-four-in-a-row');
    await press('Enter');
    await waitForPhase(page, 'playing');
    await until(
      'the page has the turn',
      async () => (await page.getByTestId('board').getAttribute('data-hand')) !== '' || undefined,
      { timeoutMs: 15_000 },
    );
    await tabTo(page, 'Leave');
    await press('Enter');
    await waitForFocus(page, 'Stay');
    await press('Shift+Tab');
    await waitForFocus(page, 'Give up');
    const discs = await discsOn(page);
    await settled(page);
    await press('4');
    await until('the bot has moved as well', async () => (await discsOn(page)) >= discs + 2 || undefined, {
      timeoutMs: 15_000,
    });
    assert.equal(await focused(page), 'Give up');
  });

  it("Liar's Dice: a table is opened, bots are added, the match is begun, bids are made, the third one is doubted", async () => {
    await tabTo(page, 'friends-liars-dice');
    await press('Enter');
    await waitForPhase(page, 'waiting');
    await waitForFocus(page, 'Liar’s Dice');
    await tabTo(page, 'add-bot');
    for (const seat of [1, 2]) {
      await press('Enter');
      await page.getByTestId(`seat-${seat}`).getByText('bot', { exact: true }).waitFor();
      await waitForFocus(page, 'add-bot');
    }
    await tabTo(page, 'start');
    await press('Enter');
    await waitForPhase(page, 'playing');
    await waitForFocus(page, 'Liar’s Dice');
    const turn = () =>
      until('its turn', async () => (await page.getByTestId('dice').getAttribute('data-hand')) !== '' || undefined, {
        timeoutMs: 60_000,
      });
    await turn();
    const count = Number(await page.getByTestId('bid-count').textContent());
    await settled(page);
    await press('6');
    await page.locator('[data-testid="bid-face-6"][aria-pressed="true"]').waitFor();
    await press('+');
    assert.ok(Number(await page.getByTestId('bid-count').textContent()) >= count);
    await tabTo(page, 'bid');
    await press('Enter');
    // Whoever bids by keyboard finds the next bid there, and the doubt one stop further.
    await turn();
    await waitForFocus(page, 'bid');
    await until(
      'there is something to doubt',
      async () => {
        if (await page.getByTestId('challenge').isEnabled()) return true;
        await press('Enter');
        await turn();
        return undefined;
      },
      { timeoutMs: 30_000 },
    );
    await tabTo(page, 'challenge');
    await press('Enter');
    await page.getByTestId('reveal').waitFor();
  });

  it('Arena: a craft is steered and dashes, also with the focus on a word that is said', async () => {
    await tabTo(page, 'bots-arena');
    await press('Enter');
    await page.locator('[data-testid="arena"][data-phase="play"]').waitFor();
    await waitForFocus(page, 'Arena');
    const craft = async () => (await page.getByTestId('arena').getAttribute('data-crafts'))?.split(' ')[0];
    const moves = async (key: string) => {
      const from = await craft();
      await page.keyboard.down(key);
      await until('the craft moves', async () => (await craft()) !== from || undefined, { timeoutMs: 15_000 });
      await page.keyboard.up(key);
    };
    await moves('ArrowUp');
    await press('Space');
    await until(
      'it has dashed',
      async () =>
        (await page
          .getByTestId('arena')
          .evaluate(arena => Number(getComputedStyle(arena).getPropertyValue('--rested')) < 1)) || undefined,
      { timeoutMs: 15_000, intervalMs: 10 },
    );
    await tabTo(page, 'emote-gg');
    await press('Enter');
    await moves('KeyS');
  });

  it('a wrong code: the words are at the field, which keeps the focus', async () => {
    await tabTo(page, 'Your name');
    await press('Tab');
    await page.keyboard.type('ZZZZZ');
    await press('Enter');
    const field = page.getByLabel('Or join by code');
    await page.getByText('No table has this code').waitFor();
    assert.equal(
      await field.evaluate(input => input === document.activeElement && input.getAttribute('aria-invalid') === 'true'),
      true,
    );
    assert.equal(
      await field.getAttribute('aria-describedby').then(id => page.locator(`#${id}`).textContent()),
      'No table has this code',
    );
  });

  it('turned away: the focus is on why, and the next stop is what can be done', async () => {
    await tabTo(page, 'Your name');
    await page.evaluate(() => {
      location.hash = '#/code/ZZZZZ';
    });
    await waitForFocus(page, 'No table has this code');
    await press('Tab');
    assert.equal(await focused(page), 'Home');
    await press('Enter');
    await waitForFocus(page, 'Games that go on.');
  });
});
