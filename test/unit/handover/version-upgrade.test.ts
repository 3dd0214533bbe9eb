import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Room } from '../../../client/room.ts';
import { contract, state, view, type AnyGame, type ContractDef } from '../../../shared/contract.ts';
import { apply } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import { latch } from '../../../testkit/latch.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** Counts what each seat has said; the second version keeps it by seat and says how much it is together. */
interface One {
  said: [seat: number, n: number][];
}
interface Two {
  bySeat: number[][];
  sum: number;
  from: number | null;
}

const def = {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<One>(),
  actions: { say: z.object({ n: z.int() }), stop: z.object({}) },
  away: { hold: 600_000, then: 'leave' },
  replay: true,
} as const satisfies ContractDef;
const talk = contract('talk', def);
const talkGame = talk.rules({
  setup: () => ({ said: [] }),
  actions: {
    say: (s, { n }, ctx) => {
      s.said.push([ctx.seat, n]);
    },
    stop: (_s, _d, ctx) => ctx.end({ ranking: [[0], [1]] }),
  },
});
const second = <const F extends { clientsFrom?: number; version?: number }>(more: F) =>
  contract('talk', { ...def, version: 2, ...more, state: state<Two>() } as unknown as Omit<
    typeof def,
    'version' | 'state'
  > & { version: number; state: { type?: Two } });
const talk2 = second({});
const rulesOf = (made: ReturnType<typeof second>): AnyGame =>
  made.rules({
    setup: ctx => ({ bySeat: ctx.players.map(() => []), sum: 0, from: null }),
    actions: {
      say(s, { n }, ctx) {
        s.bySeat[ctx.seat]!.push(n);
        s.sum += 1;
      },
      stop: (_s, _d, ctx) => ctx.end({ ranking: [[0], [1]] }),
    },
    migrate(s, from) {
      const { said } = s as One;
      return {
        bySeat: [0, 1].map(seat => said.filter(([at]) => at === seat).map(([, n]) => n)),
        sum: said.length,
        from,
      };
    },
  });
const strict = rulesOf(talk2);
const lenient = rulesOf(second({ clientsFrom: 1 }));

type Talk = Room<(typeof talk)['def']>;
async function talking(seed: number, names = ['a', 'b', 'c']) {
  const world = new TestCluster([talkGame], seed);
  await world.start(...names);
  const made = await world.clock.run(world.node(names.at(-1)!).node.lobby.create('ada', { game: 'talk' }));
  assert.ok(made.ok);
  const ada = world.client('ada', 'a');
  const bob = world.client('bob', names[1] ?? 'a');
  const adas: Talk = await world.clock.run(ada.client.join(talk, { id: made.room }));
  const bobs: Talk = await world.clock.run(bob.client.join(talk, { id: made.room }));
  await world.clock.waitUntil('the match begins', () => adas.info.phase === 'playing' && bobs.info.phase === 'playing');
  return { world, id: made.room, ada, bob, adas, bobs };
}

/** One node goes, and comes back with other games. */
async function upgrade(world: TestCluster, name: string, game: AnyGame): Promise<TestNode> {
  await world.drain(world.node(name));
  const host = await world.bootNode(name, [game]);
  await world.clock.advance(600);
  return host;
}

