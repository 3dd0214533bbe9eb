import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { liarsDice } from '../../../shared/games/liars-dice/contract.ts';
import { createRandom } from '../../../shared/random.ts';
import { playDice, playAutomatically, waitForTicks } from './play.ts';
import {
  boardOf,
  codeOf,
  discsOn,
  linkOf,
  waitForPhase,
  playGame,
  shortGame,
  seatTwoPages,
  termOf,
  startButton,
  type Visitor,
  type VisitorOptions,
} from './browser.ts';
import { expectNoReload, markPageLoad, waitForOwner, recoveryTimeoutMs, waitForTermAbove } from './cluster-page.ts';
import { builtPage, onSharedCluster, Visits } from './shared.ts';

// --- at a replay ------------------------------------------------------------------------------

const transport = (page: Page) => page.getByTestId('transport');
const endOf = async (page: Page): Promise<number> => Number(await transport(page).getAttribute('data-end'));
const placeOf = async (page: Page): Promise<number> => Number(await transport(page).getAttribute('data-place'));
const placeIs = (page: Page, place: number) =>
  page.locator(`[data-testid="transport"][data-place="${place}"][data-playing="false"]`).waitFor();
/** From the result of a match to its replay. */
async function watchReplay(page: Page): Promise<void> {
  await page.getByTestId('watch-replay').click();
  const refusal = page.getByTestId('refusal');
  await transport(page).or(refusal).waitFor();
  if ((await refusal.count()) > 0) assert.fail(`no replay: ${await refusal.textContent()}`);
}
const titleOf = async (page: Page): Promise<string> => (await page.getByTestId('replay-title').textContent())!;
const standingsOf = (page: Page) =>
  page
    .getByRole('region', { name: 'Final standings' })
    .locator('li')
    .evaluateAll(lines => lines.map(line => [...line.children].map(part => part.textContent).join(' ')));
