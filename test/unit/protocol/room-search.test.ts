import assert from 'node:assert/strict';
import { z } from 'zod';
import { ServerRooms } from '../../../server/node/server-rooms.ts';
import type { RoomFilter, RoomPage } from '../../../server/node/room-search.ts';
import { contract, state, view } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { table } from '../../../testkit/index.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

const cup = contract('cup', {
  version: 1,
  seats: { min: 2, max: 2 },
  start: 'host',
  away: { hold: 3_600_000, then: 'forfeit' },
  options: z.object({
    size: z.int().default(8),
    map: z.string().default('dust'),
    tags: z.array(z.string()).default([]),
  }),
  metadata: z.object({ round: z.int(), stage: z.string(), open: z.boolean().optional() }),
  state: state<{ n: number; secret: string }>(),
  view: view<{ n: number }>(),
  actions: { next: z.object({ round: z.int(), how: z.enum(['ok', 'refuse', 'long', 'wrong']).default('ok') }) },
  refusals: ['no'],
});
const cupGame = cup.rules({
  setup: ctx => {
    ctx.setMetadata({ round: ctx.metadata?.round ?? 1, stage: 'group' });
    return { n: 0, secret: 'the queen of hearts' };
  },
  view: ({ n }) => ({ n }),
  actions: {
    next(s, { round, how }, ctx) {
      s.n += 1;
      ctx.setMetadata({ round, stage: how === 'long' ? 'x'.repeat(65) : how === 'wrong' ? (5 as never) : s.secret });
      if (how === 'refuse') ctx.refuse('no');
    },
  },
});

/** Two rooms: one in play, and a private one for Bob and Cleo that nobody has joined. */
async function openCups() {
  const world = new TestCluster([cupGame]);
  await world.start('a', 'b', 'c');
  const run = <T>(promise: Promise<T>) => world.clock.run(promise);
  const server = new ServerRooms(world.node('a').node);
  const [ada, bob] = [world.client('ada', 'a'), world.client('bob', 'b')];
  const adas = await run(ada.client.create(cup, { options: { size: 16 } }));
  const bobs = await run(bob.client.join(cup, { id: adas.id }));
  await run(adas.start());
  const kept = await run(
    server.create(cup, { seats: [{ player: 'bob' }, { player: 'cleo' }], options: { map: 'lake' } }),
  );
  const list = async (filter: RoomFilter = {}) => (await run(server.list(filter))).rooms.map(({ id }) => id);
  return { world, run, server, ada, bob, adas, bobs, kept, list };
}

