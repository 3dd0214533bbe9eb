import assert from 'node:assert/strict';
import type { EffectAbout, EffectHandler } from '../../../server/rooms/actor/effect-runner.ts';
import { moveTimer } from '../../../server/rooms/core/document.ts';
import { limits } from '../../../shared/limits.ts';
import { turns, turnsGame, type TurnState } from '../bot-games.ts';
import { documentOf, memoryStoreRoom, openRoom } from './cluster-room-fixture.ts';
import type { TestCluster } from '../../../testkit/test-cluster.ts';
import { latch } from '../../../testkit/latch.ts';

interface Run {
  what: string;
  about: EffectAbout;
  at: number;
}

/** Keys for which a handler was called before the journal had them. */
const early: string[] = [];

/** A match with a handler that the test gives. */
async function saving(
  handler: (run: Run, world: TestCluster) => ReturnType<EffectHandler> = () => {},
  how: { seed?: number; bots?: number } = {},
) {
  const runs: Run[] = [];
  const party = await openRoom(turns, turnsGame(), ['ada', 'bob'], {
    request: { bots: how.bots ?? 0 },
    ...(how.seed === undefined ? {} : { seed: how.seed }),
    begin: world => {
      world.effects = {
        parlour: {
          save: (data, about) => {
            const stored = memoryStoreRoom(world, about.room)!;
            if (!stored.entries.some(e => e.includes(about.key)) && !stored.snapshot.includes(about.key))
              early.push(about.key);
            const run = { what: (data as { what: string }).what, about, at: world.clock.mono() };
            runs.push(run);
            return handler(run, world);
          },
        },
      };
    },
  });
  const { world, rooms } = party;
  assert.ok((await world.clock.run(rooms[0]!.start())).ok);
  const open = () => Object.keys(documentOf(world, party.id).hidden.effects);
  return { ...party, runs, adas: rooms[0]!, bobs: rooms[1]!, open, said: () => runs.map(r => r.what) };
}

