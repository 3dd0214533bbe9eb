import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { until } from '../../../tools/until.ts';
import {
  connectionErrors,
  discsOn,
  expectNoConsoleErrors,
  expectSameBoards,
  waitForPhase,
  playMove,
  shortGame,
  seatTwoPages,
  termOf,
  startButton,
  waitForTurn,
  type Visitor,
  type VisitorOptions,
} from './browser.ts';
import { quickJoinFromTwoBrowsers } from './quick-join-meeting.ts';
import {
  expectNoReload,
  waitUntilLive,
  waitForNode,
  markPageLoad,
  waitForOwner,
  waitUntilReconnecting,
  recoveryTimeoutMs,
  connectToNode,
  waitForTermAbove,
  blockWebSockets,
  countPolls,
} from './cluster-page.ts';
import { playFirstFreeColumns } from './play.ts';
import { playInPython } from './python-player.ts';
import { onSharedCluster, sharedBrowser } from './shared.ts';

/** Real browsers, nginx, three nodes, Redis. The page may be slow for a moment; it must never need help. */
describe('the page, on a cluster', function () {
  this.timeout(120_000);
  const on = onSharedCluster();

  const open = (options: VisitorOptions = {}, link = `${on.url}/`): Promise<Visitor> =>
    on.visits.open({ still: true, ...options }, link);
  /** Two at a table, on node-1 and on node-2. */
  const seatTwo = async (options: VisitorOptions = {}): Promise<[Visitor, Visitor]> => {
    const addresses = await on.shared.addresses();
    const a = await open({ ...options, name: 'Ada', address: addresses.get('node-1')! });
    const b = await seatTwoPages(a, link => open({ ...options, name: 'Ben', address: addresses.get('node-2')! }, link));
    // A phone shows no panel that would say where it is.
    if (options.phone !== true)
      for (const [visitor, node] of [
        [a, 'node-1'],
        [b, 'node-2'],
      ] as const)
        await connectToNode(visitor, node, addresses.get(node)!);
    return [a, b];
  };
  const pagesOf = (visitors: readonly [Visitor, Visitor]) => visitors.map(({ page }) => page) as [Page, Page];

  it('[Q1] two browsers on different nodes that press the button at the same moment meet in one room', async () => {
    const { met, rooms } = await quickJoinFromTwoBrowsers(
      await sharedBrowser(),
      on.cluster,
      await on.shared.addresses(),
    );
    assert.ok(met, rooms.join(' '));
  });

  it('[O3][O8][A3] two play a whole game over long-polling, where WebSockets are refused; the owner is killed -9 in the middle', async () => {
    const pages = pagesOf(await seatTwo({ prepare: blockWebSockets }));
    await markPageLoad(pages);
    const starter = await waitForTurn(pages);
    for (const column of shortGame.slice(0, 3)) await playMove(pages, column);
    const term = await termOf(pages[0]);
    await on.cluster.kill(await waitForOwner(pages[0]));
    for (const column of shortGame.slice(3)) await playMove(pages, column, recoveryTimeoutMs);
    await Promise.all(pages.map(page => waitForPhase(page, 'ended')));
    await expectSameBoards(pages);
    for (const page of pages) {
      assert.equal(await page.getByTestId('result').textContent(), page === starter ? 'You win' : 'You lose');
      await waitForTermAbove(page, term);
      assert.ok((await countPolls(page)) > 0);
    }
    await expectNoReload(pages);
  });

  it('[W6][O3][O8][A3] a page over WebSockets and a client in Python play a whole game; the owner is killed -9 in the middle', async () => {
    const { page } = await open({ name: 'Ada' });
    await startButton(page, 'friends').click();
    await waitForPhase(page, 'waiting');
    const python = playInPython(on.url, page.url().split('/').pop()!);
    try {
      await waitForPhase(page, 'playing');
      await markPageLoad([page]);
      let termBefore = 0;
      await playFirstFreeColumns(page, async discs => {
        if (discs < 3 || termBefore !== 0) return;
        termBefore = await termOf(page);
        await on.cluster.kill(await waitForOwner(page));
      });
      const { seat, result, term } = await python.played;
      const words = result.ranking.length === 1 ? 'A draw' : result.ranking[0]!.includes(seat) ? 'You lose' : 'You win';
      assert.equal(await page.getByTestId('result').textContent(), words);
      assert.ok(termBefore > 0 && term > termBefore, 'the match ended under another owner');
      assert.equal(await countPolls(page), 0);
      await expectNoReload([page]);
    } finally {
      await python.stop();
    }
  });

  it('[O3][O4] Redis is killed under play: the page says "one moment", then the move counts, once', async () => {
    const pages = pagesOf(await seatTwo());
    await markPageLoad(pages);
    await playMove(pages, shortGame[0]!);
    const term = await termOf(pages[0]);
    await on.cluster.killRedis();
    const mover = await waitForTurn(pages);
    await mover.getByTestId(`column-${shortGame[1]}`).click();
    await mover.getByTestId('line-status').getByText('One moment…').waitFor({ timeout: recoveryTimeoutMs });
    assert.equal(await discsOn(mover), 1, 'nothing is shown that is not kept');
    await on.cluster.startRedis();
    await Promise.all(
      pages.map(page => page.locator('[data-testid="board"][data-discs="2"]').waitFor({ timeout: recoveryTimeoutMs })),
    );
    await playMove(pages, shortGame[2]!, recoveryTimeoutMs);
    await expectSameBoards(pages);
    for (const page of pages) await waitForTermAbove(page, term);
    await expectNoReload(pages);
  });

  it('[C4][S2][C2] a phone whose network falls silent notices it, is away to the others, and comes back into the seat with what was missed', async () => {
    const visitors = await seatTwo({ phone: true });
    const pages = pagesOf(visitors);
    await markPageLoad(pages);
    const here = await waitForTurn(pages);
    const gone = visitors.find(({ page }) => page !== here)!;
    await gone.context.setOffline(true);
    await here.getByTestId('column-4').click();
    await here.locator('[data-testid="board"][data-discs="1"]').waitFor();
    await waitUntilReconnecting(gone.page);
    await gone.page.getByText('Your seat is kept for a while.').waitFor({ timeout: recoveryTimeoutMs });
    assert.equal(await discsOn(gone.page), 0);
    assert.equal(
      await gone.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
      true,
      'wider than the phone',
    );
    await here.getByText('They have lost the connection.').waitFor({ timeout: recoveryTimeoutMs });
    const held = async () => {
      const [, minutes, seconds] =
        /away, held (\d+):(\d+)/.exec((await here.getByText(/^away, held/).textContent()) ?? '') ?? [];
      return seconds === undefined ? undefined : Number(minutes) * 60 + Number(seconds);
    };
    const from = await until('the other side is away', held, { timeoutMs: recoveryTimeoutMs });
    await until('the clock of the held seat runs', async () => ((await held())! < from ? true : undefined), {
      timeoutMs: recoveryTimeoutMs,
    });
    await gone.context.setOffline(false);
    await gone.page.locator('[data-testid="board"][data-discs="1"]').waitFor({ timeout: recoveryTimeoutMs });
    await waitUntilLive(gone.page);
    await here.getByText(/^away, held/).waitFor({ state: 'detached', timeout: recoveryTimeoutMs });
    for (const column of [3, 4]) await playMove(pages, column, recoveryTimeoutMs);
    await expectSameBoards(pages);
    await expectNoReload(pages);
  });

  it('a second window of the same browser goes to another node by itself', async () => {
    const first = await open();
    const second = await open({ beside: first });
    await until(
      'they are on different nodes',
      async () => {
        const [a, b] = await Promise.all(
          [first, second].map(({ page }) => page.getByTestId('line-status').textContent()),
        );
        return (/^On node-\d$/.test(a!) && /^On node-\d$/.test(b!) && a !== b) || undefined;
      },
      { timeoutMs: recoveryTimeoutMs },
    );
    await startButton(first.page, 'friends').click();
    await second.page.getByLabel('Or join by code').fill((await first.page.getByTestId('code').textContent())!);
    await second.page.getByRole('button', { name: 'Join', exact: true }).click();
    await Promise.all([first, second].map(({ page }) => waitForPhase(page, 'playing')));
    assert.notEqual(await waitForNode(first.page), await waitForNode(second.page));
    for (const column of [4, 3]) await playMove([first.page, second.page], column);
    expectNoConsoleErrors([first, second]);
  });

  it('a player who is moved to another node by the panel plays on', async () => {
    const pages = pagesOf(await seatTwo());
    await markPageLoad(pages);
    const before = await waitForNode(pages[0]);
    await until(
      'another node',
      async () => {
        await pages[0].getByRole('button', { name: 'Move me to another node' }).click();
        await waitUntilLive(pages[0]);
        // a route is drawn by lot, and may lead to the same node
        return (await waitForNode(pages[0])) !== before || undefined;
      },
      { timeoutMs: recoveryTimeoutMs },
    );
    for (const column of [4, 3]) await playMove(pages, column, recoveryTimeoutMs);
    await expectNoReload(pages);
  });

  it('without a control there is nothing to disturb with', async () => {
    // What a node says that the launcher gave no control to.
    const { page } = await open({
      prepare: async context =>
        void (await context.route('**/config.json', async route => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...((await response.json()) as object), controlPort: null } });
        })),
    });
    await startButton(page, 'friends').click();
    await page.getByTestId('cluster-panel').getByText('node-3').first().waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Kill|Freeze|Restart|Drain|Add a node)/ }).count(), 0);
    assert.equal(await page.getByTestId('control-hint').count(), 0);
  });

  it('[C7] [O22] two who come from two networks, the second by the link of the first, meet at one node; their table is there, and they play', async () => {
    const addresses = await on.shared.addresses();
    const a = await open({ name: 'Ada', address: addresses.get('node-1')! }, `${on.url}/?by-room`);
    const b = await seatTwoPages(a, link => {
      assert.equal(new URL(link).search, '?by-room');
      return open({ name: 'Ben', address: addresses.get('node-2')! }, link);
    });
    const pages = pagesOf([a, b]);
    await until(
      'they meet, and their table comes',
      async () => {
        const [one, other, owner] = [
          await waitForNode(pages[0]),
          await waitForNode(pages[1]),
          await waitForOwner(pages[0]),
        ];
        return (one === other && owner === one) || undefined;
      },
      { timeoutMs: 2 * recoveryTimeoutMs, intervalMs: 200 },
    );
    for (const column of [4, 3]) await playMove(pages, column);
    expectNoConsoleErrors([a, b], connectionErrors);
  });
});
