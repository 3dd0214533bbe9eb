import { fourInARow } from '../../../../shared/games/four-in-a-row/contract.ts';
import { arena } from '../../../../shared/games/arena/contract.ts';
import { liarsDice } from '../../../../shared/games/liars-dice/contract.ts';
import { createExpiredToken } from '../../browser/expired-token.ts';
import { linkOf, waitForPhase, startButton } from '../../browser/browser.ts';
import { hangWebSockets } from '../../browser/cluster-page.ts';
import { waitUntilTrue, type Scene, type SceneSetup } from './scene-setup.ts';

/** Two friends at a table that has no more seats. */
async function fullTable(stage: SceneSetup): Promise<{ id: string; code: string }> {
  const room = await stage.friend('Ben').create(fourInARow, { private: true });
  await stage.friend('Cleo').join(fourInARow, { id: room.id });
  await waitUntilTrue('they play', () => room.info.phase === 'playing');
  return room;
}

/** The way in: the first page, and what stands between it and a table. */
export const entryScenes: readonly Scene[] = [
  { name: 'home', open: stage => stage.visit() },
  {
    name: 'home-busy',
    async open(stage) {
      await stage.friend('Grace').create(fourInARow, {});
      const dice = await stage.friend('Hannibal').create(liarsDice, {});
      await stage.friend('Bartholomew Fitzgerald').join(liarsDice, { id: dice.id });
      await dice.start();
      const race = await stage.friend('Ida').create(arena, { bots: 3 });
      await race.start();
      const own = await stage.friend('Ben').create(fourInARow, { private: true });
      const visitor = await stage.visit({ at: `/code/${own.code}` });
      const { page } = visitor;
      await waitForPhase(page, 'playing');
      await page.getByRole('link', { name: /home/ }).click();
      await page.getByTestId('kept-seat').waitFor();
      await page.getByTestId('open-room').nth(2).waitFor();
      await page.getByLabel('Or join by code').fill('ZZZZZ');
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      await page.getByText('No table has this code').waitFor();
      return visitor;
    },
  },
  {
    name: 'home-beside',
    async open(stage) {
      const first = await stage.visit();
      const second = await stage.visit({ beside: first });
      await second.page.getByText('This window is a player of its own').waitFor();
      return second;
    },
  },
  {
    name: 'same-table',
    async open(stage) {
      const first = await stage.visit();
      await startButton(first.page, 'friends').click();
      const { hash } = new URL(await linkOf(first.page));
      const second = await stage.visit({ beside: first, at: hash.slice(1) });
      await second.page.getByTestId('same-table').waitFor();
      return second;
    },
  },
  {
    name: 'door',
    open: stage =>
      stage.visit({
        at: '/code/ABCDE',
        shows: 'Coming to the table.',
        // A server that neither answers nor refuses.
        prepare: async context => {
          await hangWebSockets(context);
          await context.route('**/socket.io/**', () => {});
        },
      }),
  },
];

/** What a visitor is told who is not let in, or not any more. */
export const refusalScenes: readonly Scene[] = [
  { name: 'refused-wrong-code', open: stage => stage.visit({ at: '/code/ZZZZZ', shows: 'No table has this code' }) },
  {
    name: 'refused-no-replay',
    like: 'refused-wrong-code',
    open: stage => stage.visit({ at: '/replay/AAAAAAAAAAAAAAAAAAAAAA/1', shows: 'There is no such replay' }),
    complaints: /status of 404/,
  }, // the browser's own word for what is not there
  {
    name: 'refused-gone',
    like: 'refused-wrong-code',
    open: stage => stage.visit({ at: '/room/AAAAAAAAAAAAAAAAAAAAAA', shows: 'This table is gone' }),
  },
  {
    name: 'refused-full',
    like: 'refused-wrong-code',
    open: async stage => stage.visit({ at: `/code/${(await fullTable(stage)).code}`, shows: 'All seats are taken' }),
  },
  {
    name: 'refused-begun',
    like: 'refused-wrong-code',
    async open(stage) {
      const room = await stage.friend('Ben').create(liarsDice, { private: true, bots: 1 });
      await room.start();
      return stage.visit({ at: `/code/${room.code}`, shows: 'They have begun' });
    },
  },
  {
    name: 'refused-taken-out',
    like: 'refused-other-window',
    async open(stage) {
      const room = await stage.friend('Ben').create(liarsDice, { private: true });
      const visitor = await stage.visit({ at: `/code/${room.code}` });
      await waitForPhase(visitor.page, 'waiting');
      await room.kick(1);
      await visitor.page.getByText('The host has taken you out').waitFor();
      return visitor;
    },
  },
  {
    name: 'refused-other-window',
    async open(stage) {
      const room = await stage.friend('Ben').create(fourInARow, { private: true });
      const first = await stage.visit({ at: `/code/${room.code}` });
      await waitForPhase(first.page, 'playing');
      const second = await stage.visit({ beside: first, at: `/room/${room.id}` });
      await second.page.getByRole('button', { name: 'Play here instead' }).click();
      await first.page.getByText('You play in another window now').waitFor();
      return first;
    },
  },
  {
    name: 'refused-token-ran-out',
    like: 'refused-wrong-code',
    async open(stage) {
      const { id } = await fullTable(stage);
      const token = await createExpiredToken(stage.options.secret);
      return stage.visit({
        at: `/room/${id}`,
        shows: 'All seats are taken',
        prepare: async context =>
          void (await context.addInitScript(old => {
            if (localStorage.getItem('rejoin.token') === null) localStorage.setItem('rejoin.token', old);
          }, token)),
      });
    },
  },
  {
    name: 'refused-old-page',
    open: stage =>
      stage.visit({
        shows: 'There is a newer version',
        // A page from another time speaks another language. (In the page's own words: what is compiled here does not
        // run there.)
        prepare: async context =>
          void (await context.addInitScript(`
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) { return send.call(this, typeof data === 'string' ? data.replace(/"wire":\\d+/, '"wire":99') : data); };`)),
      }),
  },
];

/** The page for authors. */
export const devScenes: readonly Scene[] = [
  { name: 'dev-set-up', open: stage => stage.author('') },
  {
    name: 'dev-bench',
    async open(stage) {
      const visitor = await stage.author('#game=liars-dice&seats=2&spectator=1&go=1');
      await visitor.page.getByTestId('pane-0').getByRole('button', { name: 'Start', exact: true }).click();
      await visitor.page.locator('[data-testid="facts"][data-phase="playing"]').waitFor();
      return visitor;
    },
  },
];