/** Drags the thumb from one place to another, in steps. */
async function drag(page: Page, from: number, to: number, steps: number): Promise<void> {
  const box = (await page.getByTestId('slider').boundingBox())!;
  const x = (part: number) => box.x + 12 + (box.width - 24) * part;
  await page.mouse.move(x(from), box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(x(to), box.y + box.height / 2, { steps });
  await page.mouse.up();
}

/** Finished matches, watched again in real browsers. */
describe('replays on the page, on a cluster', function () {
  this.timeout(120_000);
  const on = onSharedCluster();
  const open = (options: VisitorOptions = {}, link?: string): Promise<Visitor> => on.visits.open(options, link);
  const friend = (name: string) => on.visits.friend(name);

  it('[Y2][Y6] Four in a Row: from the result to its replay, step by step, to the end that was seen; reloaded, shared, and back', async () => {
    const a = await open({ name: 'Ada' });
    await startButton(a.page, 'friends').click();
    const bens = await friend('Ben').join(fourInARow, { code: await codeOf(a.page) });
    await waitForPhase(a.page, 'playing');
    for (let moves = 0; moves < 7; moves++) {
      if (bens.state!.turn === bens.seat) assert.ok((await bens.act.drop({ column: shortGame[moves]! - 1 })).ok);
      else
        await a.page
          .locator('[data-testid="board"]:not([data-hand=""])')
          .waitFor()
          .then(() => a.page.getByTestId(`column-${shortGame[moves]}`).click());
      await until('both have seen it', () => bens.state!.moves === moves + 1 || undefined, {
        timeoutMs: recoveryTimeoutMs,
      });
    }
    await waitForPhase(a.page, 'ended');
    const winner = bens.players[bens.info.result!.ranking[0]![0]!]!.name;
    const [seen, table] = [await boardOf(a.page), a.page.url()];
    const { page } = a;

    await watchReplay(page);
    assert.equal(page.url(), `${on.url}/#/replay/${bens.id}/1`);
    assert.equal(await titleOf(page), `${winner} wins. Four in a row.`);
    assert.equal(await endOf(page), 7);
    await page.keyboard.press('Home');
    await placeIs(page, 0);
    assert.equal(await discsOn(page), 0);
    await page.getByTestId('step-on').click();
    await placeIs(page, 1);
    assert.equal(await page.locator('.disc.is-falling').count(), 1, 'a step on drops the disc');
    await page.keyboard.press('End');
    await placeIs(page, 7);
    assert.deepEqual(await boardOf(page), seen);
    assert.equal(await page.locator('.disc.is-falling').count(), 0, 'what lay there before does not fall');
    await page.keyboard.press('ArrowLeft');
    await placeIs(page, 6);
    assert.equal(await discsOn(page), 6);
    await page
      .getByTestId('narrator')
      .getByText(/^Move 6 of 7\. .* dropped into column 2\.$/)
      .waitFor();
    await drag(page, 6 / 7, 2 / 7, 12);
    await placeIs(page, 2);
    assert.equal(await discsOn(page), 2);
    assert.match(
      (await page.getByTestId('slider').getAttribute('aria-valuetext'))!,
      /^Move 2 of 7\. .* dropped into column 2\.$/,
    );

    await page.getByLabel('4 times as fast').check();
    await page.getByTestId('play').click();
    await page.locator('[data-testid="transport"][data-place="7"][data-playing="false"]').waitFor();
    await page.getByTestId('replay-say').getByText(`${winner} wins.`).waitFor();

    await page.reload();
    await transport(page).waitFor();
    assert.equal(await titleOf(page), `${winner} wins. Four in a row.`);
    await page.getByTestId('copy-link').click();
    await page.getByTestId('copy-link').getByText('Copied').waitFor();
    const stranger = await open({}, page.url());
    await stranger.page.keyboard.press('End');
    await placeIs(stranger.page, 7);
    assert.deepEqual(await boardOf(stranger.page), seen);
    await stranger.page.getByRole('button', { name: 'Home' }).click();
    await startButton(stranger.page, 'play').waitFor();

    await page.goBack();
    await waitForPhase(page, 'ended');
    assert.equal(page.url(), table);
    assert.deepEqual(await boardOf(page), seen);
  });

  it('[Y3] what cannot be watched is said in words: not over yet, not at all, no address', async () => {
    const [ada, ben] = [friend('Ada'), friend('Ben')];
    const room = await ada.create(fourInARow, { private: true });
    await ben.join(fourInARow, { id: room.id });
    await until('the match begins', () => room.info.phase === 'playing' || undefined, { timeoutMs: recoveryTimeoutMs });
    const { page } = await open({}, `${on.url}/#/replay/${room.id}/1`);
    const says = (text: string) => page.getByTestId('refusal').getByText(text).waitFor();
    await says('This match is not over yet');
    await page.getByRole('button', { name: 'Watch the game' }).click();
    await waitForPhase(page, 'playing');
    for (const wrong of [`${room.id}/2`, 'nowhere/1', 'nowhere', `${room.id}/none`, '%20/1', '/1', '']) {
      await page.goto(`${on.url}/#/replay/${wrong}`);
      await says('There is no such replay');
    }
    await page.getByTestId('refusal').getByRole('button', { name: 'Home' }).click();
    await startButton(page, 'play').waitFor();
  });

  it("[V4][Y2] Liar's Dice: all hands lie open from the first round on, to the result that was seen", async () => {
    const a = await open({ name: 'Ada' });
    const room = await friend('Cleo').create(liarsDice, { private: true, options: { dice: 1 } });
    const bens = await friend('Ben').join(liarsDice, { id: room.id });
    await a.page.goto(`${on.url}/#/code/${room.code}`);
    await waitForPhase(a.page, 'waiting');
    const random = createRandom([1, 2, 3, 4]);
    for (const one of [room, bens]) playAutomatically(one, random);
    assert.equal((await room.start()).ok, true);
    await waitForPhase(a.page, 'playing');
    await playDice([a.page], Infinity);
    const places = await a.page
      .getByTestId('ranking')
      .locator('li')
      .evaluateAll(lines => lines.map(line => line.textContent));
    await until('the others know, too', () => [room, bens].every(one => one.info.phase === 'ended') || undefined, {
      timeoutMs: recoveryTimeoutMs,
    });
    assert.deepEqual(bens.info.result, room.info.result);
    assert.deepEqual(
      places,
      room.info.result!.ranking.map(([seat], i) => `${i + 1}${room.players[seat!]!.name}`),
    );
    const { page } = a;
    await page.getByText('Cleo begins the next match.').waitFor();
    await watchReplay(page);
    await page.keyboard.press('Home');
    await placeIs(page, 0);
    for (const seat of [0, 1, 2])
      assert.equal(
        await page.getByTestId(`cup-${seat}`).locator('.die').count(),
        1,
        'a die of each, and none under a cup',
      );
    const end = await endOf(page);
    let challenges = 0;
    for (let place = 1; place <= end; place++) {
      await page.getByTestId('step-on').click();
      await placeIs(page, place);
      challenges += await page.getByTestId('reveal').count();
    }
    assert.equal(challenges, 2, 'of three players with a die each, two lose it');
    assert.match(await titleOf(page), new RegExp(`^${places[0]!.slice(1)} wins\\.`));
    assert.equal(await page.getByTestId('replay').getAttribute('data-phase'), 'ended');
  });

  it('[O3][O8][Y6] Arena: two and three bots play a match, the owner is killed in the middle, and again before it is watched; the end is the result that was seen', async () => {
    const a = await open({ name: 'Ada' });
    const { page } = a;
    await page
      .getByTestId('game-arena')
      .getByLabel(/^Sprint/)
      .check();
    await startButton(page, 'friends', 'arena').click();
    const b = await open({ name: 'Ben', still: true }, await linkOf(page));
    await waitForPhase(b.page, 'waiting');
    for (const bot of [2, 3, 4]) {
      await page.getByTestId('add-bot').click();
      await page
        .getByTestId(/^seat-/)
        .nth(bot)
        .getByText('bot', { exact: true })
        .waitFor();
    }
    const pages = [page, b.page];
    await page.getByTestId('start').click();
    await Promise.all(pages.map(one => one.locator('[data-testid="arena"][data-phase="play"]').waitFor()));
    await markPageLoad(pages);
    const term = await termOf(page);
    await page.keyboard.down('ArrowRight');
    await waitForTicks(page, 40);
    await on.cluster.kill(await waitForOwner(page));
    for (const one of pages) await waitForTermAbove(one, term);
    await waitForTicks(b.page, 40);
    await page.keyboard.up('ArrowRight');
    await Promise.all(
      pages.map(one => one.locator('[data-testid="table"][data-phase="ended"]').waitFor({ timeout: 45_000 })),
    );
    const standings = await standingsOf(page);
    assert.equal(standings.length, 5);
    // Everybody's own craft is You.
    assert.deepEqual(
      (await standingsOf(b.page)).map(line => line.replace(' You ', ' Ben ')),
      standings.map(line => line.replace(' You ', ' Ada ')),
    );
    await expectNoReload(pages);
    await b.context.close();
    await on.cluster.kill(await waitForOwner(page));
    await watchReplay(page);
    assert.equal(await endOf(page), 23_000, 'three seconds to get ready, and twenty of play, though an owner had died');
    await page.keyboard.press('End');
    await placeIs(page, 23_000);
    // Of others their names; one's own craft was You.
    assert.deepEqual(
      await standingsOf(page),
      standings.map(line => line.replace(' You ', ' Ada ')),
    );

    await drag(page, 1, 0.5, 60);
    const middle = await placeOf(page);
    assert.ok(Math.abs(middle - 11_500) < 500, `${middle}`);
    await until(
      'the scene is there, too',
      async () =>
        Math.abs(Number(await page.getByTestId('arena').getAttribute('data-tick')) - middle / 50) <= 1 || undefined,
      { timeoutMs: recoveryTimeoutMs },
    );
    const there = await page.getByTestId('arena').getAttribute('data-crafts');
    for (const key of ['Home', 'End']) await page.keyboard.press(key);
    await drag(page, 1, 0.5, 5);
    await until(
      'and again where it was',
      async () => (await page.getByTestId('arena').getAttribute('data-crafts')) === there || undefined,
      { timeoutMs: recoveryTimeoutMs },
    );

    await page.getByTestId('step-back').click();
    assert.equal((await placeOf(page)) % 250, 0);
    await page.keyboard.press('Home');
    await page.keyboard.press(' ');
    await until('it plays', async () => (await placeOf(page)) > 1_000 || undefined, { timeoutMs: recoveryTimeoutMs });
    await page.keyboard.press(' ');
    await page.locator('[data-testid="transport"][data-playing="false"]').waitFor();
    await page.reload();
    await transport(page).waitFor();
    await page.keyboard.press('End');
    await placeIs(page, 23_000);
    assert.deepEqual(
      await standingsOf(page),
      standings.map(line => line.replace(' You ', ' Ada ')),
    );
  });
});

describe('replays on the page, on one node', function () {
  let server: RunningServer;
  let url: string;
  const visits = new Visits(() => url);
  const open = (options: VisitorOptions, link?: string): Promise<Visitor> => visits.open(options, link);

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
    url = `http://127.0.0.1:${server.port}/`;
  });
  after(() => server?.close());
  afterEach(() => visits.end());

  it('on a phone it fits, and everything is as large as a finger; with reduced motion it does not begin by itself', async () => {
    const calm: VisitorOptions = {
      phone: true,
      prepare: async context =>
        context.on('page', page => void page.emulateMedia({ reducedMotion: 'reduce' })) && undefined,
    };
    const a = await open({ ...calm, name: 'A name of twenty-four xx' });
    const b = await seatTwoPages(a, link => open({ phone: true, name: 'Wilhelmina Featherstone' }, link));
    await playGame([a.page, b.page]);
    const { page } = a;
    await watchReplay(page);
    assert.equal(await transport(page).getAttribute('data-playing'), 'false');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
    const box = (await transport(page).boundingBox())!;
    assert.ok(Math.abs(box.y + box.height - 844) < 1, 'the slider is at the thumb');
    for (const target of await page.getByTestId('transport').locator('button, label, input[type=range]').all()) {
      const { width, height } = (await target.boundingBox())!;
      assert.ok(
        width >= 44 && height >= 44,
        `${await target.evaluate(element => element.outerHTML)}: ${width} × ${height}`,
      );
    }
    for (let place = 1; place <= 7; place++) {
      await page.getByTestId('step-on').tap();
      await placeIs(page, place);
      const now = (await transport(page).boundingBox())!;
      assert.deepEqual([now.y, now.height], [box.y, box.height], 'nothing moves but the discs');
    }
  });

  it('who watches a replay is told that the next match has begun, and goes back to it', async () => {
    const a = await open({ name: 'Ada' });
    const b = await seatTwoPages(a, link => open({ name: 'Ben' }, link));
    await playGame([a.page, b.page]);
    await a.page.getByRole('button', { name: 'Rematch' }).click();
    await watchReplay(a.page);
    await a.page.getByRole('button', { name: 'To the table' }).waitFor();
    await b.page.getByRole('button', { name: 'Rematch' }).click();
    await a.page.getByRole('button', { name: 'The next match is on' }).click();
    await waitForPhase(a.page, 'playing');
    assert.equal(await discsOn(a.page), 0);
  });
});
