import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { startCluster, type Cluster } from '../../server/launcher/cluster.ts';
import { until } from '../../server/launcher/until.ts';
import { buildPage } from '../../server/page.ts';
import {
  boardOf, brokenLines, discsOn, expectNoConsoleErrors, expectSameBoards, launchBrowser, linkOf, openPage, phaseIs, playGame, playMove, shortGame, sitDownTogether, termOf, way, whoseTurn,
  type Visitor, type VisitorOptions,
} from './browser.ts';
import { meet } from './meet.ts';
import { addressesOf, comeFrom, expectNoReload, live, nodeOf, noteTheLoad, ownerOf, reconnecting, recovery, settleOn, termAbove, withHangingWebSockets, withoutWebSockets } from './on-cluster.ts';

/** Real browsers, nginx, three nodes, Redis. The page may be slow for a moment; it must never need help. */
describe('the page, on a cluster', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let browser: Browser;
  let addresses: Map<string, string>;
  let visitors: Visitor[] = [];
  const exits: string[] = [];

  const open = async (options: VisitorOptions = {}, link = `${cluster.url}/`): Promise<Visitor> => {
    const visitor = await openPage(browser, link, { still: true, ...options });
    visitors.push(visitor);
    return visitor;
  };
  /** Two at a table, on node-1 and on node-2 where nothing stands in the way. */
  const seatTwo = async (options: VisitorOptions = {}): Promise<[Page, Page]> => {
    const a = await open({ ...options, name: 'Ada', address: addresses.get('node-1')! });
    const b = await sitDownTogether(a, link => open({ ...options, name: 'Ben', address: addresses.get('node-2')! }, link));
    return [a.page, b.page];
  };
  const nodesOf = (pages: readonly Page[]) => Promise.all(pages.map(nodeOf));
  const stateOf = (name: string) => cluster.nodes.find(node => node.name === name)!.state;
  const awake = (name: string) => until(`${name} is awake`, () => stateOf(name) === 'up' || undefined, { within: recovery });
  const resultOf = (page: Page) => page.getByTestId('result').textContent();

  before(async () => {
    await buildPage();
    [cluster, browser] = await Promise.all([startCluster({ nodes: 3, quiet: true, redis: { appendfsync: 'always' }, env: { LOG_LEVEL: 'warn' } }), launchBrowser()]);
    cluster.on('exit', exit => { if (!exit.expected) exits.push(exit.name); });
    addresses = await addressesOf(cluster);
  });
  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });
  afterEach(async () => {
    const all = visitors;
    visitors = [];
    await Promise.all([...new Set(all.map(v => v.context))].map(context => context.close()));
    if (cluster.redisPid === undefined) await cluster.startRedis();
    for (const { name, state } of cluster.nodes) if (state === 'down') await cluster.restart(name);
    expectNoConsoleErrors(all, brokenLines);
    assert.deepEqual(exits, [], 'nothing ended that was not told to');
  });

  it('[Q1] two browsers on different nodes that press the button at the same moment meet in one room, three times of three', async () => {
    for (let time = 0; time < 3; time++) {
      const { met, rooms } = await meet(browser, cluster, addresses);
      assert.ok(met, rooms.join(' '));
    }
  });

  const networks: { how: string; options: VisitorOptions; polls: boolean; on?: string[] }[] = [
    { how: 'over WebSockets', options: {}, polls: false, on: ['node-1', 'node-2'] },
    { how: 'over long-polling, where WebSockets are refused', options: { prepare: withoutWebSockets }, polls: true, on: ['node-1', 'node-2'] },
    // Whoever has waited in vain tries another route, which leads anywhere.
    { how: 'over long-polling, where WebSockets hang', options: { prepare: withHangingWebSockets }, polls: true },
  ];
  for (const { how, options, polls, on } of networks) {
    it(`[O3][O8][A3] two play a whole game ${how}; the owner is killed -9 in the middle`, async () => {
      const pages = await seatTwo(options);
      for (const [i, node] of (on ?? []).entries()) await settleOn(visitors[i]!, node, addresses.get(node)!);
      await noteTheLoad(pages);
      const starter = await whoseTurn(pages);
      for (const column of shortGame.slice(0, 3)) await playMove(pages, column);
      const term = await termOf(pages[0]);
      await cluster.kill(await ownerOf(pages[0]));
      for (const column of shortGame.slice(3)) await playMove(pages, column, recovery);
      await Promise.all(pages.map(page => phaseIs(page, 'ended')));
      await expectSameBoards(pages);
      assert.equal(await resultOf(starter), 'You win');
      assert.equal(await resultOf(pages.find(page => page !== starter)!), 'You lose');
      for (const page of pages) {
        await termAbove(page, term);
        const polled = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('transport=polling')).length);
        assert.equal(polled > 0, polls, `${polled} polls`);
      }
      await expectNoReload(pages);
    });
  }

  it('[O6][J1] the owner freezes for 5 s with both players on it: play goes on without it, and it changes nothing when it wakes', async () => {
    const a = await open({ name: 'Ada', address: addresses.get('node-1')! });
    const b = await sitDownTogether(a, link => open({ name: 'Ben', address: addresses.get('node-2')! }, link));
    const owner = await ownerOf(a.page);
    for (const visitor of [a, b]) {
      await comeFrom(visitor, addresses.get(owner)!);
      await settleOn(visitor, owner, addresses.get(owner)!);
    }
    const pages = [a.page, b.page];
    assert.equal(await ownerOf(a.page), owner);
    await noteTheLoad(pages);
    for (const column of shortGame.slice(0, 2)) await playMove(pages, column);
    const term = await termOf(a.page);

    cluster.freeze(owner, 5_000);
    await playMove(pages, shortGame[2]!, recovery);
    for (const page of pages) {
      await termAbove(page, term);
      assert.notEqual(await nodeOf(page), owner);
    }
    await awake(owner);
    const [after, board] = [await termOf(a.page), await boardOf(a.page)];
    // Who asks the node that slept is told what the others see.
    const spectator = await open({ address: addresses.get(owner)! }, a.page.url());
    await spectator.page.getByRole('button', { name: 'Watch the game' }).click();
    await phaseIs(spectator.page, 'playing');
    assert.equal(await nodeOf(spectator.page), owner);
    assert.deepEqual(await boardOf(spectator.page), board);
    for (const column of shortGame.slice(3)) await playMove([...pages, spectator.page], column, recovery);
    await expectSameBoards([...pages, spectator.page]);
    assert.equal(await termOf(a.page), after, 'nobody took the table again');
    await expectNoReload(pages);
  });

  it('[O3][O4] Redis is killed under play: the page says "one moment", then the move counts, once', async () => {
    const pages = await seatTwo();
    await noteTheLoad(pages);
    for (const column of shortGame.slice(0, 3)) await playMove(pages, column);
    const term = await termOf(pages[0]);
    await cluster.killRedis();
    const mover = await whoseTurn(pages);
    await mover.getByTestId(`column-${shortGame[3]}`).click();
    await mover.getByTestId('line-status').getByText('One moment…').waitFor({ timeout: recovery });
    assert.equal(await discsOn(mover), 3, 'nothing is shown that is not kept');
    await cluster.startRedis();
    await Promise.all(pages.map(page => page.locator('[data-testid="board"][data-discs="4"]').waitFor({ timeout: recovery })));
    for (const column of shortGame.slice(4)) await playMove(pages, column, recovery);
    await Promise.all(pages.map(page => phaseIs(page, 'ended')));
    await expectSameBoards(pages);
    for (const page of pages) await termAbove(page, term);
    await expectNoReload(pages);
  });

  it('[O10] all nodes are drained, one after the other: players are moved, and play on', async () => {
    const pages = await seatTwo();
    await noteTheLoad(pages);
    const columns = [...shortGame];
    for (const { name } of cluster.nodes) {
      const drained = cluster.drain(name);
      await playMove(pages, columns.shift()!, recovery);
      await drained;
      for (const page of pages) {
        await live(page);
        assert.notEqual(await nodeOf(page), name);
      }
      await playMove(pages, columns.shift()!, recovery);
      await cluster.restart(name);
    }
    await playGame(pages, columns);
    await expectNoReload(pages);
  });

  it('nginx is reloaded: nobody is cut off', async () => {
    const pages = await seatTwo();
    await playMove(pages, 4);
    await cluster.reloadNginx();
    await playMove(pages, 4);
    assert.deepEqual(await nodesOf(pages), ['node-1', 'node-2']);
    expectNoConsoleErrors(visitors);
  });

  it('[C4][C2] a network that falls silent is noticed, and what was missed comes when it is back', async () => {
    const pages = await seatTwo();
    await noteTheLoad(pages);
    const here = await whoseTurn(pages);
    const gone = visitors.find(({ page }) => page !== here)!;
    await gone.context.setOffline(true);
    await here.getByTestId('column-4').click();
    await here.locator('[data-testid="board"][data-discs="1"]').waitFor();
    await reconnecting(gone.page);
    assert.equal(await discsOn(gone.page), 0);
    await gone.context.setOffline(false);
    await gone.page.locator('[data-testid="board"][data-discs="1"]').waitFor({ timeout: recovery });
    await live(gone.page);
    for (const column of [3, 4, 3, 4, 3, 4]) await playMove(pages, column);
    await Promise.all(pages.map(page => phaseIs(page, 'ended')));
    await expectSameBoards(pages);
    await expectNoReload(pages);
  });

  it('[S2][C2] a player in flight mode for 20 s is away, and comes back into the seat with what was missed', async () => {
    const pages = await seatTwo({ phone: true });
    await noteTheLoad(pages);
    const here = await whoseTurn(pages);
    const gone = visitors.find(({ page }) => page !== here)!;
    await gone.context.setOffline(true);
    await here.getByTestId('column-4').click();
    const held = async () => {
      const [, minutes, seconds] = /away, held (\d+):(\d+)/.exec((await here.getByText(/^away, held/).textContent()) ?? '') ?? [];
      return seconds === undefined ? undefined : Number(minutes) * 60 + Number(seconds);
    };
    const from = await until('the other side is away', held, { within: recovery });
    await here.getByText('They have lost the connection.').waitFor();
    await gone.page.getByText('Your seat is kept for a while.').waitFor();
    assert.equal(await gone.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'wider than the phone');
    await until('20 s later', async () => ((await held())! <= from - 20 ? true : undefined), { within: recovery + 20_000, every: 250 });
    await gone.context.setOffline(false);
    await gone.page.locator('[data-testid="board"][data-discs="1"]').waitFor({ timeout: recovery });
    await here.getByText(/^away, held/).waitFor({ state: 'detached', timeout: recovery });
    for (const column of [3, 4, 3, 4, 3, 4]) await playMove(pages, column);
    await Promise.all(pages.map(page => phaseIs(page, 'ended')));
    await expectSameBoards(pages);
    await expectNoReload(pages);
  });

  it('a second window of the same browser goes to another node by itself', async () => {
    const first = await open();
    const second = await open({ beside: first });
    await until('they are on different nodes', async () => {
      const [a, b] = await Promise.all([first, second].map(({ page }) => page.getByTestId('line-status').textContent()));
      return (/^On node-\d$/.test(a!) && /^On node-\d$/.test(b!) && a !== b) || undefined;
    }, { within: recovery });
    await way(first.page, 'friends').click();
    await second.page.getByLabel('Or join by code').fill((await first.page.getByTestId('code').textContent())!);
    await second.page.getByRole('button', { name: 'Join', exact: true }).click();
    await Promise.all([first, second].map(({ page }) => phaseIs(page, 'playing')));
    assert.notEqual(await nodeOf(first.page), await nodeOf(second.page));
    await playGame([first.page, second.page]);
    expectNoConsoleErrors(visitors);
  });

  it('who is moved to another node by the panel plays on', async () => {
    const pages = await seatTwo();
    await noteTheLoad(pages);
    const before = await nodeOf(pages[0]);
    await until('another node', async () => {
      await pages[0].getByRole('button', { name: 'Move me to another node' }).click();
      await live(pages[0]);
      return (await nodeOf(pages[0])) !== before || undefined; // a route is drawn by lot, and may lead to the same node
    }, { within: recovery });
    await playGame(pages);
    await expectNoReload(pages);
    // Of two lines that are tried at a time on a busy machine the slower one is given up, which the browser reports.
    expectNoConsoleErrors(visitors, brokenLines);
  });

  it('without a control there is nothing to disturb with', async () => {
    const [page] = await seatTwo();
    assert.equal(await page.getByRole('button', { name: /^(Kill|Freeze|Restart|Drain|Add a node)/ }).count(), 0);
    assert.equal(await page.getByText('Disturb a node').count(), 0);
    const config = await page.evaluate(async () => (await (await fetch('config.json')).json()) as { clustered: boolean; controlPort: number | null });
    assert.deepEqual([config.clustered, config.controlPort], [true, null]);
  });
});

