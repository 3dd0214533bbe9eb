import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Browser } from 'playwright-core';
import { startCluster, type Cluster } from '../../../tools/local-cluster/cluster.ts';
import { buildDevPage } from '../../../server/cli/build-page.ts';
import { axeFindings } from './axe.ts';
import type { Visitor } from '../browser/browser.ts';
import { builtPage, sharedBrowser } from '../browser/shared.ts';
import { thorough } from '../../thorough.ts';
import { layoutFindings, sizes } from './layout.ts';
import { walkByTab } from './keyboard.ts';
import { displayModes, applyDisplayMode, scenes, type DisplayMode } from './scenes.ts';
import { SceneSetup, type Scene } from './scenes/scene-setup.ts';

/**
 * Each screen that is not made like another, in one of the looks and two of the sizes, by turns. `npm run screens:all`
 * has all screens in all of them.
 */
const looked = thorough ? scenes : scenes.filter(({ like }) => like === undefined);
const looksOf = (scene: Scene): readonly DisplayMode[] =>
  thorough ? displayModes : [displayModes[looked.indexOf(scene) % displayModes.length]!];
const sizesOf = (scene: Scene): readonly (typeof sizes)[number][] =>
  thorough ? sizes : [0, 2].map(step => sizes[(looked.indexOf(scene) + step) % sizes.length]!);

/**
 * Every screen, as those see it who use it without a mouse, without colours, or without eyes; and as a guest of the
 * network gets it, over plain http.
 */
describe('every screen of the page', function () {
  this.timeout(120_000);
  const secret = randomBytes(32).toString('base64url');
  let cluster: Cluster;
  let browser: Browser;
  const begun = new Map<Scene, { stage: SceneSetup; visitor: Promise<Visitor> }>();
  const checks = new Map<Scene, Promise<string[]>>();

  const begin = (scene: Scene) => {
    const lan = Object.values(networkInterfaces())
      .flat()
      .find(a => a?.family === 'IPv4' && !a.internal)?.address;
    const host = scene.local === true || lan === undefined ? '127.0.0.1' : lan;
    const stage = new SceneSetup(browser, {
      url: `http://${host}:${cluster.port}`,
      nodeUrl: cluster.nodes[0]!.url,
      control: cluster.control!.token,
      secret,
    });
    const visitor = scene.open(stage);
    visitor.catch(() => {}); // it is told where it is waited for
    const opened = { stage, visitor };
    begun.set(scene, opened);
    return opened;
  };

  /** All there is to say against a scene. Ends what it was made with. */
  const check = async (scene: Scene): Promise<string[]> => {
    const { stage, visitor } = begun.get(scene) ?? begin(scene);
    const { page } = await visitor;
    const found: string[] = [];
    const seen = looksOf(scene);
    for (const look of seen) {
      await applyDisplayMode(page, look);
      await scene.again?.(page);
      // The other scheme of a screen that has been looked at by all rules is another in its colours alone.
      const colours = seen.some(other => other !== look && other.phone === look.phone && look.scheme === 'dark');
      found.push(...(await axeFindings(page, { colours })).map(finding => `${look.name}: ${finding}`));
      found.push(...(await layoutFindings(page)).map(finding => `${look.name}: ${finding}`));
    }
    for (const size of sizesOf(scene)) {
      await applyDisplayMode(page, { ...size, name: '', phone: size.width < 900, scheme: 'light' });
      found.push(...(await layoutFindings(page)).map(finding => `${size.width} × ${size.height}: ${finding}`));
    }
    await applyDisplayMode(page, seen.at(-1)!);
    found.push(...(await walkByTab(page)));
    const { title, lang } = await page.evaluate(() => ({ title: document.title, lang: document.documentElement.lang }));
    if (!title.includes('Rejoin')) found.push(`titled ${title}`);
    if (lang !== 'en') found.push(`in the language ${lang}`);
    begun.delete(scene);
    return [...found, ...(await stage.close()).filter(text => !scene.complaints?.test(text))];
  };
  /** Three at a time: much of looking is waiting, for axe and for what comes and goes. */
  const checked = (scene: Scene): Promise<string[]> => {
    const checking = checks.get(scene) ?? check(scene);
    checking.catch(() => {}); // it is told where it is waited for
    checks.set(scene, checking);
    return checking;
  };

  before(async () => {
    await builtPage();
    await buildDevPage();
    [cluster, browser] = await Promise.all([
      startCluster({ nodes: 3, quiet: true, control: {}, env: { LOG_LEVEL: 'warn', DEV: '1', REJOIN_SECRET: secret } }),
      sharedBrowser(),
    ]);
    for (const scene of looked) if (scene.slow) begin(scene);
  });
  after(async () => {
    await Promise.allSettled(checks.values());
    await Promise.all([...begun.values()].map(({ stage }) => stage.close()));
    await cluster?.stop();
  });

  for (const [i, scene] of looked.entries()) {
    it(`${scene.name}: axe finds nothing (${looksOf(scene)
      .map(({ name }) => name)
      .join(', ')}); no text is covered; Tab reaches all of it, and is seen; the console is silent`, async () => {
      const found = checked(scene);
      for (const next of looked.slice(i + 1, i + 3)) void checked(next);
      assert.deepEqual(await found, []);
    });
  }
});
