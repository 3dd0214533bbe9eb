import assert from 'node:assert/strict';
import { z } from 'zod';
import { table } from '../../../testkit/index.ts';
import { contract, schema, state } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { RoomError } from '../../../client/index.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** Who seats say that they are; rules write down what they are told of it. */
const guise = contract('guise', {
  version: 1,
  seats: { min: 2, max: 3 },
  state: state<{ seen: (string | null)[] }>(),
  profile: z.object({ colour: z.enum(['red', 'green', 'blue']), shine: z.int().max(9).default(1) }),
  actions: { look: z.object({}) },
  start: 'host',
  replay: true,
  away: { hold: 60_000, then: 'forfeit' },
});
const guiseGame = guise.rules({
  setup: ctx => ({ seen: ctx.players.map(p => p.profile?.colour ?? null) }),
  actions: {
    look: (s, _data, ctx) => {
      s.seen = ctx.players.map(p => p.profile?.colour ?? null);
    },
  },
  bot: () => null,
});
type Guise = (typeof guise)['def'];
const red = { colour: 'red', shine: 1 };

async function seated() {
  const world = new TestCluster([guiseGame]);
  await world.start('a', 'b', 'c');
  const [ada, bob] = [world.client('ada', 'a'), world.client('bob', 'b')];
  const adas = await world.clock.run(ada.client.create(guise, { profile: { colour: 'red' } }));
  const bobs = await world.clock.run(bob.client.join(guise, { id: adas.id }));
  const profiles = () => [adas, bobs].map(room => room.players.map(s => s?.profile ?? null));
  const all = (what: string, ...wanted: unknown[]) =>
    world.clock.waitUntil(what, () => JSON.stringify(profiles()) === JSON.stringify([wanted, wanted]));
  return { world, ada, bob, adas, bobs, all };
}

/** A line without the SDK. */
function rawLine(world: TestCluster, host: TestNode, player: string) {
  const link = {
    id: `raw-${player}-${Math.floor(world.random() * 1e9)}`,
    send: () => {},
    sendEncoded: () => {},
    subscribe: () => {},
    unsubscribe: () => {},
    close: () => {},
  };
  const connection = host.node.clients.connect(link as never, { player, name: player });
  return (name: 'join' | 'act', body: unknown) =>
    world.clock.run(host.node.clientRequests.handle(connection, name, JSON.parse(JSON.stringify(body)))) as Promise<{
      ok: boolean;
      code?: string;
      detail?: string;
      view?: { room: { seats: ({ profile: unknown } | null)[] } };
    }>;
}

