import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state } from '../../../shared/contract.ts';
import { makersOf } from '../../../server/lobby/makers.ts';
import { limits } from '../../../shared/limits.ts';
import { openRawConnection } from './cluster-room-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

const toss = contract('toss', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ tosses: number }>(),
  actions: { toss: z.object({}), stop: z.object({}) },
  replay: true,
});
const tossGame = toss.rules({
  setup: () => ({ tosses: 0 }),
  actions: {
    toss: s => {
      s.tosses += 1;
    },
    stop: (_s, _d, ctx) => ctx.end({ ranking: [[ctx.seat]] }),
  },
});

async function tossing(how: { keepsShort?: boolean } = {}) {
  const world = new TestCluster([tossGame]);
  world.keepsShortReplays = how.keepsShort ?? true;
  const [a] = (await world.start('a')) as [TestNode];
  const [ada, bob] = [world.client('ada', 'a'), world.client('bob', 'a')];
  const adas = await world.clock.run(ada.client.create(toss));
  const bobs = await world.clock.run(bob.client.join(toss, { id: adas.id }));
  await world.clock.waitUntil('it begins', () => adas.info.phase === 'playing');
  const rematch = async () => {
    const { match } = adas.info;
    await world.clock.run(Promise.all([adas.rematch(), bobs.rematch()]));
    await world.clock.waitUntil('the next match', () => adas.info.match === match + 1);
  };
  const kept = () =>
    [...(world.memory as unknown as { replays: Map<string, unknown> }).replays.keys()].map(key =>
      Number(key.split('/')[1]),
    );
  const pieces = () => (world.memory as unknown as { pieces: Map<string, unknown> }).pieces.size;
  const stop = async () => {
    assert.ok((await world.clock.run(adas.act.stop())).ok);
    await world.clock.advance(200);
  };
  return { world, a, adas, bobs, rematch, stop, kept, pieces };
}

