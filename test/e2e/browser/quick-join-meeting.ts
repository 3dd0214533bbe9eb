import type { Browser, Page } from 'playwright-core';
import type { Cluster } from '../../../tools/local-cluster/cluster.ts';
import { openPage, waitForPhase, tableLocator, startButton, type Visitor } from './browser.ts';
import { waitForNode } from './cluster-page.ts';

/** Where two browsers came after a quick join at the same moment. `met`: they play in one room. */
export interface Meeting {
  met: boolean;
  nodes: string[];
  rooms: string[];
}

/** Presses the button of the quick join at a time of the machine's clock. */
const pressAt = (page: Page, at: number) =>
  startButton(page, 'play').evaluate(
    (button, time) =>
      new Promise<void>(pressed => {
        setTimeout(() => {
          (button as unknown as { click(): void }).click();
          pressed();
        }, time - Date.now());
      }),
    at,
  );

const roomOf = async (page: Page): Promise<string> => {
  await tableLocator(page).waitFor();
  return (await page.evaluate(() => location.href)).replace(/^[^?#]*/, '');
};

/** Two new browsers, from addresses that nginx sends to two nodes, press the button at the same moment. */
export async function quickJoinFromTwoBrowsers(
  browser: Browser,
  cluster: Cluster,
  addresses: ReadonlyMap<string, string>,
): Promise<Meeting> {
  const [one, two] = [...addresses.values()];
  const visitors: Visitor[] = [];
  try {
    for (const address of [one!, two!])
      visitors.push(await openPage(browser, `${cluster.url}/`, { still: true, address }));
    const pages = visitors.map(visitor => visitor.page);
    const at = Date.now() + 300;
    await Promise.all(pages.map(page => pressAt(page, at)));
    const rooms = await Promise.all(pages.map(roomOf));
    const met = new Set(rooms).size === 1;
    if (met) await Promise.all(pages.map(page => waitForPhase(page, 'playing')));
    return { met, rooms, nodes: await Promise.all(pages.map(waitForNode)) };
  } finally {
    await Promise.all(visitors.map(({ context }) => context.close()));
  }
}