describe('what players bring along', () => {
  it('[S7] all see it, rules too, and another owner goes on with it', async () => {
    const { world, adas, bobs, all } = await seated();
    await all('both see it', red, null, null);
    assert.ok((await world.clock.run(adas.addBot())).ok);
    assert.ok((await world.clock.run(adas.start())).ok);
    assert.deepEqual(adas.state!.seen, ['red', null, null]);
    assert.ok((await world.clock.run(bobs.setProfile({ colour: 'blue', shine: 3 }))).ok);
    world.kill(world.owner(adas.id)!);
    assert.ok((await world.clock.run(bobs.act.look())).ok);
    await all('also after a takeover', red, { colour: 'blue', shine: 3 }, null);
    assert.deepEqual(bobs.state!.seen, ['red', 'blue', null]);
  });

  it('[S7] also where a quick join takes the seat; who watches brings nothing', async () => {
    const world = new TestCluster([guiseGame]);
    const [a] = (await world.start('a')) as [TestNode];
    const adas = await world.clock.run(world.client('ada', 'a').client.quick(guise, { profile: { colour: 'green' } }));
    assert.deepEqual(adas.players[0]!.profile, { colour: 'green', shine: 1 });
    const watched = await rawLine(world, a, 'eve')('join', { room: adas.id, watch: true, profile: { colour: 'none' } });
    assert.ok(watched.ok);
    assert.deepEqual(watched.view!.room.seats, JSON.parse(JSON.stringify(adas.players)));
  });

  it('[S7] it is said again on coming back, so that a change shows; who says nothing has what they had', async () => {
    const { world, ada, adas } = await seated();
    adas.close();
    const again = await world.clock.run(ada.client.join(guise, { id: adas.id, profile: { colour: 'green' } }));
    await world.clock.waitUntil('it shows', () => again.players[0]?.profile?.colour === 'green');
    again.close();
    const third = await world.clock.run(ada.client.join(guise, { id: adas.id }));
    assert.equal(third.players[0]!.profile?.colour, 'green');
  });

  it('[S7] what was changed while seated is what is said on coming back', async () => {
    const { world, ada, adas, all } = await seated();
    assert.ok((await world.clock.run(adas.setProfile({ colour: 'blue' }))).ok);
    world.disconnect(ada);
    await world.clock.advance(8_000);
    ada.isOffline = false;
    await world.clock.waitUntil('Ada is back', () => adas.live && adas.players[0]!.here);
    await all('it is what it was', { colour: 'blue', shine: 1 }, null, null);
    assert.ok((await world.clock.run(adas.setProfile(null))).ok);
    await all('it is taken back', null, null, null);
  });

  it('[S7] one that does not fit is refused for a new seat, and keeps nobody from coming back', async () => {
    const { world, bob, adas, bobs } = await seated();
    const cid = world.client('cid', 'c');
    await assert.rejects(
      world.clock.run(cid.client.join(guise, { id: adas.id, profile: { colour: 'puce' as never } })),
      (error: unknown) =>
        error instanceof RoomError && error.code === 'bad-profile' && /profile: colour/.test(error.detail ?? ''),
    );
    assert.equal(adas.players[2], null);
    assert.ok((await world.clock.run(bobs.setProfile({ colour: 'green' }))).ok);
    bobs.close();
    const again = await world.clock.run(bob.client.join(guise, { id: adas.id, profile: { colour: 'puce' as never } }));
    assert.equal(again.seat, 1);
    assert.equal(again.players[1]!.profile?.colour, 'green');
    const said = await world.clock.run(again.setProfile({ colour: 'puce' as never }));
    assert.ok(!said.ok);
    assert.equal(said.code, 'bad-data');
    assert.equal(again.players[1]!.profile?.colour, 'green');
  });

  it('[S7] whatever is sent: no more than it may be, no crash, and the node has no more to do with it', async () => {
    const wide = contract('wide', {
      version: 1,
      seats: { min: 2, max: 64 },
      state: state<object>(),
      actions: {},
      profile: schema<unknown>(() => true),
      start: 'host',
    });
    const world = new TestCluster([wide.rules({ setup: () => ({}), actions: {} })]);
    const [a] = (await world.start('a')) as [TestNode];
    const adas = await world.clock.run(
      world.client('ada', 'a').client.create(wide, { profile: 'x'.repeat(limits.profileBytes - 2) }),
    );
    const bad = [
      'x'.repeat(limits.profileBytes - 1),
      'ß'.repeat(limits.profileBytes / 2),
      JSON.parse('{"__proto__":1}') as unknown,
      Array.from({ length: 300 }, () => 0),
      JSON.parse('[[[[[[[[[[[[[[1]]]]]]]]]]]]]]') as unknown,
    ];
    for (const [i, profile] of bad.entries()) {
      const said = await rawLine(world, a, `raw-${i}`)('join', { room: adas.id, profile });
      assert.ok(
        ['bad-request', 'bad-profile'].includes(said.code ?? ''),
        `${JSON.stringify(profile).slice(0, 40)}: ${JSON.stringify(said).slice(0, 200)}`,
      );
    }
    for (const profile of [
      0,
      '',
      false,
      [],
      { toString: 1 },
      { '#': 1 },
      { constructor: { prototype: 1 } },
      { '': { '': [] } },
    ]) {
      const said = await rawLine(world, a, `fine-${JSON.stringify(profile)}`)('join', { room: adas.id, profile });
      assert.ok(said.ok);
      assert.deepEqual(said.view!.room.seats.findLast(s => s)!.profile, profile);
    }
    // Back to one's seat with what no change can say: the seat is there, and as it was.
    assert.ok(
      (await rawLine(world, a, 'fine-0')('join', { room: adas.id, profile: 'x'.repeat(limits.profileBytes - 2) })).ok,
    );
    assert.equal(
      (
        await rawLine(
          world,
          a,
          'fine-0',
        )('act', { room: adas.id, name: '$profile', data: 'x'.repeat(limits.profileBytes) })
      ).ok,
      false,
    );
    assert.deepEqual(world.node('a').warnings, []);
  });

  it('[S7] a schema that throws, waits, or makes something long of it, refuses', async () => {
    for (const make of [
      () => {
        throw new Error('as told');
      },
      () => Promise.resolve({ value: 1 }),
      () => ({ value: 'x'.repeat(limits.profileBytes) }),
      () => ({ value: () => 1 }),
      () => ({ value: 10n }),
    ]) {
      const odd = contract('odd', {
        version: 1,
        seats: { min: 2, max: 2 },
        state: state<object>(),
        actions: {},
        profile: { '~standard': { version: 1, vendor: 'test', validate: make as never } },
      });
      const world = new TestCluster([odd.rules({ setup: () => ({}), actions: {} })]);
      await world.start('a');
      await assert.rejects(world.clock.run(world.client('ada', 'a').client.quick(odd, { profile: 1 as never })), {
        code: 'bad-profile',
      });
      assert.equal((await world.clock.run(world.client('bob', 'a').client.quick(odd))).players[0]!.profile, null);
    }
  });

  it('[S7] a game that asks for nothing is brought nothing', async () => {
    const plain = contract('plain', { version: 1, seats: { min: 2, max: 2 }, state: state<object>(), actions: {} });
    const world = new TestCluster([plain.rules({ setup: () => ({}), actions: {} })]);
    await world.start('a');
    const room = await world.clock.run(
      world.client('ada', 'a').client.quick(plain, { profile: { colour: 'red' } as never }),
    );
    assert.equal(room.players[0]!.profile, null);
    assert.equal(
      ((await world.clock.run(room.setProfile({ colour: 'red' } as never))) as { code?: string }).code,
      'not-now',
    );
  });

  it('[S7] [Y1] a replay shows what was brought then', async () => {
    const t = await table<Guise>(guiseGame, { players: 2, profiles: [{ colour: 'red' }] });
    const run = <T>(deed: Promise<T>) => t.world.clock.run(deed);
    await run(t.seats[0]!.room.setProfile({ colour: 'blue' }));
    await t.seats[1]!.leave();
    await t.until('it is over', () => t.seats[0]!.info.phase === 'ended');
    const replay = await t.replay();
    assert.deepEqual(
      replay.at(0).room.seats.map(s => s?.profile ?? null),
      [red, null, null],
    );
    assert.deepEqual(replay.at(replay.duration).room.seats[0]!.profile, { colour: 'blue', shine: 1 });
  });

  it('[S7] the types say what may be brought, and what is there', () => {
    const never = (room: Awaited<ReturnType<typeof seated>>['adas']) => {
      // @ts-expect-error another colour than the contract has
      void room.setProfile({ colour: 'puce' });
      const colour: 'red' | 'green' | 'blue' | undefined = room.players[0]?.profile?.colour;
      // @ts-expect-error the contract has no such field
      void room.info.seats[0]?.profile?.size;
      return colour;
    };
    assert.equal(typeof never, 'function');
    assert.throws(
      () =>
        contract('not-so', {
          version: 1,
          seats: { min: 1, max: 1 },
          state: state<object>(),
          actions: {},
          profile: {} as never,
        }),
      /profile is not a Standard Schema/,
    );
  });
});
