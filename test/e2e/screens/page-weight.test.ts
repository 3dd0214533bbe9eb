import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { expectNoConsoleErrors, openPage, waitForPhase, startButton } from '../browser/browser.ts';
import { builtPage, sharedBrowser } from '../browser/shared.ts';
import {
  cumulativeLayoutShift,
  describeShifts,
  readLayoutShifts,
  recordLayoutShifts,
} from '../browser/layout-shifts.ts';
import { thorough } from '../../thorough.ts';

/** What of the page's speed does not depend on the machine. `npm run bench:page` has the rest. */
describe('the page is light and still', function () {
  this.timeout(120_000);
  let pageFolder: string;
  let server: RunningServer;

  before(async () => {
    pageFolder = await builtPage();
    server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: randomBytes(32).toString('base64url'),
        log: noLog,
        pageFolder,
      },
      { port: 0, host: '127.0.0.1' },
    );
  });
  after(() => server?.close());

  it('all that it needs is 129 KB at most, compressed', () => {
    const sizes: Record<string, number> = {};
    for (const file of readdirSync(pageFolder, { recursive: true, encoding: 'utf8' })) {
      const kind = extname(file);
      if (kind !== '')
        sizes[kind] = (sizes[kind] ?? 0) + gzipSync(readFileSync(join(pageFolder, file)), { level: 5 }).length;
    }
    const { '.js': js = 0, '.css': css = 0, '.html': html = 0 } = sizes;
    assert.ok(js > 0 && css > 0 && html > 0, JSON.stringify(sizes));
    assert.ok(js <= 116_400 && css <= 12_000 && html <= 600, JSON.stringify(sizes));
  });

  const screens: Record<string, (page: Page) => Promise<void>> = {
    home: async () => {},
    'four in a row': async page => {
      await startButton(page, 'bots').click();
      await waitForPhase(page, 'playing');
    },
    "liar's dice, gathering": async page => {
      await startButton(page, 'friends', 'liars-dice').click();
      await waitForPhase(page, 'waiting');
    },
    "liar's dice": async page => {
      await startButton(page, 'bots', 'liars-dice').click();
      await waitForPhase(page, 'playing');
    },
    arena: async page => {
      await startButton(page, 'bots', 'arena').click();
      await waitForPhase(page, 'playing');
    },
  };
  for (const [i, [name, go]] of Object.entries(screens).entries()) {
    // By turns on a phone and on a desk; `npm run screens:all` has each on both.
    for (const phone of thorough ? [true, false] : [i % 2 === 0]) {
      it(`${name}: nothing jumps while it comes, slowly, on a ${phone ? 'phone' : 'desk'}`, async () => {
        const visitor = await openPage(await sharedBrowser(), `http://127.0.0.1:${server.port}/`, {
          name: 'Ada',
          phone,
          prepare: recordLayoutShifts,
        });
        const { page, context } = visitor;
        await go(page);
        await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: 4 });
        await page.reload();
        await page.locator('[data-testid="line-status"][data-state="live"]').waitFor({ timeout: 60_000 });
        await page
          .locator('[data-testid="table"], .tables-none:not(:text("Looking around")), [data-testid="open-room"]')
          .first()
          .waitFor();
        const shifts = await readLayoutShifts(page);
        await context.close();
        assert.ok(
          cumulativeLayoutShift(shifts) < 0.05,
          `layout shift ${cumulativeLayoutShift(shifts)}:\n${describeShifts(shifts)}`,
        );
        expectNoConsoleErrors([visitor]);
      });
    }
  }
});