describe('rooms that server code finds', () => {
  it('[X8a] [X8b] by game, phase, options, metadata and player; also private ones, and ones that nobody has joined', async () => {
    const { adas, bobs, kept, list, run, server } = await openCups();
    const both = [adas.id, kept.id].sort();
    const finds: [RoomFilter, string[]][] = [
      [{}, both],
      [{ game: cup }, both],
      [{ game: 'other' }, []],
      [{ phase: 'playing' }, [adas.id]],
      [{ game: 'cup', phase: 'waiting' }, [kept.id]],
      [{ options: { size: 16 } }, [adas.id]],
      [{ options: { tags: [] } }, both],
      [{ options: { size: 8, map: 'lake' } }, [kept.id]],
      [{ options: { size: 16, map: 'lake' } }, []],
      [{ options: { none: 1 } }, []],
      [{ player: 'bob' }, [adas.id]],
      [{ player: 'cleo' }, []],
      [{ metadata: { round: 1 } }, [adas.id]],
      [{ metadata: { round: 1, stage: 'group' }, player: 'ada', game: cup }, [adas.id]],
      [{ metadata: { round: 2 } }, []],
    ];
    for (const [filter, ids] of finds) assert.deepEqual(await list(filter), ids, JSON.stringify(filter));
    assert.ok((await run(adas.act.next({ round: 2 }))).ok);
    assert.deepEqual(await list({ metadata: { round: 1 } }), []);
    const { rooms } = await run(server.list({ metadata: { round: 2 } }));
    assert.deepEqual(
      { ...rooms[0], created: 0 },
      {
        id: adas.id,
        code: adas.code,
        game: 'cup',
        phase: 'playing',
        match: 1,
        private: false,
        options: { size: 16, map: 'dust', tags: [] },
        players: ['ada', 'bob'],
        metadata: { round: 2, stage: 'the queen of hearts' },
        created: 0,
      },
    );
    await run(bobs.leave());
    assert.deepEqual(await list({ player: 'bob' }), []);
    await run(server.close(adas.id));
    assert.deepEqual(await list(), [kept.id]);
  });

  it('[X8a] [X8d] in pages', async () => {
    const { run, server, adas, kept } = await openCups();
    const ids = [adas.id, kept.id];
    for (let i = 0; i < 5; i++) ids.push((await run(server.create(cup))).id);
    ids.sort();
    for (const limit of [1, 2, 3, 7, 8]) {
      const found: string[] = [];
      let cursor: string | null = null;
      let pages = 0;
      do {
        const page: RoomPage = await run(server.list({ limit, cursor, game: cup }));
        assert.ok(page.rooms.length <= limit);
        found.push(...page.rooms.map(({ id }) => id));
        cursor = page.cursor;
        pages += 1;
      } while (cursor !== null);
      assert.deepEqual(found, ids);
      assert.ok(pages <= Math.ceil(7 / limit) + 1, `${pages} pages of ${limit}`);
    }
  });

  it('[X8] what is no filter is refused with what is wrong', async () => {
    const { run, server } = await openCups();
    const wrong: [object, string][] = [
      [{ gmae: 'cup' }, 'gmae'],
      [{ phase: 'over' }, 'phase'],
      [{ player: '' }, 'player'],
      [{ limit: 0 }, 'limit'],
      [{ limit: limits.roomsFound.page + 1 }, 'limit'],
      [{ cursor: 'a|b' }, 'cursor'],
      [{ options: 5 }, 'options'],
      [{ metadata: { f: () => 1 } }, 'metadata'],
    ];
    for (const [filter, word] of wrong)
      await assert.rejects(run(server.list(filter)), (error: Error & { code?: string; detail?: string }) => {
        assert.deepEqual([error.name, error.code], ['ServerRoomError', 'bad-request']);
        assert.match(error.detail ?? '', new RegExp(word));
        return true;
      });
  });

  it('[X8b] [X9b] the seats of a player, and the metadata, also after nodes died and while no node runs the room', async () => {
    const { world, run, server, adas, ada, bob, list } = await openCups();
    const seat = { id: adas.id, code: adas.code, game: 'cup', phase: 'playing', seat: 1 };
    assert.deepEqual(await run(server.find('bob')), [seat]);
    const owner = world.owner(adas.id)!;
    for (const { client } of [ada, bob]) client.close();
    if (owner.name !== 'a') world.kill(owner);
    await world.clock.advance(1_000);
    assert.deepEqual(await run(server.find('bob')), [seat]);
    assert.deepEqual(await list({ metadata: { stage: 'group' } }), [adas.id]);
    await world.clock.advance(limits.sleepAfter + 5_000);
    assert.equal(world.owner(adas.id), undefined);
    assert.deepEqual(await list({ game: cup, metadata: { round: 1 } }), [adas.id]);
  });
});

describe('metadata', () => {
  it('[X9a] [X9b] a step that is refused or fails sets none', async () => {
    const { run, adas, list } = await openCups();
    for (const [how, code] of [
      ['refuse', 'no'],
      ['long', 'rule-failed'],
      ['wrong', 'rule-failed'],
    ] as const) {
      const result = await run(adas.act.next({ round: 7, how }));
      assert.equal(result.ok ? '' : result.code, code, how);
    }
    assert.deepEqual(await list({ metadata: { round: 7 } }), []);
    assert.deepEqual(await list({ metadata: { round: 1, stage: 'group' } }), [adas.id]);
  });

  it('[X9c] a secret in it is no leak: members and logs do not get it', async () => {
    const t = await table(cupGame, { seed: 4 });
    await t.seats[0]!.act.next({ round: 2 });
    await t.killOwner();
    assert.deepEqual(t.document.hidden.metadata, { round: 2, stage: 'the queen of hearts' });
    t.neverLeaks((s, seat) => (seat === 0 ? s.secret : null));
    for (const { bytes } of t.seats) assert.ok(!bytes.join('\n').includes('queen of hearts'));
  });
});
