import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { connect, type Client } from '../client/index.ts';
import { startCluster } from '../tools/local-cluster/cluster.ts';
import { requireSystem } from '../tools/local-cluster/system.ts';
import { until } from '../tools/until.ts';
import { buildPage } from '../server/cli/build-page.ts';
import { arena } from '../shared/games/arena/contract.ts';
import { fourInARow } from '../shared/games/four-in-a-row/contract.ts';
import { liarsDice } from '../shared/games/liars-dice/contract.ts';
import { launchBrowser } from '../test/e2e/browser/browser.ts';
import { cumulativeLayoutShift, readLayoutShifts, recordLayoutShifts } from '../test/e2e/browser/layout-shifts.ts';
import { parseCommandLine, exitWithUsage } from '../tools/command-line.ts';

/**
 * How soon the page is there, in Chromium whose CPU is slowed down, through nginx on three nodes; what is transferred
 * for it; and how evenly an Arena of eight is drawn, and how soon a phone that was without a network for 20 s has what
 * it missed, at full speed. `npm run bench:page -- --loads 5 --slower 4 --seconds 10`
 */
const { values } = parseCommandLine('bench/page.ts', {
  options: {
    loads: { type: 'string', default: '5' },
    slower: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '10' },
  },
});
const [loads, slower, seconds] = [Number(values.loads), Number(values.slower), Number(values.seconds)];
if (![loads, slower, seconds].every(n => n > 0))
  exitWithUsage('--loads, --slower (times) and --seconds are numbers above 0');

/** Nothing larger is painted after this long (ms) with nothing to wait for. */
const settleMs = 1_500;

const before = loadavg()[0]!.toFixed(1);
await requireSystem(['redis-server', 'nginx', 'chromium-headless-shell'], text => process.stdout.write(`${text}\n`));
await buildPage();
const cluster = await startCluster({ nodes: 3, quiet: true, env: { LOG_LEVEL: 'warn' } });
const friends: Client[] = [];
try {
  const browser = await launchBrowser();
  try {
    const lines: string[] = [];
    const transferred = new Map<string, number>();
    lines.push(await measureLoads('home', browser, cluster.url, transferred, async () => {}));
    for (const [name, open] of Object.entries(tables())) {
      const { url, begin } = await open();
      lines.push(await measureLoads(name, browser, url, undefined, begin));
    }
    const kilo = (type: string) => ((transferred.get(type) ?? 0) / 1_000).toFixed(1);
    process.stdout.write(
      `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]!.model.trim()}, Chromium ${browser.version()}, its CPU ${slower} times slower; ${loads} loads each, nothing cached; load of the machine before ${before} (1 is one core)\n\n`,
    );
    process.stdout.write(
      `| | largest paint of words, ms: median (all) | all is there, ms: median (all) | layout shift |\n|---|---|---|---|\n${lines.join('\n')}\n\n`,
    );
    process.stdout.write(
      `transferred for the first screen, KB: HTML ${kilo('Document')}, CSS ${kilo('Stylesheet')}, JavaScript ${kilo('Script')}\n`,
    );
    process.stdout.write(`${await measureFrames(browser)}\n`);
    process.stdout.write(`${await measureReconnect(browser)}\n`);
  } finally {
    await browser.close();
  }
} finally {
  for (const friend of friends) friend.close();
  await cluster.stop();
}

/** A match of each game, with somebody who has no page: the address at which to come to it, and what begins it then. */
function tables(): Record<string, () => Promise<{ url: string; begin: () => Promise<unknown> }>> {
  const host = () => {
    const client = connect(cluster.url, { name: 'Ben', storage: null });
    friends.push(client);
    return client;
  };
  const at = (code: string) => `${cluster.url}/#/code/${code}`;
  return {
    'four in a row': async () => ({
      url: at((await host().create(fourInARow, { private: true })).code),
      begin: async () => {},
    }),
    "liar's dice": async () => {
      const room = await host().create(liarsDice, { private: true, bots: 3 });
      return { url: at(room.code), begin: () => room.start() };
    },
    arena: async () => {
      const room = await host().create(arena, { private: true, bots: 6, options: { seconds: 180 } });
      return { url: at(room.code), begin: () => room.start() };
    },
  };
}

/** Loads an address anew, again and again, as the same visitor. @returns a line of the table */
async function measureLoads(
  name: string,
  browser: Browser,
  url: string,
  transferred: Map<string, number> | undefined,
  begin: () => Promise<unknown>,
): Promise<string> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  await recordLayoutShifts(context);
  await watchPaints(context);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  const paints: number[] = [];
  const whole: number[] = [];
  let shift = 0;
  await page.goto(url); // to sit down: what is measured is to come back, and the same each time
  await waitUntilReady(page);
  await begin();
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
  for (let n = 0; n < loads; n++) {
    const stop = transferred && n === 0 ? countTransfers(session, transferred) : () => {};
    await page.reload();
    await waitUntilReady(page);
    await page.waitForTimeout(settleMs);
    stop();
    const seen = (await page.evaluate('({ paint: window.paint, whole: window.whole })')) as {
      paint: number;
      whole: number;
    };
    paints.push(seen.paint);
    whole.push(seen.whole);
    shift = Math.max(shift, cumulativeLayoutShift(await readLayoutShifts(page)));
  }
  await context.close();
  process.stderr.write(`${name}: ${formatTimes(paints)}\n`);
  return `| ${name} | ${formatTimes(paints)} | ${formatTimes(whole)} | ${shift.toFixed(3)} |`;
}

