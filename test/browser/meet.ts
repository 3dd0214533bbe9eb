import type { Browser, Page } from 'playwright-core';
import type { Cluster } from '../../server/launcher/cluster.ts';
import { openPage, phaseIs, table, way, type Visitor } from './browser.ts';
import { nodeOf } from './on-cluster.ts';

/** Where two browsers came after a quick join at the same moment. `met`: they play in one room. */
export interface Meeting { met: boolean; nodes: string[]; rooms: string[] }

/** Presses the button of the quick join at a time of the machine's clock. */
const pressAt = (page: Page, at: number) => way(page, 'play').evaluate((button, time) => new Promise<void>(pressed => {
  setTimeout(() => {
    (button as unknown as { click(): void }).click();
    pressed();
  }, time - Date.now());
}), at);

const roomOf = async (page: Page): Promise<string> => {
  await table(page).waitFor();
  return (await page.evaluate(() => location.href)).replace(/^[^?#]*/, '');
};

/** Two new browsers, from addresses that nginx sends to two nodes, press the button at the same moment. */
export async function meet(browser: Browser, cluster: Cluster, addresses: ReadonlyMap<string, string>): Promise<Meeting> {
  const [one, two] = [...addresses.values()];
  const visitors: Visitor[] = [];
  try {
    for (const address of [one!, two!]) visitors.push(await openPage(browser, `${cluster.url}/`, { still: true, address }));
    const pages = visitors.map(visitor => visitor.page);
    const at = Date.now() + 300;
    await Promise.all(pages.map(page => pressAt(page, at)));
    const rooms = await Promise.all(pages.map(roomOf));
    const met = new Set(rooms).size === 1;
    if (met) await Promise.all(pages.map(page => phaseIs(page, 'playing')));
    return { met, rooms, nodes: await Promise.all(pages.map(nodeOf)) };
  } finally {
    await Promise.all(visitors.map(({ context }) => context.close()));
  }
}
