import assert from 'node:assert/strict';
import { get } from 'node:http';
import type { BrowserContext, Page } from 'playwright-core';
import type { Cluster } from '../../../tools/local-cluster/cluster.ts';
import { until } from '../../../tools/until.ts';
import { tableLocator, type Visitor } from './browser.ts';

/** A cluster recovers in its own time, on a machine that runs it whole beside two browsers. */
export const recoveryTimeoutMs = 25_000;

// --- where everybody is -----------------------------------------------------------------------

const fact = async (page: Page, id: 'fact-node' | 'fact-owner'): Promise<string | undefined> =>
  (await page.getByTestId(id).textContent())?.match(/^node-\d+$/)?.[0];
/** The node that a page is connected to; its panel has to be open. */
export const waitForNode = (page: Page): Promise<string> =>
  until('the page is on a node', () => fact(page, 'fact-node'), { timeoutMs: recoveryTimeoutMs });
/** The node that runs the page's table. */
export const waitForOwner = (page: Page): Promise<string> =>
  until('the table has an owner', () => fact(page, 'fact-owner'), { timeoutMs: recoveryTimeoutMs });
export const waitUntilLive = (page: Page) =>
  page.locator('[data-testid="line-status"][data-state="live"]').waitFor({ timeout: recoveryTimeoutMs });
export const waitUntilReconnecting = (page: Page) =>
  page.locator('[data-testid="line-status"][data-state="reconnecting"]').waitFor({ timeout: recoveryTimeoutMs });
export const waitForTermAbove = (page: Page, term: number) =>
  until('a newer term', async () => Number(await tableLocator(page).getAttribute('data-term')) > term || undefined, {
    timeoutMs: recoveryTimeoutMs,
  });
export const readPosition = (page: Page) => tableLocator(page).getAttribute('data-place');

/** For each node an address that nginx sends there. */
export async function addressesOf(cluster: Cluster): Promise<Map<string, string>> {
  const addresses = new Map<string, string>();
  for (let network = 1; addresses.size < cluster.nodes.length; network++) {
    assert.ok(network < 250, 'some node gets nobody');
    const address = `10.9.${network}.7`;
    const node = await answering(cluster.url, address);
    if (!addresses.has(node)) addresses.set(node, address);
  }
  return addresses;
}

function answering(url: string, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`${url}/healthz`, { headers: { 'x-forwarded-for': address }, agent: false }, response => {
      response.setEncoding('utf8');
      let text = '';
      response
        .on('data', (part: string) => {
          text += part;
        })
        .on('end', () => resolve((JSON.parse(text) as { node: string }).node));
    }).once('error', reject);
  });
}

/** From another address: the page connects anew, to the node where that leads. */
export async function setClientAddress({ page, context }: Visitor, address: string): Promise<void> {
  await context.setExtraHTTPHeaders({ 'x-forwarded-for': address });
  await page.reload();
  await waitUntilLive(page);
}

/**
 * Connects a page to the node to which its address leads, however often it takes: who has waited in vain, on a busy
 * machine, tries another route.
 */
export async function connectToNode(visitor: Visitor, node: string, address: string): Promise<void> {
  await until(
    `${visitor.page.url()} is on ${node}`,
    async () => {
      if ((await waitForNode(visitor.page)) === node) return true;
      await setClientAddress(visitor, address);
      return undefined;
    },
    { timeoutMs: 60_000 },
  );
}

// --- what must not happen, and what may -------------------------------------------------------

/** From here on a reload would be noticed. */
export async function markPageLoad(pages: readonly Page[]): Promise<void> {
  for (const page of pages) await page.evaluate(() => void Object.assign(window, { sinceHere: true }));
}
export async function expectNoReload(pages: readonly Page[]): Promise<void> {
  for (const page of pages)
    assert.equal(await page.evaluate(() => 'sinceHere' in window), true, 'the page was loaded again');
}

/**
 * A network whose proxies refuse to pass WebSockets on. (In the page's own words: what is compiled here does not run
 * there.)
 */
export const blockWebSockets = async (context: BrowserContext): Promise<void> =>
  void (await context.addInitScript(`
  window.WebSocket = class {
    constructor() { setTimeout(() => { this.onerror?.(new Event('error')); this.onclose?.(new CloseEvent('close', { code: 1006 })); }); }
    send() {}
    close() {}
  };`));

/** A network in which WebSockets are neither opened nor refused. */
export const hangWebSockets = async (context: BrowserContext): Promise<void> =>
  void (await context.addInitScript(`
  window.WebSocket = class {
    send() {}
    close() {}
  };`));

/** How often this page has polled Socket.IO. */
export const countPolls = (page: Page): Promise<number> =>
  page.evaluate(
    () => performance.getEntriesByType('resource').filter(({ name }) => name.includes('transport=polling')).length,
  );
