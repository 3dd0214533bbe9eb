/**
 * `npm run screenshots -- [FOLDER] [--only NAME,…]`: pictures of every screen of the page, on a phone and a desk, by
 * day and night, from a cluster of its own. `--readme`: only those of the README, put together as
 * docs/pictures/screens.webp.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { startCluster } from '../local-cluster/cluster.ts';
import { requireSystem } from '../local-cluster/system.ts';
import { buildDevPage, buildPage } from '../../server/cli/build-page.ts';
import { packageRoot } from '../../server/runtime/package-root.ts';
import { launchBrowser } from '../../test/e2e/browser/browser.ts';
import { displayModes, applyDisplayMode, scenes } from '../../test/e2e/screens/scenes.ts';
import { SceneSetup } from '../../test/e2e/screens/scenes/scene-setup.ts';
import { parseCommandLine, exitWithUsage } from '../command-line.ts';

const { values, positionals } = parseCommandLine('tools/pictures/screenshots.ts', {
  allowPositionals: true,
  options: { only: { type: 'string' }, readme: { type: 'boolean', default: false } },
});
/** From left to right: what is shown first, and of each game its best moment. */
const best = [
  'home.desktop-light',
  'dice-your-turn.phone-dark',
  'arena-playing.desktop-dark',
  'four-replay.phone-light',
];
const folder = resolve(positionals[0] ?? join(packageRoot, 'dist/screenshots'));
const only = values.readme ? best.map(name => name.split('.')[0]!) : values.only?.split(',');
const wanted = scenes.filter(
  ({ name }) => only === undefined || only.some(part => (values.readme ? name === part : name.startsWith(part))),
);
if (wanted.length === 0)
  exitWithUsage(`--only: names begin with ${[...new Set(scenes.map(({ name }) => name.split('-')[0]))].join(', ')}`);

await requireSystem(['redis-server', 'nginx', 'chromium-headless-shell'], text => process.stdout.write(`${text}\n`));
await mkdir(folder, { recursive: true });
await Promise.all([buildPage(), buildDevPage()]);
const secret = randomBytes(32).toString('base64url');
// Links and QR codes say what they would in a home.
const cluster = await startCluster({
  nodes: 3,
  quiet: true,
  control: {},
  env: { LOG_LEVEL: 'warn', DEV: '1', REJOIN_SECRET: secret, PUBLIC_URL: 'http://192.168.1.20:8080' },
});
try {
  const browser = await launchBrowser();
  try {
    for (const scene of wanted) {
      const stage = new SceneSetup(browser, {
        url: cluster.url,
        nodeUrl: cluster.nodes[0]!.url,
        control: cluster.control!.token,
        secret,
      });
      const { page } = await scene.open(stage);
      for (const look of displayModes) {
        await applyDisplayMode(page, look);
        await scene.again?.(page);
        await page.screenshot({ path: join(folder, `${scene.name}.${look.name}.png`), caret: 'hide' });
      }
      await stage.close();
      process.stdout.write(`${scene.name}\n`);
    }
  } finally {
    await browser.close();
  }
} finally {
  await cluster.stop();
}
process.stdout.write(`${wanted.length * displayModes.length} pictures in ${folder}\n`);
if (values.readme) process.stdout.write(`${await sheet(join(packageRoot, 'docs/pictures/screens.webp'))}\n`);

/** Side by side, all as high. @returns the file */
async function sheet(file: string): Promise<string> {
  const [high, gap] = [460, 14];
  const parts = await Promise.all(
    best.map(name =>
      sharp(join(folder, `${name}.png`))
        .resize({ height: high })
        .png()
        .toBuffer({ resolveWithObject: true }),
    ),
  );
  let left = gap;
  const placed = parts.map(({ data, info }) => {
    const at = { input: data, left, top: gap };
    left += info.width + gap;
    return at;
  });
  await mkdir(join(packageRoot, 'docs/pictures'), { recursive: true });
  await sharp({ create: { width: left, height: high + 2 * gap, channels: 3, background: '#d9d2e6' } })
    .composite(placed)
    .webp({ quality: 82 })
    .toFile(file);
  return file;
}
