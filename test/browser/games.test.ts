import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { connect, type Client } from '../../client/index.ts';
import { startCluster, type Cluster } from '../../server/launcher/cluster.ts';
import { until } from '../../server/launcher/until.ts';
import { buildPage } from '../../server/page.ts';
import { randomFrom } from '../../shared/random.ts';
import { liarsDice } from '../../shared/games/liars-dice/contract.ts';
import { brokenLines, codeOf, expectNoConsoleErrors, launchBrowser, linkOf, openPage, phaseIs, table, way, type Visitor, type VisitorOptions } from './browser.ts';
import { diceTurn, playDice, playsByItself, ticks } from './at-play.ts';
import { addressesOf, expectNoReload, nodeOf, noteTheLoad, ownerOf, recovery, termAbove } from './on-cluster.ts';

/** All three games in real browsers, through nginx, on three nodes. */
describe('the games of the page, on a cluster', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let browser: Browser;
  let addresses: Map<string, string>;
  let visitors: Visitor[] = [];
  const friends: Client[] = [];

  const open = async (options: VisitorOptions = {}, link = `${cluster.url}/`): Promise<Visitor> => {
    const visitor = await openPage(browser, link, options);
    visitors.push(visitor);
    return visitor;
  };
  /** Somebody who plays with the client alone, on a node of one's choice as long as that is there. */
  const friend = (name: string, node: string): Client => {
    const client = connect(cluster.url, { name, storage: null, socket: { extraHeaders: { 'x-forwarded-for': addresses.get(node)! } } });
    friends.push(client);
    return client;
  };
  const seats = (page: Page) => page.getByTestId(/^seat-/);
  const say = (page: Page) => page.getByTestId('story').textContent();

  before(async () => {
    await buildPage();
    [cluster, browser] = await Promise.all([startCluster({ nodes: 3, quiet: true, env: { LOG_LEVEL: 'warn' } }), launchBrowser()]);
    addresses = await addressesOf(cluster);
  });
  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });
  afterEach(async () => {
    for (const client of friends.splice(0)) client.close();
    const all = visitors;
    visitors = [];
    await Promise.all([...new Set(all.map(v => v.context))].map(context => context.close()));
    for (const { name, state } of cluster.nodes) if (state === 'down') await cluster.restart(name);
    expectNoConsoleErrors(all, brokenLines);
  });

  for (const game of ['four-in-a-row', 'liars-dice', 'arena'] as const) {
    it(`who comes alone is playing ${game} against bots within five seconds, and they play`, async () => {
      const { page } = await open();
      const clicked = performance.now();
      await way(page, 'bots', game).click();
      await phaseIs(page, 'playing');
      assert.ok(performance.now() - clicked < 5_000, `${performance.now() - clicked} ms`);
      switch (game) {
        case 'four-in-a-row':
          await until('the bot has answered', async () => {
            if ((await page.getByTestId('board').getAttribute('data-hand')) !== '') await page.getByTestId('column-4').click();
            return Number(await page.getByTestId('board').getAttribute('data-discs')) >= 3 || undefined;
          }, { within: 15_000, every: 100 });
          return;
        case 'liars-dice': return await diceTurn(page, 15_000).then(move => move());
        case 'arena': return void await until('craft are on the move', async () => {
          const before = await page.getByTestId('arena').getAttribute('data-crafts');
          await page.waitForTimeout(1_200);
          return before !== null && before !== await page.getByTestId('arena').getAttribute('data-crafts') || undefined;
        }, { within: 15_000 });
      }
    });
  }

  it('a waiting room: the host adds bots, hands over, takes out; who was taken out is told', async () => {
    const host = await open({ name: 'Ada' });
    await way(host.page, 'friends', 'liars-dice').click();
    await phaseIs(host.page, 'waiting');
    assert.equal(await host.page.getByTestId('start').isDisabled(), true);
    const link = await linkOf(host.page);
    const [ben, eve] = [await open({ name: 'Ben' }, link), await open({ name: 'Eve' }, link)];
    await eve.page.getByText('Waiting for Ada to start').waitFor();
    await host.page.getByTestId('add-bot').click();
    await seats(ben.page).getByText('Bot 1').waitFor();
    await eve.page.getByTestId('emote-wow').click();
    await host.page.getByTestId('bubble-2').getByText('Wow!').waitFor();
    await host.page.getByTestId('bubble-2').waitFor({ state: 'detached' });

    await host.page.getByRole('button', { name: 'Remove Eve' }).click();
    await host.page.getByRole('button', { name: 'Keep' }).click();
    await host.page.getByRole('button', { name: 'Remove Eve' }).click();
    await host.page.getByRole('button', { name: 'Remove', exact: true }).click();
    await eve.page.getByTestId('refusal').getByText('The host has taken you out').waitFor();
    await eve.page.reload();
    await eve.page.getByTestId('refusal').getByText('The host has taken you out').waitFor();

    await host.page.getByRole('button', { name: 'Make Ben the host' }).click();
    await host.page.getByText('Waiting for Ben to start').waitFor();
    assert.match((await say(ben.page))!, /You are the host/);
    await ben.page.getByTestId('start').click();
    await Promise.all([host, ben].map(({ page }) => phaseIs(page, 'playing')));
    assert.equal(await host.page.getByTestId(/^cup-/).count(), 2, 'the others, of three');
  });

  it('a code leads to its game; who comes late joins an Arena that is on, and is watched', async () => {
    const host = await open({ name: 'Ada' });
    await way(host.page, 'friends', 'arena').click();
    const code = await codeOf(host.page);
    await host.page.getByTestId('add-bot').click();
    await host.page.locator('[data-testid="start"]:enabled').click();
    await phaseIs(host.page, 'playing');
    const late = await open({ name: 'Late' });
    await late.page.getByLabel('Or join by code').fill(code);
    await late.page.getByRole('button', { name: 'Join', exact: true }).click();
    await phaseIs(late.page, 'playing');
    await host.page.getByTestId('score-2').getByText('Late').waitFor();
    await open({}, `${cluster.url}/#/watch/${late.page.url().split('/').pop()!}`);
    await host.page.getByTestId('watchers').getByText('1').waitFor();
  });

  it('[O3][O8] two play a whole match of Liar\'s Dice; the owner is killed -9 in the middle', async () => {
    const [a, b] = [await open({ name: 'Ada', address: addresses.get('node-1')! }), await open({ name: 'Ben', address: addresses.get('node-2')! })];
    await a.page.getByTestId('game-liars-dice').getByLabel(/^Quick/).check();
    await way(a.page, 'friends', 'liars-dice').click();
    await b.page.goto(await linkOf(a.page));
    const pages = [a.page, b.page];
    await a.page.locator('[data-testid="start"]:enabled').click();
    await Promise.all(pages.map(page => phaseIs(page, 'playing')));
    assert.deepEqual(await Promise.all(pages.map(nodeOf)), ['node-1', 'node-2']);
    await noteTheLoad(pages);
    const term = Number(await table(a.page).getAttribute('data-term'));
    await playDice(pages, 1);
    await cluster.kill(await ownerOf(a.page));
    await playDice(pages, Infinity);
    const results = await Promise.all(pages.map(page => page.getByTestId('result').textContent()));
    assert.deepEqual(results.sort(), ['You lose', 'You win']);
    for (const page of pages) await termAbove(page, term);
    await expectNoReload(pages);

    await b.page.getByText('Ada begins the next match.').waitFor();
    await a.page.getByTestId('next-match').click();
    await Promise.all(pages.map(page => page.locator('[data-testid="table"][data-match="2"]').waitFor()));
  });

  it('[O3][O8] two and three bots play a whole match of Arena; the owner is killed -9 in the middle', async () => {
    const [a, b] = [await open({ name: 'Ada', address: addresses.get('node-1')! }), await open({ name: 'Ben', address: addresses.get('node-2')! })];
    await a.page.getByTestId('game-arena').getByLabel(/^Sprint/).check();
    await way(a.page, 'friends', 'arena').click();
    await b.page.goto(await linkOf(a.page));
    await phaseIs(b.page, 'waiting');
    for (const bot of [2, 3, 4]) {
      await a.page.getByTestId('add-bot').click();
      await seats(a.page).nth(bot).getByText('bot', { exact: true }).waitFor();
    }
    const pages = [a.page, b.page];
    await a.page.getByTestId('start').click();
    await Promise.all(pages.map(page => page.locator('[data-testid="arena"][data-phase="play"]').waitFor()));
    await noteTheLoad(pages);
    const term = Number(await table(a.page).getAttribute('data-term'));
    await a.page.keyboard.down('ArrowRight');
    await ticks(a.page, 60);
    await cluster.kill(await ownerOf(a.page));
    for (const page of pages) await termAbove(page, term);
    await ticks(b.page, 40);
    await Promise.all(pages.map(page => page.locator('[data-testid="table"][data-phase="ended"]').waitFor({ timeout: 45_000 })));
    const [mine, theirs] = await Promise.all(pages.map(page => page.getByRole('region', { name: 'Final standings' }).locator('li').evaluateAll(lines => lines.map(line => `${line.children[0]!.textContent} ${line.lastElementChild!.textContent}`))));
    assert.deepEqual(mine, theirs, 'both see the same places and gems');
    assert.equal(mine!.length, 5);
    await expectNoReload(pages);
  });

  it('[O3][V1] six on three nodes play a match of Liar\'s Dice; the owner is killed -9 in the middle, and all agree', async () => {
    const a = await open({ name: 'Ada', address: addresses.get('node-1')! });
    // The table is made by somebody without a page: one die each, so that a match has few rounds.
    const room = await friend('Cleo', 'node-3').create(liarsDice, { private: true, options: { dice: 1 } });
    await a.page.goto(`${cluster.url}/#/code/${room.code}`);
    await phaseIs(a.page, 'waiting');
    const b = await open({ name: 'Ben', address: addresses.get('node-2')! }, `${cluster.url}/#/code/${room.code}`);
    const rooms = [room];
    for (const [name, node] of [['Dana', 'node-1'], ['Eli', 'node-2'], ['Finn', 'node-3']] as const) rooms.push(await friend(name, node).join(liarsDice, { id: room.id }));
    await seats(b.page).getByText('Finn').waitFor();
    const random = randomFrom([1, 2, 3, 4]);
    for (const one of rooms) playsByItself(one, random);
    const pages = [a.page, b.page];
    assert.equal((await room.start()).ok, true);
    await Promise.all(pages.map(page => phaseIs(page, 'playing')));
    const term = Number(await table(a.page).getAttribute('data-term'));
    await noteTheLoad(pages);
    await playDice(pages, 1);
    await cluster.kill(await ownerOf(a.page));
    await playDice(pages, Infinity);
    for (const page of pages) await termAbove(page, term);
    const places = (await Promise.all(pages.map(page => page.getByTestId('ranking').locator('li').evaluateAll(lines => lines.map(line => line.textContent)))));
    assert.deepEqual(places[0], places[1]);
    await until('the others know, too', () => rooms.every(one => one.info.phase === 'ended') || undefined, { within: recovery });
    for (const one of rooms) assert.deepEqual(one.info.result, room.info.result);
    assert.deepEqual(places[0], room.info.result!.ranking.map(([seat], i) => `${i + 1}${room.players[seat!]!.name}`));
    await expectNoReload(pages);
  });
});
