import type { Page } from 'playwright-core';
import type { Room } from '../../../../client/index.ts';
import type { DefOf } from '../../../../shared/contract.ts';
import { arena } from '../../../../shared/games/arena/contract.ts';
import { fourInARow } from '../../../../shared/games/four-in-a-row/contract.ts';
import { liarsDice, smallestBid } from '../../../../shared/games/liars-dice/contract.ts';
import { createRandom } from '../../../../shared/random.ts';
import { until } from '../../../../tools/until.ts';
import { waitForPhase, startButton, type Visitor } from '../../browser/browser.ts';
import { playAutomatically } from '../../browser/play.ts';
import { dropDiscs, waitUntilTrue, type Scene, type SceneSetup } from './scene-setup.ts';

// --- four in a row ----------------------------------------------------------------------------

async function fourWith(stage: SceneSetup, options: { panel?: boolean } = {}) {
  const room = await stage.friend('Ben').create(fourInARow, { private: true });
  const visitor = await stage.visit({ at: `/code/${room.code}`, ...options });
  await waitForPhase(visitor.page, 'playing');
  return { visitor, room };
}

/** A few discs lie, and it is the page's turn. */
async function fourAtPlay(stage: SceneSetup, options: { panel?: boolean } = {}) {
  const table = await fourWith(stage, options);
  await dropDiscs(
    table.visitor.page,
    table.room,
    { page: [4, 3, 5, 2], friend: [4, 3, 5, 6] },
    ({ state, seat }) => state!.moves >= 5 && state!.turn !== seat,
  );
  await table.visitor.page.locator('[data-testid="board"]:not([data-hand=""])').waitFor();
  return table;
}

const fourScenes: Scene[] = [
  {
    name: 'four-waiting',
    async open(stage) {
      const visitor = await stage.visit();
      await startButton(visitor.page, 'friends').click();
      await waitForPhase(visitor.page, 'waiting');
      return visitor;
    },
  },
  { name: 'four-your-turn', open: async stage => (await fourAtPlay(stage)).visitor },
  {
    name: 'four-their-turn',
    like: 'four-your-turn',
    async open(stage) {
      const { visitor, room } = await fourWith(stage);
      await dropDiscs(
        visitor.page,
        room,
        { page: [4, 3, 5], friend: [4, 3, 5] },
        ({ state, seat }) => state!.moves >= 4 && state!.turn === seat,
      );
      return visitor;
    },
  },
  {
    name: 'four-they-are-away',
    async open(stage) {
      const { visitor, room } = await fourWith(stage);
      await dropDiscs(
        visitor.page,
        room,
        { page: [4, 3], friend: [4, 3] },
        ({ state, seat }) => state!.moves >= 2 && state!.turn === seat,
      );
      room.close();
      await visitor.page.getByText('They have lost the connection.').waitFor();
      return visitor;
    },
  },
  {
    name: 'four-full-column',
    async open(stage) {
      const { visitor, room } = await fourWith(stage);
      // Column 1 is filled by both in turn: nobody gets four there.
      await dropDiscs(
        visitor.page,
        room,
        { page: [1, 1, 1, 4, 6, 4], friend: [1, 1, 1, 5, 3, 3] },
        ({ state, seat }) => state!.board[0] !== null && state!.turn !== seat,
      );
      return visitor;
    },
    async again(page) {
      await page.getByTestId('toasts').getByText('That column is full.').waitFor({ state: 'detached' });
      await page.getByTestId('column-1').click();
      await page.getByTestId('toasts').getByText('That column is full.').waitFor();
    },
  },
  {
    name: 'four-giving-up',
    async open(stage) {
      const { visitor } = await fourAtPlay(stage);
      await visitor.page.getByRole('button', { name: 'Leave' }).click();
      return visitor;
    },
  },
  {
    name: 'four-won',
    async open(stage) {
      const { visitor, room } = await fourWith(stage);
      await dropDiscs(visitor.page, room, { page: [4, 4, 4, 4], friend: [3, 5, 3, 5] }, () => false);
      await waitForPhase(visitor.page, 'ended');
      await room.rematch();
      await visitor.page.getByText('wants a rematch.').waitFor();
      return visitor;
    },
  },
  {
    name: 'four-replay',
    async open(stage) {
      const { visitor, room } = await fourWith(stage);
      await dropDiscs(visitor.page, room, { page: [4, 3, 4, 4, 4], friend: [3, 5, 3, 5, 1] }, () => false);
      await watchAgain(visitor.page);
      for (let i = 0; i < 2; i++) await visitor.page.getByTestId('step-back').click();
      return visitor;
    },
  },
  {
    name: 'four-lost',
    like: 'four-won',
    async open(stage) {
      const { visitor, room } = await fourWith(stage);
      await dropDiscs(visitor.page, room, { page: [3, 5, 3, 5], friend: [4, 4, 4, 4] }, () => false);
      await waitForPhase(visitor.page, 'ended');
      return visitor;
    },
  },
  {
    name: 'four-watching',
    async open(stage) {
      const {
        visitor: { page },
        room,
      } = await fourWith(stage);
      await dropDiscs(page, room, { page: [4, 3, 5], friend: [4, 3, 5] }, ({ state }) => state!.moves >= 5);
      const spectator = await stage.visit({ at: `/watch/${room.id}`, name: 'Eve' });
      await waitForPhase(spectator.page, 'playing');
      return spectator;
    },
  },
  {
    name: 'four-both-seats',
    like: 'four-your-turn',
    async open(stage) {
      const visitor = await stage.visit();
      await startButton(visitor.page, 'friends').click();
      await visitor.page.getByRole('button', { name: 'Play both seats' }).click();
      await waitForPhase(visitor.page, 'playing');
      return visitor;
    },
  },
  {
    name: 'four-no-connection',
    complaints: /WebSocket connection to|Failed to load resource|ERR_/,
    async open(stage) {
      const { visitor } = await fourAtPlay(stage);
      await visitor.context.setOffline(true);
      await visitor.page.getByText('Your seat is kept for a while.').waitFor({ timeout: 30_000 });
      return visitor;
    },
  },
  {
    name: 'four-with-cluster',
    local: true,
    async open(stage) {
      const { visitor } = await fourAtPlay(stage, { panel: true });
      await visitor.page.getByTestId('node-node-1').waitFor();
      return visitor;
    },
  },
];

