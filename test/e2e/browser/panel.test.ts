import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import type { Page } from 'playwright-core';
import { until } from '../../../tools/until.ts';
import {
  expectSameBoards,
  linkOf,
  playMove,
  seatTwoPages,
  startButton,
  type Visitor,
  type VisitorOptions,
} from './browser.ts';
import { expectNoReload, markPageLoad, waitForOwner, recoveryTimeoutMs } from './cluster-page.ts';
import { thorough } from '../../thorough.ts';
import { onSharedCluster } from './shared.ts';

/** The hand that kills, as the launcher gives it to a page on its own machine. */
describe('the cluster panel', function () {
  this.timeout(120_000);
  const on = onSharedCluster();

  /** By the link that the launcher prints. */
  const control = () => `${on.url}/#/control/${on.cluster.control!.token}`;
  const open = (options: VisitorOptions = {}, link = control()): Promise<Visitor> =>
    on.visits.open({ still: true, ...options }, link);
  const press = (page: Page, deed: string) => page.getByRole('button', { name: deed, exact: true }).click();
  const health = (page: Page, node: string, how: string) =>
    page.locator(`[data-testid="node-${node}"][data-health="${how}"]`).waitFor({ timeout: recoveryTimeoutMs });
  /** What the panel measured of the last thing done. */
  const measured = async (page: Page) => {
    const last = page.getByTestId('disturbances').locator('.disturbance').first();
    await until('the measurement is done', async () => (await last.getAttribute('data-done')) === 'true' || undefined, {
      timeoutMs: recoveryTimeoutMs,
    });
    return (await last.locator('b').textContent())!;
  };

  it('a kill from the panel is measured and told, and a restart brings the node back', async () => {
    const a = await open();
    const b = await seatTwoPages(a, link => open({}, link));
    const pages = [a.page, b.page];
    await markPageLoad(pages);
    await playMove(pages, 1);
    const owner = await waitForOwner(a.page);
    await a.page.locator(`[data-testid="node-${owner}"][data-owner="true"]`).waitFor();
    await press(a.page, `Kill ${owner}`);
    await a.page
      .getByTestId('toasts')
      .getByText(/^Another node took over \(node-\d\)\. Play stood still for \d+ ms\.$/)
      .waitFor({ timeout: recoveryTimeoutMs });
    await health(a.page, owner, 'down');
    assert.match(await measured(a.page), /^stood still for \d+ ms$|^no pause/);
    assert.notEqual(await waitForOwner(a.page), owner);
    assert.equal(await a.page.getByRole('button', { name: `Kill ${owner}` }).isDisabled(), true);
    await playMove(pages, 2);

    await press(a.page, `Restart ${owner}`);
    await health(a.page, owner, 'up');
    assert.match(await measured(a.page), /^stood still for \d+ ms$|^no pause/);
    await playMove(pages, 1);
    await expectSameBoards(pages);
    await expectNoReload(pages);
  });

  // What they do is tested without a browser, in integration/cluster and tools/local-cluster.
  if (thorough)
    it('a freeze and a drain from the panel, and one node more', async () => {
      const a = await open();
      const b = await seatTwoPages(a, link => open({}, link));
      const pages = [a.page, b.page];
      await markPageLoad(pages);
      const frozen = await waitForOwner(a.page);
      await press(a.page, `Freeze 5 s ${frozen}`);
      await health(a.page, frozen, 'frozen');
      await playMove(pages, 1, recoveryTimeoutMs);
      assert.match(await measured(a.page), /^stood still for \d+ ms$/);
      await health(a.page, frozen, 'up');
      await press(a.page, 'Add a node');
      await health(a.page, 'node-4', 'up');
      await measured(a.page);
      const drained = await waitForOwner(a.page);
      await press(a.page, `Drain ${drained}`);
      await health(a.page, drained, 'down');
      await playMove(pages, 2, recoveryTimeoutMs);
      assert.notEqual(await waitForOwner(a.page), drained);
      await expectNoReload(pages);
    });

  it('a page that was not opened by the printed link cannot touch the cluster, and says how; one that was keeps the token, and does not show it', async () => {
    const { page } = await open({}, `${on.url}/`);
    await startButton(page, 'friends').click();
    await page.getByTestId('control-hint').waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Kill|Freeze|Restart|Drain|Add a node)/ }).count(), 0);
    await page.goto(control());
    await page.reload();
    assert.equal(new URL(page.url()).hash, '#/');
    await startButton(page, 'friends').click();
    await page.getByRole('button', { name: 'Add a node', exact: true }).waitFor();
  });

  it('a page that came by the network sees the cluster, and cannot touch it', async function () {
    const lan = Object.values(networkInterfaces())
      .flat()
      .find(a => a?.family === 'IPv4' && !a.internal)?.address;
    if (lan === undefined) return this.skip();
    const asked: string[] = [];
    const { page } = await open(
      { prepare: async context => void context.on('request', request => asked.push(request.url())) },
      `http://${lan}:${on.cluster.port}/#/control/${on.cluster.control!.token}`,
    );
    await startButton(page, 'friends').click();
    await linkOf(page);
    await page.getByTestId('node-node-1').waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Kill|Freeze|Restart|Drain|Add a node)/ }).count(), 0);
    assert.deepEqual(
      asked.filter(url => url.includes(String(new URL(on.cluster.control!.url).port))),
      [],
    );
  });
});
