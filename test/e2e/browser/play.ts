import type { Page } from 'playwright-core';
import type { Room } from '../../../client/index.ts';
import { until } from '../../../tools/until.ts';
import type { DefOf } from '../../../shared/contract.ts';
import { diceBot } from '../../../shared/games/liars-dice/bot.ts';
import type { liarsDice } from '../../../shared/games/liars-dice/contract.ts';
import type { Random } from '../../../shared/random.ts';
import { discsOn, waitForPhase, tableLocator } from './browser.ts';
import { recoveryTimeoutMs } from './cluster-page.ts';

type DiceRoom = Room<DefOf<typeof liarsDice>>;

/** Waits until the page may bid; @returns its move: a doubt now and then, else the smallest bid. */
export async function waitForDiceTurn(page: Page, within: number): Promise<() => Promise<void>> {
  await page.locator('[data-testid="dice"]:not([data-hand=""])').waitFor({ timeout: within });
  return async () => {
    const doubt = page.getByTestId('challenge');
    const bid = Number(
      await page
        .getByTestId('current-bid')
        .getAttribute('data-count', { timeout: 100 })
        .catch(() => '0'),
    );
    await (bid >= 2 && (await doubt.isEnabled()) ? doubt : page.getByTestId('bid')).click();
  };
}

/** Whoever of these pages has the turn plays, until so many rounds are over, or the match is. */
export async function playDice(pages: readonly Page[], rounds: number): Promise<void> {
  const round = async () => Number(await pages[0]!.getByTestId('dice').getAttribute('data-round'));
  const first = await round();
  await until(
    'the rounds are played',
    async () => {
      if ((await tableLocator(pages[0]!).getAttribute('data-phase')) === 'ended' || (await round()) >= first + rounds)
        return true;
      for (const page of pages) {
        if ((await page.getByTestId('dice').getAttribute('data-hand')) === '') continue;
        // The turn may pass, and the table may stand still, between a look and a click: then it is tried again.
        await waitForDiceTurn(page, 500)
          .then(move => move())
          .catch((error: unknown) => {
            if (!(error instanceof Error) || !/Timeout/.test(error.message)) throw error;
          });
      }
      return undefined;
    },
    { timeoutMs: 90_000, intervalMs: 50 },
  );
  if (rounds === Infinity) await Promise.all(pages.map(page => waitForPhase(page, 'ended')));
}

/**
 * Plays one side to the end of the match, against anybody: always into the first column that is not full.
 *
 * @param beforeMove is given the number of discs on the board
 */
export async function playFirstFreeColumns(page: Page, beforeMove: (discs: number) => Promise<void>): Promise<void> {
  const isOver = async () => (await tableLocator(page).getAttribute('data-phase')) === 'ended';
  const hand = async () => (await page.getByTestId('board').getAttribute('data-hand')) || undefined;
  for (let column = 1; ;) {
    const within = { timeoutMs: recoveryTimeoutMs, intervalMs: 15 };
    const next = await until('the turn or the end', async () => ((await isOver()) ? 'end' : await hand()), within);
    if (next === 'end') return;
    const discs = await discsOn(page);
    await beforeMove(discs);
    const text = async () => (await page.getByTestId(`column-${column}`).getAttribute('aria-label')) ?? '';
    while ((await text()).includes(', full')) column++;
    await page.getByTestId(`column-${column}`).click();
    await until('the move counts', async () => (await discsOn(page)) > discs || undefined, within);
  }
}

/** Plays for a seat, as the bot would, from its own view. */
export function playAutomatically(room: DiceRoom, random: Random): void {
  const state = { asked: '' };
  room.onChange(() => {
    const { state: view, seat } = room;
    if (!view || seat === null || room.info.phase !== 'playing' || view.turn !== seat || view.stage !== 'bidding')
      return;
    const at = `${view.round}/${JSON.stringify(view.bid)}`;
    if (state.asked === at) return;
    state.asked = at;
    const move = diceBot(view, seat, random);
    if (!move || !('act' in move)) return;
    void (move.act === 'bid' ? room.act.bid(move.data) : room.act.challenge());
  });
}

/** So many ticks of the arena have gone by, as this page sees it. */
export async function waitForTicks(page: Page, count: number): Promise<void> {
  const tick = async () => Number(await page.getByTestId('arena').getAttribute('data-tick'));
  const from = await tick();
  await until('it goes on', async () => (await tick()) >= from + count || undefined, { timeoutMs: recoveryTimeoutMs });
}