// --- liar's dice ------------------------------------------------------------------------------

type DiceRoom = Room<DefOf<typeof liarsDice>>;

/** A table that is gathering: the page's, or a friend's at which the page is a guest. */
async function diceGathering(stage: SceneSetup, host: 'page' | 'friend') {
  if (host === 'page') {
    const visitor = await stage.visit();
    await startButton(visitor.page, 'friends', 'liars-dice').click();
    const code = ((await visitor.page.getByTestId('code').textContent()) ?? '').trim();
    const room = await stage.friend('Wilhelmina Featherstone').join(liarsDice, { code });
    await visitor.page.getByTestId('add-bot').click();
    await visitor.page.getByTestId('seat-2').getByText('Bot 1').waitFor();
    return { visitor, room };
  }
  const room = await stage.friend('Ben').create(liarsDice, { private: true });
  await room.addBot();
  const visitor = await stage.visit({ at: `/code/${room.code}` });
  await visitor.page.getByText('Waiting for Ben to start').waitFor();
  return { visitor, room };
}

/** Whoever has the turn doubts where there is a bid, and else bids the least: a round takes a moment. */
async function diceStep(page: Page, friend: DiceRoom): Promise<void> {
  const view = friend.state!;
  if (view.stage !== 'bidding') return;
  const before = friend.position.join();
  if (view.turn === friend.seat)
    await (view.bid
      ? friend.act.challenge()
      : friend.act.bid(
          smallestBid(
            null,
            view.dice.reduce((a, b) => a + b, 0),
            view.wild,
          )!,
        ));
  else {
    await page.locator('[data-testid="dice"]:not([data-hand=""])').waitFor();
    await page.getByTestId(view.bid ? 'challenge' : 'bid').click();
  }
  await waitUntilTrue('it has counted', () => friend.position.join() !== before);
}

async function diceAtPlay(stage: SceneSetup, options: { dice?: number } = {}) {
  const room = await stage.friend('Ben').create(liarsDice, { private: true, options });
  const visitor = await stage.visit({ at: `/code/${room.code}` });
  await waitForPhase(visitor.page, 'waiting');
  return {
    visitor,
    room,
    start: async () => {
      await room.start();
      await waitForPhase(visitor.page, 'playing');
    },
  };
}

/** At the table of a scene that has to be brought about again for each look. */
const tables = new WeakMap<Page, DiceRoom>();

/** @param dice of each player */
async function dicesEnd(stage: SceneSetup, dice = 1): Promise<Visitor> {
  const { visitor, room, start } = await diceAtPlay(stage, { dice });
  await start();
  while (room.info.phase === 'playing') {
    await diceStep(visitor.page, room);
    await waitUntilTrue('the dice are rolled', () => room.state!.stage === 'bidding' || room.info.phase === 'ended');
  }
  await waitForPhase(visitor.page, 'ended');
  return visitor;
}