/** The hand that kills, as the launcher gives it to a page on its own machine. */
describe('the cluster panel', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let browser: Browser;
  let visitors: Visitor[] = [];

  /** By the link that the launcher prints. */
  const control = () => `${cluster.url}/#/control/${cluster.control!.token}`;
  const open = async (options: VisitorOptions = {}, link = control()): Promise<Visitor> => {
    const visitor = await openPage(browser, link, { still: true, ...options });
    visitors.push(visitor);
    return visitor;
  };
  const press = (page: Page, deed: string) => page.getByRole('button', { name: deed, exact: true }).click();
  const health = (page: Page, node: string, how: string) => page.locator(`[data-testid="node-${node}"][data-health="${how}"]`).waitFor({ timeout: recovery });
  /** What the panel measured of the last thing done. */
  const measured = async (page: Page) => {
    const last = page.getByTestId('disturbances').locator('.disturbance').first();
    await until('the measurement is done', async () => (await last.getAttribute('data-done')) === 'true' || undefined, { within: recovery });
    return (await last.locator('b').textContent())!;
  };

  before(async () => {
    await buildPage();
    [cluster, browser] = await Promise.all([startCluster({ nodes: 3, quiet: true, control: {}, env: { LOG_LEVEL: 'warn' } }), launchBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });
  afterEach(async () => {
    const all = visitors;
    visitors = [];
    await Promise.all([...new Set(all.map(v => v.context))].map(context => context.close()));
    for (const { name, state } of cluster.nodes) if (state === 'down') await cluster.restart(name);
    expectNoConsoleErrors(all, brokenLines);
  });

  it('a kill from the panel is measured and told, and a restart brings the node back', async () => {
    const a = await open();
    const b = await sitDownTogether(a, link => open({}, link));
    const pages = [a.page, b.page];
    await noteTheLoad(pages);
    await playMove(pages, 1);
    const owner = await ownerOf(a.page);
    await a.page.locator(`[data-testid="node-${owner}"][data-owner="true"]`).waitFor();
    await press(a.page, `Kill ${owner}`);
    await a.page.getByTestId('toasts').getByText(/^Another node took over \(node-\d\)\. Play stood still for \d+ ms\.$/).waitFor({ timeout: recovery });
    await health(a.page, owner, 'down');
    assert.match(await measured(a.page), /^stood still for \d+ ms$|^no pause/);
    assert.notEqual(await ownerOf(a.page), owner);
    assert.equal(await a.page.getByRole('button', { name: `Kill ${owner}` }).isDisabled(), true);
    await playMove(pages, 2);

    await press(a.page, `Restart ${owner}`);
    await health(a.page, owner, 'up');
    assert.match(await measured(a.page), /^stood still for \d+ ms$|^no pause/);
    await playMove(pages, 1);
    await expectSameBoards(pages);
    await expectNoReload(pages);
  });

  it('a freeze and a drain from the panel, and one node more', async () => {
    const a = await open();
    const b = await sitDownTogether(a, link => open({}, link));
    const pages = [a.page, b.page];
    await noteTheLoad(pages);
    const frozen = await ownerOf(a.page);
    await press(a.page, `Freeze 5 s ${frozen}`);
    await health(a.page, frozen, 'frozen');
    await playMove(pages, 1, recovery);
    assert.match(await measured(a.page), /^stood still for \d+ ms$/);
    await health(a.page, frozen, 'up');
    await press(a.page, 'Add a node');
    await health(a.page, 'node-4', 'up');
    await measured(a.page);
    const drained = await ownerOf(a.page);
    await press(a.page, `Drain ${drained}`);
    await health(a.page, drained, 'down');
    await playMove(pages, 2, recovery);
    assert.notEqual(await ownerOf(a.page), drained);
    await expectNoReload(pages);
  });

  it('a page that was not opened by the printed link cannot touch the cluster, and says how; one that was keeps the token, and does not show it', async () => {
    const { page } = await open({}, `${cluster.url}/`);
    await way(page, 'friends').click();
    await page.getByTestId('control-hint').waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Kill|Freeze|Restart|Drain|Add a node)/ }).count(), 0);
    await page.goto(control());
    await page.reload();
    assert.equal(new URL(page.url()).hash, '#/');
    await way(page, 'friends').click();
    await page.getByRole('button', { name: 'Add a node', exact: true }).waitFor();
  });

  it('a page that came by the network sees the cluster, and cannot touch it', async function () {
    const lan = Object.values(networkInterfaces()).flat().find(a => a?.family === 'IPv4' && !a.internal)?.address;
    if (lan === undefined) return this.skip();
    const asked: string[] = [];
    const { page } = await open({ prepare: async context => void context.on('request', request => asked.push(request.url())) }, `http://${lan}:${cluster.port}/#/control/${cluster.control!.token}`);
    await way(page, 'friends').click();
    await linkOf(page);
    await page.getByTestId('node-node-1').waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Kill|Freeze|Restart|Drain|Add a node)/ }).count(), 0);
    assert.deepEqual(asked.filter(url => url.includes(String(new URL(cluster.control!.url).port))), []);
  });
});