describe('a deploy with a changed game', () => {
  it('[K1] [K2] [O15] node by node, under play: rooms move to those that are upgraded, once; nothing is lost, and nobody has to come back by hand', async () => {
    const { world, id, adas, bobs } = await talking(1);
    const said: Promise<{ ok: boolean }>[] = [];
    let stop = false;
    const play = async (room: Talk) => {
      for (let n = 1; !stop; n++) {
        const one = room.act.say({ n });
        said.push(one);
        await one;
        await world.clock.sleep(40);
      }
    };
    const playing = Promise.all([play(adas), play(bobs)]);
    const owners: string[] = [];
    for (const name of ['c', 'a', 'b']) {
      await world.clock.advance(300);
      await upgrade(world, name, lenient);
      owners.push(world.owner(id)!.name);
    }
    stop = true;
    await world.clock.run(playing);
    await world.clock.advance(2_000);
    assert.ok((await Promise.all(said)).every(s => s.ok));
    for (const room of [adas, bobs]) {
      assert.equal(room.info.version, 2);
      const { bySeat, sum, from } = room.state as unknown as Two;
      assert.equal(sum, said.length);
      assert.equal(from, 1);
      for (const own of bySeat)
        assert.deepEqual(
          own,
          own.map((_n, i) => i + 1),
        );
    }
    assert.equal(owners.at(-1), 'c', `only nodes of the new version kept it: ${owners.join()}`);
  });

  it('[K1] what a new version has written no node of the old one claims; it lets its clients in all the same', async () => {
    const { world, id, adas } = await talking(2);
    await upgrade(world, 'c', lenient);
    assert.ok(await world.handover(world.owner(id)!, id, world.node('c')));
    await world.clock.waitUntil('it is migrated', () => adas.info.version === 2);
    const c = world.node('c');
    for (const taken of ['a', 'b'])
      assert.equal(await world.handover(c, id, world.node(taken)), false, 'an old node does not take it');
    assert.ok(c.owns(id));
    // Made by a new node, joined through an old one.
    const made = await world.clock.run(c.node.lobby.create('eve', { game: 'talk' }));
    assert.ok(made.ok && world.owner(made.room) === c);
    const eves = await world.clock.run(world.client('eve', 'a').client.join(talk, { id: made.room }));
    assert.equal(eves.info.version, 2);
    // Nobody can run it, until somebody can.
    world.kill(c);
    const act = adas.act.say({ n: 1 });
    await world.clock.advance(3_000);
    assert.equal(world.owner(id), undefined);
    await world.bootNode('c', [lenient]);
    assert.ok((await world.clock.run(act)).ok);
    assert.equal((adas.state as unknown as Two).sum, 1);
  });

  it('[K1] a room that an old node makes may begin on a new one; one that a new node makes begins there', async () => {
    const { world } = await talking(3);
    const c = await upgrade(world, 'c', lenient);
    for (let i = 0; i < 12; i++) {
      const made = await world.clock.run(c.node.lobby.create(`n${i}`, { game: 'talk' }));
      assert.ok(made.ok && world.owner(made.room) === c);
      const old = await world.clock.run(world.node('a').node.lobby.create(`o${i}`, { game: 'talk' }));
      assert.ok(old.ok && world.owner(old.room));
    }
  });

  it('[K3] a client that cannot play the new version is refused, leaves, and has its seat when it is loaded again', async () => {
    const { world, id, adas, bobs, ada } = await talking(4);
    assert.ok((await world.clock.run(adas.act.say({ n: 1 }))).ok);
    const told: string[] = [];
    for (const room of [adas, bobs]) room.onEnd(refusal => told.push(refusal.code));
    const c = await upgrade(world, 'c', strict);
    if (!c.owns(id)) assert.ok(await world.handover(world.owner(id)!, id, c));
    await world.clock.waitUntil('both are told', () => told.length === 2, 3_000);
    assert.deepEqual(told, ['client-outdated', 'client-outdated']);
    assert.equal((await adas.act.say({ n: 2 })).ok, false);
    await world.clock.advance(2_000);
    const runs = world.owner(id)!.node.ownedRooms.get(id)!;
    assert.deepEqual(
      runs.publicRoom.seats.map(s => s!.here),
      [false, false],
    );
    await assert.rejects(world.clock.run(ada.client.join(talk, { id })), { code: 'client-outdated' });
    const again = await world.clock.run(world.client('ada', 'a').client.join(talk2, { id }));
    assert.equal(again.seat, 0);
    assert.deepEqual((again.state as unknown as Two).bySeat, [[1], []]);
    assert.ok((await world.clock.run(again.act.say({ n: 2 }))).ok);
  });

  it('[K3] a client of the new version waits for the room to be one, and is in', async () => {
    const { world, id } = await talking(5);
    const eve = world.client('eve', 'b');
    let inside: Room<(typeof talk2)['def']> | null = null;
    void eve.client.watch(talk2, { id }).then(room => {
      inside = room;
    });
    await world.clock.advance(2_000);
    assert.equal(inside, null);
    await upgrade(world, 'c', lenient);
    if (!world.node('c').owns(id)) assert.ok(await world.handover(world.owner(id)!, id, world.node('c')));
    await world.clock.waitUntil('she is in', () => inside !== null, 5_000);
    assert.equal((inside as unknown as Talk).info.version, 2);
  });

  it('[K2] [Y4] a match that was migrated is recorded from then on, and proved', async () => {
    const { world, id, adas } = await talking(6);
    for (let n = 1; n <= 3; n++) await world.clock.run(adas.act.say({ n }));
    await upgrade(world, 'c', lenient);
    if (!world.node('c').owns(id)) assert.ok(await world.handover(world.owner(id)!, id, world.node('c')));
    await world.clock.waitUntil('it is migrated', () => adas.info.version === 2);
    for (let n = 4; n <= 6; n++) assert.ok((await world.clock.run(adas.act.say({ n }))).ok);
    assert.ok((await world.clock.run(adas.act.stop())).ok);
    await world.clock.advance(500);
    const replay = await world.clock.run(world.node('c').node.replays.read(id, 1));
    assert.ok(replay.ok, JSON.stringify(replay));
    assert.equal(replay.version, 2);
    assert.deepEqual((replay.view.state as unknown as Two).bySeat, [[1, 2, 3], []]);
    const seen = structuredClone(replay.view) as unknown as { state: Two };
    for (const [, changes] of replay.frames) apply(seen as unknown as Json, changes);
    assert.deepEqual(seen.state.bySeat, [[1, 2, 3, 4, 5, 6], []]);
    assert.deepEqual(
      [...world.nodes.values()].flatMap(h => h.warnings.filter(text => /recording|rule failed/.test(text))),
      [],
    );
  });

  it('[Y1] [Y4] [O13] the recording of a match is whole, however often its room moved, also in the moment of its end', async () => {
    const { world, id, adas } = await talking(8);
    const hosts = [...world.nodes.values()];
    const next = () => hosts[(hosts.indexOf(world.owner(id)!) + 1) % 3]!;
    for (let n = 1; n <= 90; n++) {
      assert.ok((await world.clock.run(adas.act.say({ n }))).ok);
      if (n % 15 === 0) assert.ok(await world.handover(world.owner(id)!, id, next()));
    }
    // The last piece is written while the target has read the room already.
    const { opened, open } = latch();
    world.faultFor = call => (call.op === 'peek' ? { holdReply: opened } : undefined);
    const moving = world.owner(id)!.node.handOver(id, next().node.id);
    await world.clock.advance(20);
    assert.ok((await world.clock.run(adas.act.stop())).ok);
    await world.clock.advance(20);
    open();
    assert.ok(await world.clock.run(moving));
    await world.clock.advance(1_000);
    const replay = await world.clock.run(world.node('a').node.replays.read(id, 1));
    assert.ok(replay.ok, JSON.stringify(replay));
    assert.equal(replay.frames.length, 91);
  });

  it('[K2] [V1] with a view, everybody has the whole of the new one, and what was seen by the old one leaves no trace', async () => {
    const shared = {
      seats: { min: 2, max: 2 },
      actions: { draw: z.object({}) },
      away: { hold: 600_000, then: 'leave' },
    } as const;
    const one = contract('deck', {
      ...shared,
      version: 1,
      state: state<{ hands: number[][]; next: number }>(),
      view: view<{ yours: number[]; others: number[] }>(),
    });
    const oneGame = one.rules({
      setup: ctx => ({ hands: ctx.players.map(() => []), next: 0 }),
      actions: {
        draw: (s, _d, ctx) => {
          s.hands[ctx.seat]!.push(s.next++);
        },
      },
      view: (s, { seat }) => ({ yours: seat === null ? [] : s.hands[seat]!, others: s.hands.map(h => h.length) }),
    });
    const two = contract('deck', {
      ...shared,
      version: 2,
      clientsFrom: 1,
      state: state<{ seats: { hand: number[] }[]; next: number }>(),
      view: view<{ mine: { cards: number[] }; counts: number[] }>(),
    });
    const twoGame = two.rules({
      setup: ctx => ({ seats: ctx.players.map(() => ({ hand: [] as number[] })), next: 0 }),
      actions: {
        draw: (s, _d, ctx) => {
          s.seats[ctx.seat]!.hand.push(s.next++);
        },
      },
      view: (s, { seat }) => ({
        mine: { cards: seat === null ? [] : s.seats[seat]!.hand },
        counts: s.seats.map(h => h.hand.length),
      }),
      migrate: s => ({
        seats: (s as { hands: number[][] }).hands.map(hand => ({ hand })),
        next: (s as { next: number }).next,
      }),
    });
    const world = new TestCluster([oneGame], 7);
    await world.start('a', 'b', 'c');
    const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: 'deck' }));
    assert.ok(made.ok);
    const rooms = [];
    for (const who of ['ada', 'bob'])
      rooms.push(await world.clock.run(world.client(who, 'a').client.join(one, { id: made.room })));
    const [adas, bobs] = rooms as [(typeof rooms)[0], (typeof rooms)[0]];
    for (const room of [adas, bobs, adas]) assert.ok((await world.clock.run(room.act.draw())).ok);
    const b = await world.bootNode('b', [twoGame]);
    await world.clock.advance(500);
    assert.ok(await world.handover(world.owner(made.room)!, made.room, b));
    await world.clock.advance(300);
    assert.ok((await world.clock.run(bobs.act.draw())).ok);
    await world.clock.waitUntil(
      'ada sees it',
      () => (adas.state as unknown as { counts?: number[] }).counts?.[1] === 2,
      3_000,
    );
    assert.deepEqual(adas.state as unknown, { mine: { cards: [0, 2] }, counts: [2, 2] });
    assert.deepEqual(bobs.state as unknown, { mine: { cards: [1, 3] }, counts: [2, 2] });
    assert.deepEqual(b.warnings, []);
  });
});