const diceScenes: Scene[] = [
  { name: 'dice-gathering-host', open: async stage => (await diceGathering(stage, 'page')).visitor },
  {
    name: 'dice-removing-somebody',
    async open(stage) {
      const { visitor } = await diceGathering(stage, 'page');
      await visitor.page.getByRole('button', { name: 'Remove Wilhelmina Featherstone' }).click();
      return visitor;
    },
  },
  {
    name: 'dice-gathering-guest',
    like: 'dice-gathering-host',
    open: async stage => (await diceGathering(stage, 'friend')).visitor,
  },
  {
    name: 'dice-your-turn',
    async open(stage) {
      const { visitor, room, start } = await diceAtPlay(stage);
      const cleo = await stage.friend('Cleo').join(liarsDice, { id: room.id });
      for (let bots = 0; bots < 3; bots++) await room.addBot();
      const random = createRandom([5, 6, 7, 8]);
      for (const one of [room, cleo] as DiceRoom[]) playAutomatically(one, random);
      await start();
      const { page } = visitor;
      await until(
        'there is a bid to beat',
        async () => {
          await page.locator('[data-testid="dice"]:not([data-hand=""])').waitFor({ timeout: 60_000 });
          if ((await page.getByTestId('current-bid').count()) > 0) return true;
          await page.getByTestId('bid').click(); // it began the round itself
          await page.locator('[data-testid="dice"][data-hand=""]').waitFor();
          return undefined;
        },
        { timeoutMs: 60_000 },
      );
      return visitor;
    },
  },
  {
    name: 'dice-their-turn',
    like: 'dice-your-turn',
    async open(stage) {
      const { visitor, room, start } = await diceAtPlay(stage);
      await start();
      if (room.state!.turn !== room.seat) await diceStep(visitor.page, room);
      return visitor;
    },
  },
  {
    name: 'dice-reveal',
    async open(stage) {
      const { visitor, room, start } = await diceAtPlay(stage, { dice: 6 });
      await start();
      tables.set(visitor.page, room);
      return visitor;
    },
    async again(page) {
      const room = tables.get(page)!;
      await waitUntilTrue('the dice are rolled', () => room.state!.stage === 'bidding' || room.info.phase === 'ended');
      while (room.info.phase === 'playing' && room.state!.stage === 'bidding') await diceStep(page, room);
      await page.getByTestId('reveal').waitFor();
    },
  },
  { name: 'dice-ended', open: stage => dicesEnd(stage) },
];

// --- arena ------------------------------------------------------------------------------------

/** A match with the page, a friend and so many bots. */
async function arenaAtPlay(
  stage: SceneSetup,
  options: { rounds: number; seconds: number },
  bots: number,
  how: 'code' | 'watch' = 'code',
): Promise<Visitor> {
  const room = await stage.friend('Ben').create(arena, { private: true, options });
  for (let n = 0; n < bots; n++) await room.addBot();
  const visitor = await stage.visit({ at: how === 'code' ? `/code/${room.code}` : `/watch/${room.id}` });
  await waitForPhase(visitor.page, 'waiting');
  await room.start();
  await visitor.page.locator('[data-testid="arena"][data-phase="play"]').waitFor();
  return visitor;
}

async function arenasEnd(stage: SceneSetup): Promise<Visitor> {
  const visitor = await arenaAtPlay(stage, { rounds: 1, seconds: 20 }, 6);
  await visitor.page.locator('[data-testid="table"][data-phase="ended"]').waitFor({ timeout: 60_000 });
  return visitor;
}

const arenaScenes: Scene[] = [
  {
    name: 'arena-gathering',
    like: 'dice-gathering-host',
    async open(stage) {
      const visitor = await stage.visit();
      await startButton(visitor.page, 'friends', 'arena').click();
      await waitForPhase(visitor.page, 'waiting');
      return visitor;
    },
  },
  { name: 'arena-playing', open: stage => arenaAtPlay(stage, { rounds: 3, seconds: 180 }, 6) },
  {
    name: 'arena-watching',
    like: 'arena-playing',
    open: stage => arenaAtPlay(stage, { rounds: 3, seconds: 180 }, 2, 'watch'),
  },
  { name: 'arena-ended', slow: true, open: arenasEnd },
];

/** From the result to the replay, which stands at its end. */
async function watchAgain(page: Page): Promise<void> {
  await waitForPhase(page, 'ended');
  await page.getByTestId('watch-replay').click();
  await page.getByTestId('transport').waitFor();
  await page.getByTestId('transport').getByRole('slider').press('End');
}

const replayScenes: Scene[] = [
  {
    name: 'dice-replay',
    like: 'four-replay',
    slow: true,
    async open(stage) {
      const visitor = await dicesEnd(stage, 3); // a match of a few entries within seconds is not recorded
      await watchAgain(visitor.page);
      await visitor.page.getByTestId('step-back').click();
      return visitor;
    },
  },
  {
    name: 'arena-replay',
    like: 'four-replay',
    slow: true,
    async open(stage) {
      const visitor = await arenasEnd(stage);
      await watchAgain(visitor.page);
      for (let i = 0; i < 8; i++) await visitor.page.keyboard.press('PageDown');
      return visitor;
    },
  },
];

export const tableScenes: readonly Scene[] = [...fourScenes, ...diceScenes, ...arenaScenes, ...replayScenes];
