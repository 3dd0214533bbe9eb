/**
 * `npm run picture [-- FILE]`: makes the README's moving picture. Two real browsers at one table, through nginx, on two
 * nodes of three; the node that runs the table is killed by the panel, and they play on. What is shown is what
 * happened, at the pace at which it happened.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { startCluster } from '../local-cluster/cluster.ts';
import { requireSystem } from '../local-cluster/system.ts';
import { buildPage } from '../../server/cli/build-page.ts';
import {
  launchBrowser,
  linkOf,
  openPage,
  waitForPhase,
  playMove,
  startButton,
  type Visitor,
} from '../../test/e2e/browser/browser.ts';
import { addressesOf, waitForNode, waitForOwner } from '../../test/e2e/browser/cluster-page.ts';
import { parseCommandLine } from '../command-line.ts';

const {
  positionals: [wanted = 'docs/pictures/failover.webp'],
} = parseCommandLine('tools/pictures/picture.ts', { allowPositionals: true });
const file = resolve(wanted);
/** CSS pixels of the two windows; they stand side by side. */
const desk = { width: 1120, height: 860 };
const phone = { width: 400, height: 800 };
const gap = 28;
const canvas = { width: gap + desk.width + gap + phone.width + gap, height: desk.height + 2 * gap };
const shownWidth = 1200;
const frameMs = 100;
/** What the two drop, in turn; upright fours of the player who begins, with a failure in between. */
const before = [4, 3, 4, 3];
const after = [4, 5, 4];
const thinkMs = 850;

interface Shot {
  at: number;
  png: Buffer;
}

/** Every frame that the browser draws of a page, with the time at which it did, ms. */
async function startScreencast(page: Page): Promise<{ shots: Shot[]; stop: () => Promise<void> }> {
  const shots: Shot[] = [];
  const session = await page.context().newCDPSession(page);
  session.on('Page.screencastFrame', ({ data, metadata, sessionId }) => {
    shots.push({ at: metadata.timestamp! * 1000, png: Buffer.from(data, 'base64') });
    void session.send('Page.screencastFrameAck', { sessionId }).catch(() => {}); // it was the last one
  });
  await session.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 });
  return { shots, stop: async () => void (await session.send('Page.stopScreencast')) };
}

/** A hand that the film shows: browsers draw none where no mouse is. */
async function showPointer(page: Page): Promise<void> {
  await page.evaluate(() => {
    const hand = document.createElement('div');
    hand.style.cssText =
      'position:fixed;z-index:99;left:0;top:0;width:30px;height:30px;margin:-3px 0 0 -7px;pointer-events:none;transition:scale .12s';
    hand.innerHTML =
      '<svg viewBox="0 0 24 24" width="30" height="30"><path d="M5 2v17l4.600-4 3 7 3.200-1.400-3-6.800H19Z" fill="#fff" stroke="#1c1a2c" stroke-width="1.600" stroke-linejoin="round"/></svg>';
    document.body.append(hand);
    addEventListener(
      'mousemove',
      ({ clientX, clientY }) => {
        hand.style.transform = `translate(${clientX}px,${clientY}px)`;
      },
      true,
    );
    addEventListener(
      'mousedown',
      () => {
        hand.style.scale = '.8';
      },
      true,
    );
    addEventListener(
      'mouseup',
      () => {
        hand.style.scale = '1';
      },
      true,
    );
  });
}

async function moveAndClick(page: Page, name: string): Promise<void> {
  const box = (await page.getByRole('button', { name, exact: true }).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 25 });
  await sleep(500);
  await page.mouse.down();
  await sleep(120);
  await page.mouse.up();
}

/** Plays, and @returns what was filmed of both windows. */
async function play(a: Visitor, b: Visitor): Promise<readonly [Shot[], Shot[]]> {
  const pages = [a.page, b.page];
  const owner = await waitForOwner(a.page);
  await showPointer(a.page);
  const corner = (await a.page.getByTestId('cluster-map').boundingBox())!;
  await a.page.mouse.move(corner.x - 40, corner.y + 400);
  const films = await Promise.all(pages.map(startScreencast));
  await sleep(400);
  const moves = async (columns: readonly number[]) => {
    for (const column of columns) {
      await playMove(pages, column);
      await sleep(thinkMs);
    }
  };
  await moves(before);
  await moveAndClick(a.page, `Kill ${owner}`);
  await a.page.getByTestId('disturbances').locator('em').waitFor();
  await sleep(1_600);
  await moves(after);
  await waitForPhase(a.page, 'ended');
  await sleep(2_600);
  await Promise.all(films.map(({ stop }) => stop()));
  return [films[0]!.shots, films[1]!.shots];
}