describe('what clients can make the store keep', () => {
  it('[W25] of the recordings of a room the last ones are kept', async () => {
    const { world, rematch, stop, kept } = await tossing();
    const matches = limits.recording.perRoom + 4;
    for (let match = 1; match <= matches; match++) {
      await stop();
      if (match < matches) await rematch();
    }
    assert.deepEqual(
      kept(),
      Array.from({ length: limits.recording.perRoom }, (_x, i) => matches - limits.recording.perRoom + 1 + i),
    );
    assert.equal(world.counters.get('replays'), matches);
  });

  it('[W25] none of a match of a few moments; one is kept that lasts, or in which much happens', async () => {
    const { world, a, adas, rematch, stop, kept, pieces } = await tossing({ keepsShort: false });
    await stop();
    await world.clock.advance(1_000);
    assert.deepEqual([kept(), pieces(), world.counters.get('replaysDropped:short')], [[], 0, 1]);
    assert.deepEqual(
      ((await world.clock.run(a.node.replays.read(adas.id, 1))) as { code: string }).code,
      'unavailable',
    );
    await world.clock.advance(15_000);
    assert.deepEqual(
      ((await world.clock.run(a.node.replays.read(adas.id, 1))) as { code: string }).code,
      'replay-missing',
    );
    await rematch();
    await world.clock.advance(limits.recording.short.ms);
    await stop();
    assert.deepEqual(kept(), [2]);
    await rematch();
    for (let i = 0; i < limits.recording.short.frames; i++) await world.clock.run(adas.act.toss());
    await stop();
    assert.deepEqual(kept(), [2, 3]);
  });

  it('[W26] a store that fills up is spared recordings first, and then new rooms; rooms go on', async () => {
    const { world, a, adas, rematch, stop, kept } = await tossing();
    let fill: number | null = limits.storeFill.recordings + 0.01;
    (world.memory as { memoryUsage(): Promise<number | null> }).memoryUsage = async () => fill;
    await world.clock.advance(2 * limits.storeFill.pollInterval);
    await stop();
    assert.deepEqual([kept(), world.counters.get('replaysDropped:memory')], [[], 1]);
    assert.ok((await world.clock.run(a.node.lobby.create('eve', { game: 'toss' }))).ok);
    const ivy = world.client('ivy', 'a');
    await world.clock.run(ivy.client.create(toss));
    fill = limits.storeFill.rooms;
    await world.clock.advance(2 * limits.storeFill.pollInterval);
    const refused = await world.clock.run(a.node.lobby.create('eve', { game: 'toss' }));
    assert.ok(!refused.ok && refused.code === 'busy' && refused.retryAfter! > 0);
    assert.equal(
      (await openRawConnection(world, a, 'fay').ask('join', { quick: { game: 'toss' }, session: 's' })).ok,
      true,
      'a room that is open is still found',
    );
    assert.equal(
      (await openRawConnection(world, a, 'hal').ask('join', { quick: { game: 'toss' }, session: 's' })).code,
      'busy',
    );
    await rematch();
    assert.ok((await world.clock.run(adas.act.toss())).ok);
    assert.ok(a.warnings.some(text => text.includes('store memory usage crossed a limit')));
    fill = null;
    await world.clock.advance(2 * limits.storeFill.pollInterval);
    assert.ok((await world.clock.run(a.node.lobby.create('eve', { game: 'toss' }))).ok);
  });

  it('[W27] so many rooms of a player live; a room that is over makes place for another; other players are not concerned', async () => {
    const { world, a, adas } = await tossing();
    const eve = openRawConnection(world, a, 'eve');
    const rooms: string[] = [];
    const patiently = async (name: 'create' | 'join', body: unknown) => {
      for (;;) {
        const reply = await eve.ask(name, body);
        if (reply.code !== 'slow-down') return reply;
        await world.clock.advance(reply.retryAfter!);
      }
    };
    const create = () => patiently('create', { game: 'toss', private: true });
    for (let i = 0; i < limits.liveRooms; i++) rooms.push((await create()).room!);
    assert.deepEqual(await create(), {
      ok: false,
      code: 'room-quota',
      detail: `${limits.liveRooms} rooms (liveRooms)`,
    });
    assert.equal(world.counters.get('overQuota:player'), 1);
    assert.equal(
      (await patiently('join', { quick: { game: 'toss' }, session: 'q' })).code,
      'room-quota',
      'no room is open',
    );
    assert.equal((await patiently('create', { game: 'toss', key: 'k' })).code, 'room-quota');
    assert.ok((await openRawConnection(world, a, 'fay').ask('create', { game: 'toss' })).ok);
    assert.ok((await eve.ask('join', { room: rooms.at(-1)!, session: 's' })).ok);
    await eve.ask('leave', { room: rooms.at(-1)!, session: 's', seat: true });
    await world.clock.waitUntil(
      'it is removed',
      () => world.owner(rooms.at(-1)!) === undefined,
      limits.sleepAfter + 5_000,
    );
    assert.equal((await create()).ok, true);
    assert.equal((await create()).code, 'room-quota');
    await world.clock.advance(limits.unjoinedRoomTtl + 60_000);
    assert.equal((await create()).ok, true, 'nobody joined the others');
    assert.equal(adas.ended, null);
  });

  it('[W27] so many rooms live of one address, and of the networks around it', () => {
    const names = makersOf('ada', '2001:db8:1:203::/64');
    assert.deepEqual(
      names.map(maker => maker.most),
      [
        limits.liveRooms,
        ...[1, limits.address.prefixMultiplier[56], limits.address.prefixMultiplier[48]].map(
          factor => factor * limits.address.liveRooms,
        ),
      ],
    );
    const near = makersOf('bob', '2001:db8:1:2ff::/64');
    assert.deepEqual(
      names.map((maker, i) => maker.key === near[i]!.key),
      [false, false, true, true],
    );
    assert.deepEqual(makersOf('ada', null), [names[0]]);
    assert.deepEqual(makersOf('ada', '203.0.113.5').length, 2);
    for (const { key } of names) assert.match(key, /^[\w-]+$/);
  });

  it('[W25] a player begins so many matches, and then waits', async () => {
    const { world, a, adas } = await tossing();
    const eve = openRawConnection(world, a, 'ada');
    assert.ok((await eve.ask('join', { room: adas.id, session: 'another' })).ok);
    await eve.ask('act', { room: adas.id, name: 'stop', data: {} });
    for (let i = 0; i < limits.matches.burst + 5; i++)
      assert.equal(
        (await eve.ask('act', { room: adas.id, name: '$start' })).code,
        'not-now',
        'what is refused costs nothing',
      );
    await world.clock.advance(3_000); // all requests again
    let votes = 0;
    while ((await eve.ask('act', { room: adas.id, name: '$rematch' })).ok) votes += 1;
    assert.ok(Math.abs(votes - limits.matches.burst) < 5, `${votes} votes`);
    assert.equal((await eve.ask('act', { room: adas.id, name: '$rematch' })).code, 'slow-down');
  });
});
