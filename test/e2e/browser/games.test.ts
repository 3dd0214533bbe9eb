import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { codeOf, linkOf, waitForPhase, startButton, type Visitor, type VisitorOptions } from './browser.ts';
import { onSharedCluster } from './shared.ts';

/**
 * What games of many seats have before and beside a match. Whole matches of each game are in full-matches.test.ts and
 * replay.test.ts.
 */
describe('the games of the page, on a cluster', function () {
  this.timeout(120_000);
  const on = onSharedCluster();

  const open = (options: VisitorOptions = {}, link?: string): Promise<Visitor> =>
    on.visits.open({ still: true, ...options }, link);
  const seats = (page: Page) => page.getByTestId(/^seat-/);

  it('a waiting room: the host adds bots, hands over, takes out; who was taken out is told', async () => {
    const host = await open({ name: 'Ada' });
    await startButton(host.page, 'friends', 'liars-dice').click();
    await waitForPhase(host.page, 'waiting');
    assert.equal(await host.page.getByTestId('start').isDisabled(), true);
    const link = await linkOf(host.page);
    const [ben, eve] = [await open({ name: 'Ben' }, link), await open({ name: 'Eve' }, link)];
    await eve.page.getByText('Waiting for Ada to start').waitFor();
    await host.page.getByTestId('add-bot').click();
    await seats(ben.page).getByText('Bot 1').waitFor();
    await eve.page.getByTestId('emote-wow').click();
    await host.page.getByTestId('bubble-2').getByText('Wow!').waitFor();
    await host.page.getByTestId('bubble-2').waitFor({ state: 'detached' });

    await host.page.getByRole('button', { name: 'Remove Eve' }).click();
    await host.page.getByRole('button', { name: 'Keep' }).click();
    await host.page.getByRole('button', { name: 'Remove Eve' }).click();
    await host.page.getByRole('button', { name: 'Remove', exact: true }).click();
    await eve.page.getByTestId('refusal').getByText('The host has taken you out').waitFor();
    await eve.page.reload();
    await eve.page.getByTestId('refusal').getByText('The host has taken you out').waitFor();

    await host.page.getByRole('button', { name: 'Make Ben the host' }).click();
    await host.page.getByText('Waiting for Ben to start').waitFor();
    assert.match((await ben.page.getByTestId('story').textContent())!, /You are the host/);
    await ben.page.getByTestId('start').click();
    await Promise.all([host, ben].map(({ page }) => waitForPhase(page, 'playing')));
    assert.equal(await host.page.getByTestId(/^cup-/).count(), 2, 'the others, of three');
  });

  it('a code leads to its game; who comes late joins an Arena that is on, and is watched', async () => {
    const host = await open({ name: 'Ada' });
    await startButton(host.page, 'friends', 'arena').click();
    const code = await codeOf(host.page);
    await host.page.getByTestId('add-bot').click();
    await host.page.locator('[data-testid="start"]:enabled').click();
    await waitForPhase(host.page, 'playing');
    const late = await open({ name: 'Late' });
    await late.page.getByLabel('Or join by code').fill(code);
    await late.page.getByRole('button', { name: 'Join', exact: true }).click();
    await waitForPhase(late.page, 'playing');
    await host.page.getByTestId('score-2').getByText('Late').waitFor();
    await open({}, `${on.url}/#/watch/${late.page.url().split('/').pop()!}`);
    await host.page.getByTestId('watchers').getByText('1').waitFor();
  });
});
