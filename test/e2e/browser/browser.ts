import assert from 'node:assert/strict';
import { chromium, type Browser, type BrowserContext, type Page, type Request } from 'playwright-core';
import { findSystem } from '../../../tools/local-cluster/system.ts';
import { until } from '../../../tools/until.ts';

/** Somebody at the page: one window, and what its console complained about. */
export interface Visitor {
  page: Page;
  context: BrowserContext;
  consoleErrors: string[];
}
export interface VisitorOptions {
  name?: string;
  /** The colour that a new guest has; coral, where nothing is said. */
  colour?: string;
  /** Another window of the same browser, instead of a browser of its own. */
  beside?: Visitor;
  phone?: boolean;
  /** Asks the page to move nothing that need not move: windows cost less where movement is not what is looked at. */
  still?: boolean;
  /** Where it comes from, as nginx is told; another address may lead to another node. */
  address?: string;
  /** What it says once it has opened, where it does not get as far as being connected, or further. */
  shows?: string;
  /** Runs before anything of the page does. */
  prepare?: (context: BrowserContext) => Promise<void>;
}

const desktop = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
const patience = 30_000;

/**
 * What each window would do beside showing a page, and what costs more than most pages: two hidden pages for
 * suggestions under an address bar that nobody sees, and a process in reserve. Chromium takes the last such list alone,
 * so Playwright's own is repeated.
 */