/** Both windows side by side, a picture for each moment at which one of them changed. */
async function compose([left, right]: readonly [Shot[], Shot[]]): Promise<{ png: Buffer; delay: number }[]> {
  const from = Math.max(left[0]!.at, right[0]!.at);
  const to = Math.max(left.at(-1)!.at, right.at(-1)!.at);
  const at = (shots: Shot[], time: number) => shots.findLast(shot => shot.at <= time) ?? shots[0]!;
  const moments: { left: Shot; right: Shot; delay: number }[] = [];
  for (let time = from; time <= to; time += frameMs) {
    const now = { left: at(left, time), right: at(right, time) };
    const last = moments.at(-1);
    if (last && last.left === now.left && last.right === now.right) last.delay += frameMs;
    else moments.push({ ...now, delay: frameMs });
  }
  const windows = new Map<Shot, Promise<Buffer>>();
  const windowOf = (shot: Shot, size: { width: number; height: number }) => {
    const made = windows.get(shot) ?? rounded(shot.png, size);
    windows.set(shot, made);
    return made;
  };
  const pictures: { png: Buffer; delay: number }[] = [];
  for (const moment of moments) {
    const whole = await sharp({ create: { ...canvas, channels: 3, background: '#d9d2e6' } })
      .composite([
        { input: await windowOf(moment.left, desk), left: gap, top: gap },
        {
          input: await windowOf(moment.right, phone),
          left: 2 * gap + desk.width,
          top: gap + Math.round((desk.height - phone.height) / 2),
        },
      ])
      .png()
      .toBuffer();
    pictures.push({ png: await sharp(whole).resize({ width: shownWidth }).png().toBuffer(), delay: moment.delay });
  }
  return pictures;
}

async function rounded(png: Buffer, { width, height }: { width: number; height: number }): Promise<Buffer> {
  const mask = Buffer.from(
    `<svg width="${width}" height="${height}"><rect width="${width}" height="${height}" rx="18"/></svg>`,
  );
  return await sharp(png)
    .resize({ width, height, fit: 'cover', position: 'top' })
    .composite([{ input: mask, blend: 'dest-in' }])
    .png()
    .toBuffer();
}

await requireSystem(['redis-server', 'nginx', 'chromium-headless-shell'], text => console.log(text));
await buildPage();
const cluster = await startCluster({ nodes: 3, quiet: true, control: {}, env: { LOG_LEVEL: 'warn' } });
const browser = await launchBrowser();
try {
  const addresses = await addressesOf(cluster);
  const sized = (size: { width: number; height: number }) => async (context: Visitor['context']) =>
    void context.on('page', page => void page.setViewportSize(size));
  const a = await openPage(browser, `${cluster.url}/#/control/${cluster.control!.token}`, {
    name: 'Ada',
    prepare: sized(desk),
  });
  await startButton(a.page, 'friends').click();
  const here = await waitForNode(a.page);
  // A window that says where it comes from cannot ask the control: that is the other one, on another node.
  const [, address] = [...addresses].find(([node]) => node !== here)!;
  const b = await openPage(browser, await linkOf(a.page), { name: 'Ben', address, prepare: sized(phone) });
  await Promise.all([a, b].map(({ page }) => waitForPhase(page, 'playing')));
  const pictures = await compose(await play(a, b));
  await mkdir(dirname(file), { recursive: true });
  const { size, width, pageHeight } = await sharp(
    pictures.map(({ png }) => png),
    { join: { animated: true } },
  )
    .webp({ quality: 60, effort: 4, delay: pictures.map(({ delay }) => delay), loop: 0, minSize: true })
    .toFile(file);
  console.log(`${file}: ${pictures.length} pictures of ${width} × ${pageHeight}, ${Math.round(size / 1024)} KiB`);
  console.log(await a.page.getByTestId('disturbances').innerText());
} finally {
  await browser.close();
  await cluster.stop();
}