describe('effects on a cluster', () => {
  afterEach('[E1] never before the commit', () => assert.deepEqual(early.splice(0), []));

  it('[E1] [E2] all is well: each is done once, after the commit, with a key of its own, and struck out', async () => {
    const { world, adas, bobs, runs, open, said } = await saving();
    for (let i = 0; i < 5; i++)
      await world.clock.run(Promise.all([adas.act.save({ what: `a${i}` }), bobs.act.save({ what: `b${i}` })]));
    await world.clock.advance(5_000);
    assert.deepEqual(said().sort(), [0, 1, 2, 3, 4].flatMap(i => [`a${i}`, `b${i}`]).sort());
    assert.equal(new Set(runs.map(r => r.about.key)).size, 10);
    assert.deepEqual(open(), []);
    assert.equal(runs[0]!.about.match, 1);
  });

  it('[E1] what is refused, or fails, does nothing', async () => {
    const { world, adas, runs } = await saving();
    await world.clock.run(adas.act.save({ what: 'x', then: 'refuse' }));
    await world.clock.run(adas.act.save({ what: 'x', then: 'throw' }));
    await world.clock.advance(5_000);
    assert.deepEqual(runs, []);
  });

  for (const lose of ['refused', 'request', 'reply'] as const) {
    it(`[E1] [O3] the append fails (${lose}): done when it is in the journal, under one key`, async () => {
      const { world, adas, owner, runs } = await saving();
      let left = 1;
      world.faultFor = call => (call.op === 'append' && call.node === owner.name && left-- > 0 ? { lose } : undefined);
      assert.ok((await world.clock.run(adas.act.save({ what: 'x' }))).ok);
      await world.clock.advance(5_000);
      assert.deepEqual([runs.map(r => r.what), new Set(runs.map(r => r.about.key)).size], [['x'], 1]);
    });
  }

  it('[E2] the owner dies between the doing and the striking out: done again, with the same key', async () => {
    const { world, adas, runs, open } = await saving((_run, world) => {
      if (runs.length === 1) world.kill(world.node('c'));
    });
    const acting = adas.act.save({ what: 'x' });
    await world.clock.waitUntil('it is done again', () => runs.length === 2, 8_000);
    assert.ok((await world.clock.run(acting)).ok);
    await world.clock.advance(5_000);
    assert.equal(runs.length, 2);
    assert.deepEqual([runs[0]!.about.key, runs[0]!.about.match], [runs[1]!.about.key, runs[1]!.about.match]);
    assert.deepEqual(open(), []);
  });

  it('[E2] the same where the striking out was written, and the owner died before it knew: done once', async () => {
    const { world, adas, owner, runs, open } = await saving();
    let entries = 0;
    world.faultFor = call =>
      call.op === 'append' && call.node === owner.name && ++entries === 2
        ? { holdReply: new Promise(() => {}) }
        : undefined;
    assert.ok((await world.clock.run(adas.act.save({ what: 'x' }))).ok);
    await world.clock.waitUntil('it is written', () => entries === 2);
    await world.clock.advance(5);
    world.kill(owner);
    await world.clock.advance(8_000);
    assert.equal(runs.length, 1);
    assert.deepEqual(open(), []);
  });

  it('[E2] an owner that stood still while another took its room does it perhaps, and strikes nothing out', async () => {
    const { opened, open: let1 } = latch();
    const { world, adas, bobs, owner, runs, open } = await saving(() => (runs.length === 1 ? opened : undefined));
    assert.ok((await world.clock.run(adas.act.save({ what: 'x' }))).ok);
    world.freeze(owner);
    await world.clock.waitUntil('done by another', () => runs.length === 2, 10_000);
    world.thaw(owner);
    let1();
    await world.clock.advance(3_000);
    assert.ok((await world.clock.run(bobs.act.save({ what: 'y' }))).ok);
    await world.clock.advance(2_000);
    assert.deepEqual(
      runs.map(r => r.what),
      ['x', 'x', 'y'],
    );
    assert.deepEqual(open(), []);
  });

  it('[E3] a handler that throws is called again, more and more slowly, and the room goes on meanwhile', async () => {
    const { world, adas, runs, open, said } = await saving(run => {
      if (run.what === 'x' && runs.filter(r => r.what === 'x').length < 4) throw new Error('the other side is down');
    });
    await world.clock.run(adas.act.save({ what: 'x' }));
    await world.clock.run(adas.act.save({ what: 'y' }));
    await world.clock.advance(30_000);
    const times = runs.filter(r => r.what === 'x').map(r => Math.round((r.at - runs[0]!.at) / 1_000));
    assert.deepEqual(times, [0, 2, 6, 14]);
    assert.deepEqual(
      said().filter(what => what === 'y'),
      ['y'],
    );
    assert.deepEqual(open(), []);
    assert.equal(world.counters.get('failedEffects'), 3);
  });

  it('[E3] a handler that hangs is given up; nobody is kept waiting', async () => {
    const { world, adas, runs, open } = await saving(() =>
      runs.length === 1 ? new Promise<void>(() => {}) : undefined,
    );
    const from = world.clock.mono();
    assert.ok((await world.clock.run(adas.act.save({ what: 'x' }))).ok);
    assert.ok(world.clock.mono() - from < 20);
    await world.clock.advance(limits.effectTimeout + limits.effectRetry + 100);
    assert.equal(runs.length, 2);
    assert.deepEqual(open(), []);
  });

  it('[E4] with nobody connected the room stays awake until all is done; then it sleeps', async () => {
    const { world, id, clients, adas, runs } = await saving(() => {
      if (runs.length < 6) throw new Error('not yet');
    });
    await world.clock.run(adas.act.save({ what: 'x' }));
    for (const client of clients) world.disconnect(client);
    await world.clock.advance(50_000);
    assert.ok(world.owner(id));
    await world.clock.waitUntil('done', () => runs.length === 6, 60_000);
    await world.clock.waitUntil('it sleeps', () => world.owner(id) === undefined, limits.sleepAfter + 40_000);
  });

  it('[E4] [O8] nobody connected, and the owner dies: another node finds it by the due index', async () => {
    const { world, id, clients, adas, owner, runs } = await saving((_run, world) => {
      if (world.node('c').state === 'up') throw new Error('not here');
    });
    await world.clock.run(adas.act.save({ what: 'x' }));
    for (const client of clients) client.client.close();
    await world.clock.advance(1_000);
    world.kill(owner);
    await world.clock.waitUntil(
      'it is done',
      () => runs.length > 1 && runs.at(-1)!.at > world.clock.mono() - 5 && world.owner(id) !== undefined,
      limits.effectRetryMax + 5_000,
    );
    await world.clock.advance(3_000);
    assert.equal(new Set(runs.map(r => r.about.key)).size, 1);
    assert.deepEqual(Object.keys(documentOf(world, id).hidden.effects), []);
  });

  it('[E4] a drain of the last node to know, with everybody gone, does not take the room with what it has promised', async () => {
    const { world, id, adas, bobs, owner, runs } = await saving((_run, world) => {
      if (world.node('c').state === 'up') throw new Error('not here');
    });
    await world.clock.run(adas.act.save({ what: 'x' }));
    for (const room of [adas, bobs]) await world.clock.run(room.leave());
    assert.equal(documentOf(world, id).room.phase, 'ended');
    await world.drain(owner);
    await world.clock.waitUntil(
      'it is done',
      () => runs.some(r => r.at > world.clock.mono() - 10 && world.node('c').state === 'dead'),
      limits.effectRetryMax + 5_000,
    );
    await world.clock.advance(limits.sleepAfter + 5_000);
    assert.equal(memoryStoreRoom(world, id), undefined, 'then it goes');
  });

  it('[E2] [B3] a takeover with effects and bots under way: the moves once, the effects at least once', async () => {
    const { world, id, owner, adas, bobs, runs } = await saving(
      (_run, world) => {
        if (world.node('c').state === 'up') throw new Error('not here');
      },
      { bots: 2, seed: 31 },
    );
    const turn = (room: typeof adas) => (room.state as TurnState).moves.length;
    assert.deepEqual(
      adas.players.map(s => s!.bot),
      [false, true, true, false],
    );
    assert.ok((await world.clock.run(adas.act.play({ n: 0 }))).ok);
    for (const what of ['x', 'y']) await world.clock.run(bobs.act.save({ what }));
    assert.ok(documentOf(world, id).hidden.timers[moveTimer(1)]);
    await world.clock.advance(300);
    world.kill(owner);
    await world.clock.waitUntil('the bots have played', () => turn(bobs) === 3, 8_000);
    await world.clock.advance(3_000);
    assert.deepEqual((bobs.state as TurnState).moves, [0, 1, 2]);
    assert.deepEqual(Object.keys(documentOf(world, id).hidden.effects), []);
    for (const what of ['x', 'y'])
      assert.equal(new Set(runs.filter(r => r.what === what).map(r => r.about.key)).size, 1);
  });
});
