import assert from 'node:assert/strict';
import { z } from 'zod';
import { predict } from '../../../client/predict/index.ts';
import { contract, state } from '../../../shared/contract.ts';
import { hands, handsGame, ledgerGame } from './games.ts';
import { openLedgerRoom, doneIds, type LedgerFixture } from './ledger-fixture.ts';
import { openRoom } from './cluster-room-fixture.ts';

const slow = (table: LedgerFixture, ms: number) => {
  for (const client of [table.ada, table.bob]) client.extraDelay = () => ms / 2;
};
const shown = (of: { state: unknown }) => doneIds(of as never);

describe('prediction', () => {
  it('[U1] an action is shown at once, and is the same when it is confirmed', async () => {
    const table = await openLedgerRoom();
    slow(table, 200);
    const { world, adas } = table;
    const mine = predict(adas, ledgerGame);
    const seen: string[] = [];
    mine.onChange(() => seen.push(shown(mine).join()));
    const said = mine.act.add({ id: 'x' });
    assert.deepEqual([shown(mine), doneIds(adas), mine.guessed], [['x'], [], 1]);
    assert.ok((await world.clock.run(said)).ok);
    assert.deepEqual([shown(mine), doneIds(adas), mine.guessed], [['x'], ['x'], 0]);
    await world.clock.advance(100);
    assert.deepEqual([...new Set(seen)], ['x'], 'never twice, never gone');
  });

  it('[U1] what is not confirmed is done again on top of what others did in between', async () => {
    const table = await openLedgerRoom();
    const { world, adas, bobs } = table;
    table.ada.extraDelay = () => 100;
    const mine = predict(adas, ledgerGame);
    void bobs.act.add({ id: 'b1' });
    void mine.act.add({ id: 'a1' });
    void mine.act.add({ id: 'a2' });
    assert.deepEqual(shown(mine), ['a1', 'a2']);
    await world.clock.waitUntil('Bob is heard of', () => doneIds(adas).includes('b1'));
    await world.clock.waitUntil('it is shown', () => shown(mine).includes('b1'));
    assert.deepEqual(shown(mine), ['b1', 'a1', 'a2']);
    await world.clock.waitUntil('all is confirmed', () => adas.pending === 0 && doneIds(adas).length === 3);
    assert.deepEqual(shown(mine), doneIds(adas));
  });

  it('[U1] a refusal takes back that action alone', async () => {
    const table = await openLedgerRoom();
    const { world, adas } = table;
    slow(table, 100);
    // Here the rules think that it will do; there they refuse.
    const mine = predict(adas, {
      actions: {
        add: ledgerGame.rules.actions.add,
        deny: (s, { id }, ctx) => {
          s.done.push({ seat: ctx.seat, id });
        },
      },
    });
    const denied = mine.act.deny({ id: 'no' });
    const added = mine.act.add({ id: 'yes' });
    assert.deepEqual(shown(mine), ['no', 'yes']);
    assert.equal((await world.clock.run(denied)).ok, false);
    assert.ok((await world.clock.run(added)).ok);
    assert.deepEqual(shown(mine), ['yes']);
  });

  it('[U2] what draws, and what the rules refuse or fail at, is not shown before it is confirmed; what sets a timer is', async () => {
    const table = await openLedgerRoom();
    const { world, adas } = table;
    const mine = predict(adas, ledgerGame);
    const crashed = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown: string[] = [];
    process.on('uncaughtException', (error: Error) => thrown.push(error.message));
    try {
      const all = [
        mine.act.roll({}),
        mine.act.deny({ id: 'no' }),
        mine.act.crash({}),
        mine.act.arm({ ms: 5_000 }),
        mine.act.book({ id: 'yes' }),
      ];
      assert.deepEqual([mine.state!.dice, shown(mine), mine.guessed], [[], ['yes'], 2]);
      const said = await Promise.all(all.map(one => world.clock.run(one)));
      assert.deepEqual(
        said.map(one => (one.ok ? 'ok' : one.code)),
        ['ok', 'denied', 'rule-failed', 'ok', 'ok'],
      );
      assert.equal(mine.state!.dice.length, 1);
      await new Promise(done => setImmediate(done));
      assert.deepEqual(thrown, ['as told'], 'a rule that fails is told of, once');
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of crashed) process.on('uncaughtException', listener);
    }
  });

  it('[U2] the rules of a game that hides something are not taken; what an author writes for the view is', async () => {
    const { world, rooms } = await openRoom(hands, handsGame as never, ['ada', 'bob']);
    const [adas] = rooms as [(typeof rooms)[0]];
    await world.clock.waitUntil('the match is on', () => adas!.info.phase === 'playing');
    assert.throws(() => predict(adas!, handsGame as never), /view/);
    const mine = predict(adas!, {
      actions: {
        show: (v, { card }) => {
          v.table.push(...v.yours.splice(card, 1));
        },
      },
    });
    await world.clock.run(mine.act.draw({}));
    const [card] = mine.state!.yours;
    const said = mine.act.show({ card: 0 });
    assert.deepEqual([mine.state!.table, mine.state!.yours, adas!.state!.table], [[card], [], []]);
    assert.ok((await world.clock.run(said)).ok);
    assert.deepEqual(mine.state!.table, [card]);
  });

  it('[U1] an action that is given between the change and the verdict of another: both are shown once', async () => {
    const table = await openLedgerRoom();
    const { world, ada, adas } = table;
    let isVerdict = false;
    ada.onMessage = name => {
      isVerdict = name === 'act!';
    };
    ada.extraDelay = way => (way === 'down' && isVerdict ? 10 : 0);
    const mine = predict(adas, ledgerGame);
    void mine.act.add({ id: 'a' });
    await world.clock.waitUntil('the change is here', () => doneIds(adas).includes('a'));
    assert.deepEqual([adas.pending, shown(mine)], [1, ['a']], 'its verdict is not');
    void mine.act.add({ id: 'b' });
    assert.deepEqual([shown(mine), mine.guessed], [['a', 'b'], 2]);
    assert.equal((await world.clock.run(mine.act.add({ id: 1n as never }))).ok, false);
    assert.deepEqual([adas.pending, shown(mine), mine.guessed], [2, ['a', 'b'], 2], 'what is not sent is not shown');
    void mine.act.add({ id: 'c' });
    assert.deepEqual([shown(mine), mine.guessed], [['a', 'b', 'c'], 3]);
    await world.clock.waitUntil('all is confirmed', () => adas.pending === 0 && mine.guessed === 0);
    assert.deepEqual(shown(mine), ['a', 'b', 'c']);
  });

  it('[U1] an action that is given when the event of another is heard, before its verdict: both are shown once', async () => {
    const table = await openLedgerRoom();
    const { world, adas } = table;
    const mine = predict(adas, ledgerGame);
    const seen: string[] = [];
    mine.onChange(() => seen.push(shown(mine).join()));
    adas.on('added', ({ id }) => {
      if (id === 'a') void mine.act.add({ id: 'b' });
    });
    void mine.act.add({ id: 'a' });
    await world.clock.waitUntil('all is confirmed', () => adas.pending === 0 && doneIds(adas).length === 2);
    await world.clock.advance(100);
    assert.deepEqual([...new Set(seen)], ['a', 'a,b']);
  });

  // The seed sets whether an action is given while a change waits for its verdict: after 90 ms it is, with most of
  // these.
  for (const [when, seed] of [0, 1, 2, 40, 90, 130, 210].flatMap(when =>
    [2, 5, 10, 40 + when].map(seed => [when, seed] as const),
  )) {
    it(`[U1] the owner dies ${when} ms after: each action is shown once all along, and stands in the end (seed ${seed})`, async () => {
      const table = await openLedgerRoom(['a', 'b', 'c'], { seed });
      // A verdict may come a little after the change that it is about.
      table.ada.extraDelay = () => 80 + table.world.random() * 15;
      const { world, adas } = table;
      const mine = predict(adas, ledgerGame);
      const wrong: string[] = [];
      let most = 0;
      mine.onChange(() => {
        const now = shown(mine);
        if (new Set(now).size !== now.length || now.length < most) wrong.push(now.join());
        most = Math.max(most, now.length);
      });
      for (let i = 0; i < 6; i++) {
        void mine.act.add({ id: `a${i}` });
        if (i === 2) {
          await world.clock.advance(when);
          world.kill(table.owner);
        }
        await world.clock.advance(30);
      }
      assert.equal(shown(mine).length, 6);
      await world.clock.waitUntil('all is confirmed', () => adas.pending === 0 && doneIds(adas).length === 6);
      await world.clock.advance(500);
      assert.deepEqual([wrong, shown(mine)], [[], doneIds(adas)]);
    });
  }

  it('[U1] the line breaks, and he comes back by another node: what was done meanwhile is shown once', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const table = await openLedgerRoom(['a', 'b', 'c'], { seed });
      slow(table, 120);
      const { world, adas } = table;
      const mine = predict(adas, ledgerGame);
      const wrong: string[] = [];
      mine.onChange(() => {
        if (new Set(shown(mine)).size !== shown(mine).length) wrong.push(shown(mine).join());
      });
      void mine.act.add({ id: 'a' });
      await world.clock.advance(40 * seed);
      for (const line of [...table.ada.connections]) line.breakConnection();
      void mine.act.add({ id: 'b' });
      assert.deepEqual(shown(mine), ['a', 'b']);
      await world.clock.waitUntil('all is confirmed', () => adas.live && adas.pending === 0);
      assert.deepEqual([wrong, shown(mine)], [[], ['a', 'b']]);
    }
  });

  it('[U2] nothing is guessed by who watches, nor after the end', async () => {
    const race = contract('race', {
      version: 1,
      seats: { min: 1, max: 1 },
      state: state<{ at: number }>(),
      actions: { step: z.object({ by: z.int().default(1) }) },
    });
    const game = race.rules({
      setup: () => ({ at: 0 }),
      actions: {
        step(s, { by }, ctx) {
          s.at += by;
          if (s.at > 2) ctx.end({ ranking: [[0]] });
        },
      },
    });
    const { world, rooms, id } = await openRoom(race, game as never, ['ada']);
    const mine = predict(rooms[0]!, game);
    const watcher = world.client('eve', 'a');
    const eves = predict(await world.clock.run(watcher.client.watch(race, { id })), game);
    void eves.act.step({});
    assert.equal(eves.state!.at, 0);
    const all = [1, 2, 3].map(() => mine.act.step());
    void mine.act.step({ by: 7 });
    assert.equal(mine.state!.at, 3, 'the fourth step comes after the end');
    await world.clock.run(Promise.all(all));
    assert.equal(mine.state!.at, 3);
    await world.clock.advance(100);
    void mine.act.step();
    assert.equal(mine.state!.at, 3);
  });
});
