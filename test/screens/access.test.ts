import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Browser } from 'playwright-core';
import { startCluster, type Cluster } from '../../server/launcher/cluster.ts';
import { buildDevPage, buildPage } from '../../server/page.ts';
import { axeFindings } from './axe.ts';
import { launchBrowser, type Visitor } from '../browser/browser.ts';
import { walkByTab } from './keyboard.ts';
import { looks, putOn, scenes } from './scenes.ts';
import { Stage, type Scene } from './scenes/stage.ts';

/** Every screen, as those see it who use it without a mouse, without colours, or without eyes; and as a guest of the network gets it, over plain http. */
describe('every screen of the page', function () {
  this.timeout(120_000);
  const secret = randomBytes(32).toString('base64url');
  let cluster: Cluster;
  let browser: Browser;
  const begun = new Map<Scene, { stage: Stage; visitor: Promise<Visitor> }>();

  const begin = (scene: Scene) => {
    const lan = Object.values(networkInterfaces()).flat().find(a => a?.family === 'IPv4' && !a.internal)?.address;
    const host = scene.local === true || lan === undefined ? '127.0.0.1' : lan;
    const stage = new Stage(browser, { url: `http://${host}:${cluster.port}`, secret });
    const visitor = scene.open(stage);
    visitor.catch(() => {}); // it is told where it is waited for
    const opened = { stage, visitor };
    begun.set(scene, opened);
    return opened;
  };

  before(async () => {
    await Promise.all([buildPage(), buildDevPage()]);
    [cluster, browser] = await Promise.all([startCluster({ nodes: 3, quiet: true, control: {}, env: { LOG_LEVEL: 'warn', DEV: '1', REJOIN_SECRET: secret } }), launchBrowser()]);
    for (const scene of scenes) if (scene.slow) begin(scene);
  });
  after(async () => {
    await Promise.all([...begun.values()].map(({ stage }) => stage.close()));
    await browser?.close();
    await cluster?.stop();
  });

  for (const [i, scene] of scenes.entries()) {
    it(`${scene.name}: axe finds nothing by day and night, on a phone and a desk; Tab reaches all of it, and is seen; the console is silent`, async () => {
      const { stage, visitor } = begun.get(scene) ?? begin(scene);
      const { page } = await visitor;
      // The next one comes about meanwhile: most of that is waiting.
      const next = scenes[i + 1];
      if (next && !begun.has(next)) begin(next);
      const found: string[] = [];
      for (const look of looks) {
        await putOn(page, look);
        await scene.again?.(page);
        found.push(...(await axeFindings(page, { colours: look.scheme === 'dark' })).map(finding => `${look.name}: ${finding}`));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${look.name}: ${wide} px wider than the screen`);
      }
      found.push(...await walkByTab(page));
      const { title, lang } = await page.evaluate(() => ({ title: document.title, lang: document.documentElement.lang }));
      assert.match(title, /Rejoin/);
      assert.equal(lang, 'en');
      begun.delete(scene);
      const complaints = (await stage.close()).filter(text => !scene.complaints?.test(text));
      assert.deepEqual([...found, ...complaints], []);
    });
  }
});
