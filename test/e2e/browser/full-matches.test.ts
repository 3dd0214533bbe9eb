import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { until } from '../../../tools/until.ts';
import { arena } from '../../../shared/games/arena/contract.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { liarsDice } from '../../../shared/games/liars-dice/contract.ts';
import { playDice, waitForTicks } from './play.ts';
import {
  connectionErrors,
  expectNoConsoleErrors,
  waitForMatch,
  openPage,
  waitForPhase,
  tableLocator,
  startButton,
  type Visitor,
  type VisitorOptions,
} from './browser.ts';
import { createExpiredToken } from './expired-token.ts';
import {
  expectNoReload,
  waitUntilLive,
  markPageLoad,
  waitUntilReconnecting,
  recoveryTimeoutMs,
} from './cluster-page.ts';
import { onSharedCluster, sharedBrowser } from './shared.ts';
import { cumulativeLayoutShift, describeShifts, readLayoutShifts, recordLayoutShifts } from './layout-shifts.ts';

/** Whole visits to the page, through nginx, on three nodes. */
describe('visits to the page, on a cluster', function () {
  this.timeout(180_000);
  const on = onSharedCluster();
  const open = (options: VisitorOptions = {}, at = ''): Promise<Visitor> =>
    on.visits.open({ name: 'Ada', still: true, ...options }, `${on.url}/${at}`);
  const friend = (name: string) => on.visits.friend(name);
  const home = (page: Page) => page.locator('.home-main').waitFor();

  describe('a whole match against a bot, the line lost on the way, and the next match', () => {
    type Played = { visitor: Visitor; result: string };
    const played: Partial<Record<'four' | 'dice' | 'arena', Promise<Played>>> = {};

    /** The network is gone until the page has noticed. */
    const loseTheLine = async ({ page, context }: Visitor) => {
      await context.setOffline(true);
      await waitUntilReconnecting(page);
      await context.setOffline(false);
      await waitUntilLive(page);
    };
    const visit = async (play: (visitor: Visitor) => Promise<void>): Promise<Played> => {
      const visitor = await openPage(await sharedBrowser(), `${on.url}/`, {
        name: 'Ada',
        phone: true,
        prepare: recordLayoutShifts,
      });
      await markPageLoad([visitor.page]);
      await play(visitor);
      await visitor.page.locator('[data-testid="table"][data-phase="ended"]').waitFor({ timeout: 60_000 });
      return { visitor, result: (await visitor.page.getByTestId('result').textContent())! };
    };

    // They wait more than they do: all three at once.
    before(() => {
      played.four = visit(async visitor => {
        const { page } = visitor;
        await startButton(page, 'bots').click();
        await waitForPhase(page, 'playing');
        await loseTheLine(visitor);
        let column = 0;
        await until(
          'it is over',
          async () => {
            if ((await tableLocator(page).getAttribute('data-phase')) === 'ended') return true;
            // Between the look and the click it may have become the bot's turn, or have ended.
            if ((await page.getByTestId('board').getAttribute('data-hand')) !== '')
              await page
                .getByTestId(`column-${(column++ % 7) + 1}`)
                .click({ timeout: 1_000 })
                .catch(() => {});
            return undefined;
          },
          { timeoutMs: 90_000, intervalMs: 50 },
        );
      });
      played.dice = visit(async visitor => {
        const { page } = visitor;
        await page
          .getByTestId('game-liars-dice')
          .getByLabel(/^Quick/)
          .check();
        await startButton(page, 'friends', 'liars-dice').click();
        await page.getByTestId('add-bot').click();
        await page.locator('[data-testid="start"]:enabled').click();
        await waitForPhase(page, 'playing');
        await playDice([page], 1);
        await loseTheLine(visitor);
        await playDice([page], Infinity);
      });
      played.arena = visit(async visitor => {
        const { page } = visitor;
        await page
          .getByTestId('game-arena')
          .getByLabel(/^Sprint/)
          .check();
        await startButton(page, 'bots', 'arena').click();
        await page.locator('[data-testid="arena"][data-phase="play"]').waitFor();
        await page.keyboard.down('ArrowUp');
        await waitForTicks(page, 20);
        await page.keyboard.up('ArrowUp');
        await loseTheLine(visitor);
        await waitForTicks(page, 20);
      });
      for (const one of Object.values(played)) one.catch(() => {}); // it is told where it is waited for
    });
    after(async () => {
      for (const one of await Promise.allSettled(Object.values(played)))
        if (one.status === 'fulfilled') await one.value.visitor.context.close();
    });

    for (const [game, again, outcomes] of [
      ['four', 'Rematch', /^You win$|^You lose$|^A draw$/],
      ['dice', 'Next match', /^You win$|^You lose$/],
      ['arena', 'Next match', /^You (win|share|come)/],
    ] as const) {
      it(`${game}: to its end, and on; nothing jumps on a phone`, async () => {
        const { visitor, result } = await played[game]!;
        assert.match(result, outcomes);
        await visitor.page.getByRole('button', { name: again, exact: true }).click();
        await waitForMatch(visitor.page, 2);
        const shifts = await readLayoutShifts(visitor.page);
        assert.ok(
          cumulativeLayoutShift(shifts) < 0.05,
          `layout shift ${cumulativeLayoutShift(shifts)}:\n${describeShifts(shifts)}`,
        );
        await expectNoReload([visitor.page]);
        expectNoConsoleErrors([visitor], connectionErrors);
      });
    }
  });

  describe('ways in and out', () => {
    // On a busy machine a client replaces a connection that is silent for too long, and the browser reports that.
    afterEach(() => on.visits.end(connectionErrors));

    /** While they were away, the token has run out. */
    const growOld = async ({ page, context }: Visitor) => {
      const token = await createExpiredToken(
        on.shared.secret,
        await page.evaluate(
          () =>
            JSON.parse(
              atob(localStorage.getItem('rejoin.token')!.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/')),
            ) as { sub: string; name: string },
        ),
      );
      await page.evaluate(old => localStorage.setItem('rejoin.token', old), token);
      await context.clearCookies();
    };

    it('[W4] whose token has run out is told so: at a table with no free seat why the seat is not theirs, at home that they are new', async () => {
      const room = await friend('Ben').create(fourInARow, { private: true });
      const visitor = await open({}, `#/code/${room.code}`);
      const { page } = visitor;
      await waitForPhase(page, 'playing');
      const seat = room.players[1]!.player;
      await growOld(visitor);
      await page.reload();
      await page
        .getByTestId('refusal')
        .getByText('The server does not know you any more, so a seat you had here is not yours now.')
        .waitFor();
      await page.getByRole('button', { name: 'Watch the game' }).click();
      await waitForPhase(page, 'playing');
      assert.equal(room.players[1]!.player, seat, 'nobody got the seat');
      await growOld(visitor);
      await page.goto(on.url); // loads it anew: an address without a fragment leads to a new document
      await page
        .getByTestId('toasts')
        .getByText('The server does not know you any more: you are a new guest.')
        .waitFor();
      assert.equal(await page.getByTestId('kept-seat').count(), 0, 'nothing is offered that is not theirs');
    });

    it('[W4] whose token has run out sits down anew where a seat is free, and is told so', async () => {
      const room = await friend('Ben').create(liarsDice, { private: true });
      const visitor = await open({}, `#/code/${room.code}`);
      await waitForPhase(visitor.page, 'waiting');
      await growOld(visitor);
      await visitor.page.reload();
      await visitor.page.getByTestId('toasts').getByText('you are a new guest').waitFor();
      await visitor.page.getByTestId('seat-2').getByText('you').waitFor();
    });

    for (const contract of [liarsDice, arena] as const) {
      it(`${contract.name}: a second window takes the seat over in mid-match, the first says so, and takes it back`, async () => {
        const room = await friend('Ben').create(contract as typeof arena, { private: true });
        const a = await open({}, `#/code/${room.code}`);
        await waitForPhase(a.page, 'waiting');
        await room.start();
        await waitForPhase(a.page, 'playing');
        const b = await open({ beside: a }, `#/room/${room.id}`);
        for (const [there, here] of [
          [a, b],
          [b, a],
        ] as const) {
          await here.page.getByRole('button', { name: 'Play here instead' }).click();
          await waitForPhase(here.page, 'playing');
          await there.page.getByText('You play in another window now').waitFor();
          assert.equal(await tableLocator(here.page).getAttribute('data-seat'), '1');
        }
        assert.equal(room.players.filter(seat => seat !== null).length, 2);
      });
    }

    it('a link to a table that is full, in a game of many: it can be watched', async () => {
      const room = await friend('Ben').create(arena, { private: true, bots: 7 });
      const { page } = await open({ shows: 'All seats are taken' }, `#/code/${room.code}`);
      await page.getByRole('button', { name: 'Watch the game' }).click();
      await waitForPhase(page, 'waiting');
      await room.start();
      await page.locator('[data-testid="arena"][data-phase="play"]').waitFor();
      assert.equal(await tableLocator(page).getAttribute('data-seat'), '');
    });

    it('the back button leads home from every screen, and forward to where one was', async () => {
      const { page } = await open();
      const there = async (arrived: () => Promise<unknown>) => {
        await arrived();
        await page.goBack();
        await home(page);
        await page.goForward();
        await arrived();
        await page.goBack();
        await home(page);
      };
      const goTo = (hash: string) =>
        page.evaluate(to => {
          location.hash = to;
        }, hash);
      // Gathering; waiting; playing; watching; ended; turned away.
      await startButton(page, 'friends', 'liars-dice').click();
      await there(() => waitForPhase(page, 'waiting'));
      await startButton(page, 'friends').click();
      await there(() => waitForPhase(page, 'waiting'));
      await startButton(page, 'bots', 'arena').click();
      await there(() => waitForPhase(page, 'playing'));
      const room = await friend('Ben').create(fourInARow, { private: true });
      const guest = await friend('Cleo').join(fourInARow, { id: room.id });
      await until('they play', () => guest.info.phase === 'playing' || undefined, { timeoutMs: recoveryTimeoutMs });
      await goTo(`#/watch/${room.id}`);
      await there(() => waitForPhase(page, 'playing'));
      await goTo(`#/code/${room.code}`);
      await there(() => page.getByText('All seats are taken').waitFor());
      await guest.leave();
      await goTo(`#/watch/${room.id}`);
      await there(() => waitForPhase(page, 'ended'));
      await goTo('#/code/ZZZZZ');
      await there(() => page.getByText('No table has this code').waitFor());
    });
  });
});
