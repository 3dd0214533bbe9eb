import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import type { AnyGame } from '../../../shared/contract.ts';
import { until as untilWithin } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { buildDevPage } from '../../../server/cli/build-page.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { sharedBrowser } from './shared.ts';

const until = <T>(what: string, look: () => Promise<T | undefined>) =>
  untilWithin(what, look, { timeoutMs: 15_000, intervalMs: 30 });

describe('the page for authors', () => {
  let server: RunningServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  before(async () => {
    await buildDevPage();
    server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
        log: noLog,
        dev: true,
      },
      { port: 0, host: '127.0.0.1' },
    );
    browser = await sharedBrowser();
  });
  after(async () => {
    await server?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(15_000);
    page = await context.newPage();
    complaints = [];
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(error.stack ?? error.message));
  });
  afterEach(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });

  const open = (setup: string) => page.goto(`http://127.0.0.1:${server.port}/dev${setup}`);
  const pane = (n: number): Locator => page.getByTestId(`pane-${n}`);
  const phaseIs = (phase: string) => page.locator(`[data-testid="facts"][data-phase="${phase}"]`).waitFor();
  const press = (n: number, name: string) => pane(n).getByRole('button', { name, exact: true }).click();
  /** Waits for the answer to an action: its code, and how long it took. */
  const answer = async (n: number, action: string, code: string): Promise<number> => {
    const shown = pane(n).locator(`[data-testid="answer-${action}"][data-code="${code}"]`);
    await shown.waitFor();
    return Number(await shown.getAttribute('data-ms'));
  };
  const entries = async (): Promise<number> => Number(await page.getByTestId('journal-head').getAttribute('data-seq'));
  const viewOf = async (n: number): Promise<string> =>
    ((await pane(n).getByTestId('view').textContent()) ?? '').replace(/\s+/g, ' ');

  /** Whose turn it is, by lot, and who waits. */
  const turn = async (): Promise<[mover: number, other: number]> => {
    const mover = await until('the turn', async () => /turn: (\d)/.exec(await viewOf(0))?.[1]);
    return [Number(mover), 1 - Number(mover)];
  };

  it('opens a room of any game by its form, and plays with the forms of its schemas', async () => {
    await open('');
    await page.getByLabel('Game').selectOption('four-in-a-row');
    await page.getByLabel('option turnSeconds').fill('0');
    await page.getByRole('button', { name: 'Open the room' }).click();
    await phaseIs('playing');
    assert.match((await page.getByTestId('facts').textContent())!, /"turnSeconds":0/);
    const before = await until('the journal is read', async () => (await entries()) || undefined);

    const [ann, bob] = await turn();
    await press(ann, 'drop 3');
    await answer(ann, 'drop', 'ok');
    await pane(bob).getByTestId('heard').getByText('dropped').waitFor();
    await press(ann, 'drop 3');
    await answer(ann, 'drop', 'not-your-turn');
    await press(bob, 'drop 3');
    await answer(bob, 'drop', 'ok');
    await until('the journal shows the moves', async () => ((await entries()) >= before + 3 ? true : undefined));
    await page.getByTestId('journal').locator('.flag.is-event', { hasText: 'dropped' }).nth(1).waitFor();
    for (const n of [0, 1])
      await until(`the view of seat ${n}`, async () => (/moves: 2/.test(await viewOf(n)) ? true : undefined));
    await until('the document', async () =>
      /moves: 2/.test((await page.getByTestId('document').textContent())!) ? true : undefined,
    );

    await press(1, 'emote gg');
    await pane(0).getByTestId('heard').getByText('from seat 1').waitFor();
    await pane(0).getByTestId('act-drop').getByRole('button', { name: 'drop as JSON' }).click();
    await pane(0).getByRole('textbox', { name: 'drop as JSON' }).fill('{"column":"x"}');
    await pane(0).getByTestId('act-drop').getByRole('button', { name: 'Send' }).click();
    await answer(0, 'drop', 'bad-data');
  });

  it('adds latency to one client alone, and its answers take longer', async () => {
    await open('#game=four-in-a-row&seats=2&go=1');
    await phaseIs('playing');
    const [slowly, other] = await turn();
    await press(slowly, 'drop 0');
    const quick = await answer(slowly, 'drop', 'ok');
    await pane(slowly)
      .getByRole('slider', { name: /^Latency of/ })
      .fill('500');
    await press(other, 'drop 0');
    const others = await answer(other, 'drop', 'ok');
    await until('the move has come', async () => (/moves: 2/.test(await viewOf(slowly)) ? true : undefined));
    await press(slowly, 'drop 0');
    const slow = await until('the slow answer', async () => {
      const ms = await answer(slowly, 'drop', 'ok');
      return ms === quick ? undefined : ms;
    });
    assert.ok(slow >= 500, `${slow} ms`);
    assert.ok(quick < 450 && others < 450, `without it, ${quick} and ${others} ms`);
  });

  it('shows each seat its own view, and the author everything', async () => {
    await open('#game=liars-dice&seats=2&go=1');
    await pane(1).getByText('No state before the first match.').waitFor();
    await press(0, 'Start');
    await phaseIs('playing');
    const hands = await until('the document', async () =>
      /hands: \[\[([\d ]+)\] \[([\d ]+)\]\]/.exec((await page.getByTestId('document').textContent())!)?.slice(1, 3),
    );
    const hidden = (n: number, hand: string) => (n === 0 ? `hands: [[${hand}] null]` : `hands: [null [${hand}]]`);
    for (const n of [0, 1]) {
      await until(`the view of seat ${n}`, async () => ((await viewOf(n)).includes('hands: ') ? true : undefined));
      assert.ok((await viewOf(n)).includes(hidden(n, hands[n]!)), await viewOf(n));
    }
    await page.getByTestId('timers').getByText('turn').waitFor();
  });

  it('pulls the cable of one client, which catches up when it is back', async () => {
    await open('#game=four-in-a-row&seats=2&spectator=1&go=1');
    await phaseIs('playing');
    await pane(2).getByText('moves').waitFor();
    const [here, away] = await turn();
    await press(away, 'Disconnect');
    await pane(away).locator('[data-testid="line"][data-state="reconnecting"]').waitFor();
    await press(here, 'drop 6');
    await answer(here, 'drop', 'ok');
    await until('the spectator sees it', async () => (/moves: 1/.test(await viewOf(2)) ? true : undefined));
    assert.match(await viewOf(away), /moves: 0/);
    await press(away, 'Reconnect');
    await pane(away).getByTestId('heard').getByText('by changes').waitFor();
    await until('it is up to date', async () => (/moves: 1/.test(await viewOf(away)) ? true : undefined));
    await press(away, 'drop 6');
    await answer(away, 'drop', 'ok');
    await press(away, 'Leave');
    await phaseIs('ended');
    await pane(away).getByTestId('trouble').getByText('left').waitFor();
  });

  it('shows the document at any entry, and what reloaded rules do', async () => {
    await open('#game=four-in-a-row&seats=2&go=1');
    await phaseIs('playing');
    const [ann, bob] = await turn();
    const document = page.getByTestId('document');
    const documentShows = (text: RegExp) =>
      until(`the document shows ${text}`, async () => (text.test((await document.textContent())!) ? true : undefined));
    await press(ann, 'drop 3');
    await answer(ann, 'drop', 'ok');
    await press(bob, 'drop 3');
    await answer(bob, 'drop', 'ok');
    await documentShows(/moves: 2/);
    await page.getByRole('button', { name: 'Previous entry' }).click();
    await documentShows(/moves: 1/);
    await page.getByRole('slider', { name: 'Entry shown' }).press('Home');
    await documentShows(/state: ?null/);
    await page.getByRole('button', { name: 'Now' }).click();
    await documentShows(/moves: 2/);

    const [fourInARow] = demoGames.filter(game => game.contract.name === 'four-in-a-row');
    assert.ok(fourInARow);
    // Rules under which a move counts twice.
    const { drop } = fourInARow.rules.actions;
    const rules: AnyGame['rules'] = {
      ...fourInARow.rules,
      actions: { drop: (s, data, ctx) => (drop!(s, data, ctx), void (s as { moves: number }).moves++) },
    };
    await server.reload(async () => [{ ...fourInARow, rules }]);
    await page.locator('[data-testid="rules"][data-loads="1"]').waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page
      .getByTestId('rerun')
      .getByText('state.moves')
      .or(page.getByTestId('rerun').getByText('moves 2'))
      .waitFor();
    await page
      .getByTestId('rerun')
      .getByRole('button', { name: /^Entry #/ })
      .click();
    await documentShows(/moves: 1/);
    await page.getByRole('button', { name: 'Now' }).click();
    await press(ann, 'drop 2');
    await answer(ann, 'drop', 'ok');
    await documentShows(/moves: 4/);
    await assert.rejects(server.reload(() => Promise.reject(new SyntaxError('rules.ts:3'))));
    await page.getByTestId('rules-problem').getByText('rules.ts:3').waitFor();
    await server.reload(async () => demoGames);
    await page.getByTestId('rules-problem').waitFor({ state: 'detached' });
  });

  it('holds and presses the inputs of a game that ticks', async () => {
    await open('#game=arena&seats=2&go=1');
    await pane(1).locator('[data-testid="line"][data-state="live"]').waitFor();
    await pane(1).getByText('No state before the first match.').waitFor();
    await press(0, 'Start');
    await phaseIs('playing');
    await pane(0).getByRole('slider', { name: 'steer x' }).fill('100');
    await pane(0).getByTestId('input-steer').getByRole('button', { name: 'Let go' }).waitFor();
    await pane(0).getByTestId('input-dash').getByRole('button', { name: 'Press' }).click();
    // Numbers of the inputs that have counted, by seat, in the unviewed document.
    await until('the inputs have counted', async () =>
      /inputs: \[[1-9]/.test((await page.getByTestId('document').textContent())!) ? true : undefined,
    );
  });
});