const features = [
  'SpareRendererForSitePerProcess',
  'PreloadTopChromeWebUI',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findSystem(['chromium-headless-shell'])['chromium-headless-shell'],
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-features=${features.join()}`,
    ],
  });
}

/** A line that the page opens beside one that is slow, as any may be on a busy machine. */
const secondWay = /\/socket\.io\/\?.*\broute=/;
/** What the browser says of the line that came second; nothing is wrong then. */
const givenUp = /^WebSocket connection to '[^']*' failed: WebSocket is closed before the connection is established\.$/;
/** Which connection of Engine.IO a request belongs to; null: to none yet. */
const sessionOf = (address: string): string | null =>
  URL.canParse(address) ? new URL(address).searchParams.get('sid') : null;
/** A line by long-polling that is given up says so in a request of its own: Engine.IO's packet for the end. */
const isFarewell = (request: Request): boolean =>
  request.method() === 'POST' && request.postData() === '1' && sessionOf(request.url()) !== null;
/** What the browser says where the farewell has overtaken the request that asks for news of the same line. */
const lateAsking = /^Failed to load resource: the server responded with a status of 400 \(Bad Request\)$/;

/** Opens the page (or a link into it) and waits until it is connected, or says why it is not. */
export async function openPage(browser: Browser, url: string, options: VisitorOptions = {}): Promise<Visitor> {
  const context =
    options.beside?.context ??
    (await browser.newContext({
      viewport: options.phone ? phone : desktop,
      hasTouch: options.phone ?? false,
      reducedMotion: options.still ? 'reduce' : 'no-preference',
      ...(options.address === undefined ? {} : { extraHTTPHeaders: { 'x-forwarded-for': options.address } }),
    }));
  context.setDefaultTimeout(patience);
  // Chance is for guests; who looks twice wants to see the same.
  await context.addInitScript(colour => {
    if (localStorage.getItem('rejoin.colour') === null) localStorage.setItem('rejoin.colour', colour);
  }, options.colour ?? 'coral');
  if (options.name !== undefined)
    await context.addInitScript(name => localStorage.setItem('rejoin.name', name), options.name);
  await options.prepare?.(context);
  const page = await context.newPage();
  const consoleErrors: string[] = [];
  let twoWays = false;
  const farewells = new Set<string | null>();
  page.on('request', request => {
    twoWays ||= secondWay.test(request.url());
    if (isFarewell(request)) farewells.add(sessionOf(request.url()));
  });
  page.on('websocket', socket => {
    twoWays ||= secondWay.test(socket.url());
  });
  page.on('console', message => {
    if (!['error', 'warning'].includes(message.type())) return;
    if (twoWays && givenUp.test(message.text())) return;
    if (lateAsking.test(message.text()) && farewells.has(sessionOf(message.location().url))) return;
    consoleErrors.push(message.text());
  });
  page.on('pageerror', error => consoleErrors.push(error.stack ?? error.message));
  await page.goto(url);
  const opened =
    '[data-testid="line-status"][data-state="live"], [data-testid="same-table"], [data-testid="refusal"], [data-testid="transport"]';
  await (options.shows === undefined ? page.locator(opened) : page.getByText(options.shows)).first().waitFor();
  return { page, context, consoleErrors };
}

/**
 * What the console of a page may say where a server is killed on purpose: the browser itself reports each line that
 * broke.
 */
export const connectionErrors = /WebSocket connection to|Failed to load resource|ERR_CONNECTION|ERR_EMPTY_RESPONSE/;

export function expectNoConsoleErrors(visitors: Iterable<Visitor>, allowed?: RegExp): void {
  for (const { consoleErrors } of visitors)
    assert.deepEqual(
      consoleErrors.filter(text => !allowed?.test(text)),
      [],
    );
}

type GameName = 'four-in-a-row' | 'liars-dice' | 'arena';
/** The button of the home page that leads to a table: with strangers, with friends, against bots. */
export const startButton = (page: Page, how: 'play' | 'friends' | 'bots', game: GameName = 'four-in-a-row') =>
  page.getByTestId(`${how}-${game}`);

// --- at the table -----------------------------------------------------------------------------

export const tableLocator = (page: Page) => page.getByTestId('table');
export const waitForPhase = (page: Page, phase: 'waiting' | 'playing' | 'ended') =>
  page.locator(`[data-testid="table"][data-phase="${phase}"]`).waitFor();
export const waitForMatch = (page: Page, match: number) =>
  page.locator(`[data-testid="table"][data-match="${match}"]`).waitFor();
export const codeOf = async (page: Page): Promise<string> =>
  ((await page.getByTestId('code').textContent()) ?? '').trim();
export const linkOf = async (page: Page): Promise<string> =>
  (await page.getByTestId('link').getAttribute('href')) ?? '';
export const termOf = async (page: Page): Promise<number> => Number(await tableLocator(page).getAttribute('data-term'));
/** The board as the page tells it to a screen reader, column by column. */
export const boardOf = (page: Page): Promise<(string | null)[]> =>
  page.getByTestId(/^column-/).evaluateAll(buttons => buttons.map(button => button.getAttribute('aria-label')));
export const discsOn = async (page: Page): Promise<number> =>
  Number(await page.getByTestId('board').getAttribute('data-discs'));

/**
 * Waits until what the page shows has taken effect: it listens to the keys of a turn a frame after it shows that turn.
 * (In the page's own words: what is compiled here does not run there.)
 */
export const settled = (page: Page): Promise<unknown> =>
  page.evaluate('new Promise(done => requestAnimationFrame(() => setTimeout(done)))');

/** The page that may drop a disc now. */
export function waitForTurn(pages: readonly Page[], timeoutMs = patience): Promise<Page> {
  return until(
    'a page has the turn',
    async () => {
      for (const page of pages) if ((await page.getByTestId('board').getAttribute('data-hand')) !== '') return page;
      return undefined;
    },
    { timeoutMs, intervalMs: 15 },
  );
}

/** Whoever has the turn drops a disc into a column (1–7); done when all pages show it. */
export async function playMove(pages: readonly Page[], column: number, within = patience): Promise<void> {
  const mover = await waitForTurn(pages, within);
  const discs = (await discsOn(mover)) + 1;
  await mover.getByTestId(`column-${column}`).click();
  await Promise.all(
    pages.map(page => page.locator(`[data-testid="board"][data-discs="${discs}"]`).waitFor({ timeout: within })),
  );
}

/** Four upright in the first column, for whoever begins. */
export const shortGame = [1, 2, 1, 2, 1, 2, 1];

/** Plays to the end; all pages agree on the board. */
export async function playGame(pages: readonly Page[], columns: readonly number[] = shortGame): Promise<void> {
  for (const column of columns) await playMove(pages, column);
  await Promise.all(pages.map(page => waitForPhase(page, 'ended')));
  await expectSameBoards(pages);
}

export async function expectSameBoards(pages: readonly Page[]): Promise<void> {
  const [first, ...others] = await Promise.all(pages.map(boardOf));
  for (const other of others) assert.deepEqual(other, first);
}

/** Two visitors at one table: the first makes it, the second follows the link. */
export async function seatTwoPages(a: Visitor, openLink: (link: string) => Promise<Visitor>): Promise<Visitor> {
  await startButton(a.page, 'friends').click();
  const b = await openLink(await linkOf(a.page));
  await Promise.all([a, b].map(({ page }) => waitForPhase(page, 'playing')));
  return b;
}
