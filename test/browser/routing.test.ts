import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { startCluster, type Cluster } from '../../server/launcher/cluster.ts';
import { until } from '../../server/launcher/until.ts';
import { buildPage } from '../../server/page.ts';
import { brokenLines, expectNoConsoleErrors, launchBrowser, openPage, playGame, sitDownTogether, type Visitor } from './browser.ts';
import { addressesOf, nodeOf, ownerOf, recovery } from './on-cluster.ts';

describe('the page, on a cluster that routes by room', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let browser: Browser;

  before(async () => {
    await buildPage();
    [cluster, browser] = await Promise.all([startCluster({ nodes: 3, quiet: true, routing: 'room', env: { LOG_LEVEL: 'warn' } }), launchBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  it('[C7] [O22] two who come from two networks, the second by the link of the first, meet at one node; their table is there, and they play', async () => {
    const addresses = await addressesOf(cluster);
    const a = await openPage(browser, `${cluster.url}/?by-room`, { name: 'Ada', address: addresses.get('node-1')! });
    let b: Visitor | undefined;
    try {
      b = await sitDownTogether(a, async link => {
        assert.equal(new URL(link).search, '?by-room');
        return openPage(browser, link, { name: 'Ben', address: addresses.get('node-2')! });
      });
      const pages = [a.page, b.page] as const;
      await until('they meet, and their table comes', async () => {
        const [one, other, owner] = [await nodeOf(pages[0]), await nodeOf(pages[1]), await ownerOf(pages[0])];
        return (one === other && owner === one) || undefined;
      }, { within: 2 * recovery, every: 200 });
      await playGame([...pages]);
      expectNoConsoleErrors([a, b], brokenLines);
    } finally {
      for (const { context } of [a, ...(b ? [b] : [])]) await context.close();
    }
  });
});