/** Times, ms: the middle one, and all. */
function formatTimes(times: readonly number[]): string {
  const sorted = times.map(Math.round).sort((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)]} (${sorted.join(', ')})`;
}

async function waitUntilReady(page: Page): Promise<void> {
  await page.locator('[data-testid="line-status"][data-state="live"]').waitFor({ timeout: 60_000 });
  await page.locator('.home-main, [data-testid="table"]').waitFor({ timeout: 60_000 });
}

/** In the page's own words: what is compiled here does not run there. */
async function watchPaints(context: BrowserContext): Promise<void> {
  await context.addInitScript(`
    new PerformanceObserver(list => { for (const { startTime } of list.getEntries()) window.paint = startTime; }).observe({ type: 'largest-contentful-paint', buffered: true });
    // Browsers count words and images for the largest paint, and neither boards nor canvases.
    new MutationObserver((_, observer) => {
      if (!document.querySelector('.home-main, [data-testid=table]')) return;
      window.whole = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });`);
}

/** Adds up what comes over the network, by kind. @returns what ends it */
function countTransfers(session: CDPSession, into: Map<string, number>): () => void {
  const kinds = new Map<string, string>();
  const onRequest = ({ requestId, type }: { requestId: string; type?: string }) =>
    void kinds.set(requestId, type ?? 'Other');
  const onFinished = ({ requestId, encodedDataLength }: { requestId: string; encodedDataLength: number }) => {
    const kind = kinds.get(requestId) ?? 'Other';
    into.set(kind, (into.get(kind) ?? 0) + encodedDataLength);
  };
  session.on('Network.requestWillBeSent', onRequest);
  session.on('Network.loadingFinished', onFinished);
  return () => {
    session.off('Network.requestWillBeSent', onRequest);
    session.off('Network.loadingFinished', onFinished);
  };
}

/** Frames while eight play. */
async function measureFrames(browser: Browser): Promise<string> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const host = connect(cluster.url, { name: 'Ben', storage: null });
  friends.push(host);
  const room = await host.create(arena, { private: true, bots: 6, options: { seconds: 180 } });
  await page.goto(`${cluster.url}/#/code/${room.code}`);
  await page.locator('[data-testid="table"][data-phase="waiting"]').waitFor();
  await room.start();
  await page.locator('[data-testid="arena"][data-phase="play"]').waitFor();
  const gaps = (await page.evaluate(`new Promise(done => {
    const gaps = [];
    const began = performance.now();
    let last = began;
    const frame = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (now - began < ${seconds * 1_000}) requestAnimationFrame(frame);
      else done(gaps);
    };
    requestAnimationFrame(frame);
  })`)) as number[];
  await context.close();
  gaps.sort((a, b) => a - b);
  return `arena of eight, full speed, ${seconds} s: ${(gaps.length / seconds).toFixed(1)} frames a second; between two of them p99 ${gaps[Math.floor(gaps.length * 0.99)]!.toFixed(1)} ms, at most ${gaps.at(-1)!.toFixed(1)} ms`;
}

/** From the moment at which a phone has its network again, after 20 s without, to what was missed on its screen. */
async function measureReconnect(browser: Browser): Promise<string> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const host = connect(cluster.url, { name: 'Ben', storage: null });
  friends.push(host);
  const room = await host.create(fourInARow, { private: true, options: { turnSeconds: 0 } });
  await page.goto(`${cluster.url}/#/code/${room.code}`);
  await page.locator('[data-testid="table"][data-phase="playing"]').waitFor();
  const shows = (discs: number) =>
    page.locator(`[data-testid="board"][data-discs="${discs}"]`).waitFor({ timeout: 60_000 });
  const times: number[] = [];
  // Columns in which nobody gets four in a row.
  for (const [mine, theirs] of [
    [6, 1],
    [5, 2],
    [6, 1],
    [5, 2],
    [6, 1],
  ] as const) {
    if (room.state!.turn !== room.seat) {
      const { moves } = room.state!;
      await page.getByTestId(`column-${theirs}`).click();
      await until('the page has moved', () => room.state!.moves > moves || undefined, {
        timeoutMs: 10_000,
        intervalMs: 20,
      });
      await shows(moves + 1);
    }
    await context.setOffline(true);
    await room.act.drop({ column: mine });
    await pause(20_000);
    const from = performance.now();
    await context.setOffline(false);
    await shows(room.state!.moves);
    times.push(performance.now() - from);
  }
  await context.close();
  return `20 s without a network, then what was missed, ms: ${formatTimes(times)}`;
}
