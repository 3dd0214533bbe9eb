import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import type { Room } from '../../../client/room.ts';
import { contract, state, type AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

interface Duel {
  size: number;
}
const options = z.object({
  size: z.int().default(3),
  fast: z.boolean().default(false),
  broken: z.boolean().default(false),
  extras: z.record(z.string(), z.int()).default({}),
});
/** How often `setup` has thrown. */
const thrown = { times: 0 };
const duelDef = {
  version: 1,
  seats: { min: 2, max: 2 },
  options,
  state: state<Duel>(),
  actions: { go: z.object({}) },
  away: { hold: 60_000, then: 'forfeit' },
} as const;
const duel = contract('duel', duelDef);
const duelGame = duel.rules({
  setup: ctx => {
    if (ctx.options.broken) {
      thrown.times += 1;
      throw new Error('no such board');
    }
    return { size: ctx.options.size };
  },
  joined: (_s, ctx) => {
    if (ctx.players[ctx.seat]!.name === 'rude') throw new Error('rude');
  },
  actions: { go: () => {} },
});
const readyDef = { ...duelDef, start: 'ready' } as const;
const polite = contract('polite', readyDef);
const politeGame = polite.rules({ setup: () => ({ size: 1 }), actions: { go: () => {} } });
const slow = contract('slow', { ...duelDef, away: { hold: 40 * 3_600_000, then: 'forfeit' } } as const);
const slowGame = slow.rules({ setup: () => ({ size: 1 }), actions: { go: () => {} } });
const four = contract('four', { ...duelDef, seats: { min: 2, max: 4 } } as const);
const fourGame = four.rules({ setup: () => ({ size: 1 }), actions: { go: () => {} } });

const manned = contract('manned', duelDef);
const mannedGame = manned.rules({ setup: () => ({ size: 1 }), actions: { go: () => {} }, bot: () => null });

const games: AnyGame[] = [duelGame, politeGame, slowGame, fourGame, mannedGame];

async function lobby(nodes = ['a', 'b'], seed = 7) {
  const world = new TestCluster(games, seed);
  await world.start(...nodes);
  const run = <T>(work: Promise<T>) => world.clock.run(work);
  return { world, run };
}
const quickOptions = (size: number) => ({ options: { size } });

/** How many players each room has. */
function tables(rooms: readonly Pick<Room, 'id'>[]): number[] {
  const seated = new Map<string, number>();
  for (const { id } of rooms) seated.set(id, (seated.get(id) ?? 0) + 1);
  return [...seated.values()].sort((a, b) => b - a);
}
/** Rooms in which the player has a seat, as their owners know it. */
function seatsOf(world: TestCluster, player: string): string[] {
  return [...world.nodes.values()]
    .flatMap(h => h.node.ownedRooms.all())
    .filter(h => h.publicRoom.seats.some(s => s?.player === player && !s.out))
    .map(h => h.id);
}

describe('quick join', () => {
  it('[Q1] 20 players on two nodes at one instant make 10 rooms, and all play', async () => {
    for (const seed of [1, 2, 3]) {
      const { world, run } = await lobby(['a', 'b'], seed);
      const rooms = await run(
        Promise.all(Array.from({ length: 20 }, (_x, i) => world.client(`p${i}`, 'ab'[i % 2]!).client.quick(duel))),
      );
      assert.deepEqual(tables(rooms), Array(10).fill(2));
      await world.clock.waitUntil('all play', () => rooms.every(room => room.info.phase === 'playing'), 2_000);
    }
  });
  it('[Q1] 11 players and four seats on three nodes: three rooms', async () => {
    const { world, run } = await lobby(['a', 'b', 'c']);
    const rooms = await run(
      Promise.all(Array.from({ length: 11 }, (_x, i) => world.client(`p${i}`, 'abc'[i % 3]!).client.quick(four))),
    );
    assert.deepEqual(tables(rooms), [4, 4, 3]);
  });
  it('[Q2] options match by value, whatever the order of their keys and whichever have their defaults', async () => {
    const { world, run } = await lobby();
    const one = await run(
      world.client('ada', 'a').client.quick(duel, { options: { fast: true, size: 4, extras: { a: 1, b: 2 } } }),
    );
    const two = await run(
      world
        .client('bob', 'b')
        .client.quick(duel, { options: { extras: { b: 2, a: 1 }, size: 4, fast: true, broken: false } }),
    );
    assert.equal(one.id, two.id);
    const three = await run(world.client('cleo', 'a').client.quick(duel, { options: { size: 4 } }));
    assert.notEqual(three.id, one.id, 'fast has its default, which is another');
    assert.equal(
      (await run(world.client('dora', 'a').client.quick(duel))).id,
      three.id,
      'without options any room matches',
    );
  });
  it('[Q5] an answer that is lost takes no second seat, whichever node is asked again', async () => {
    for (const lost of ['store', 'line'] as const) {
      const { world, run } = await lobby();
      const ada = world.client('ada', 'a');
      const ends = lost === 'store' ? { lose: 'reply' as const } : undefined;
      let cut = 0;
      world.faultFor = call => {
        if (call.op !== 'findOrCreate' && !(lost === 'line' && call.op === 'append')) return undefined;
        if (lost === 'line' && call.op === 'append') {
          cut += 1;
          ada.homeNode = 'b';
          for (const line of [...ada.connections]) line.breakConnection();
          world.faultFor = () => undefined;
        }
        return call.op === 'findOrCreate' ? ends : undefined;
      };
      const joining = ada.client.quick(duel);
      await world.clock.advance(100);
      world.faultFor = () => undefined;
      const adas = await run(joining);
      assert.equal(lost === 'line' ? cut : 1, 1);
      assert.deepEqual(seatsOf(world, 'ada'), [adas.id], lost);
      assert.equal((await run(world.client('bob', 'b').client.quick(duel))).id, adas.id);
    }
  });
  it('[Q5] nor one that is lost before an outage of 12 minutes, also if the room is full by then', async () => {
    for (const full of [false, true]) {
      const { world, run } = await lobby();
      const ada = world.client('ada', 'a');
      world.faultFor = ({ op }) => {
        if (op !== 'append') return undefined;
        world.faultFor = () => undefined;
        world.disconnect(ada);
        return undefined;
      };
      const joining = ada.client.quick(slow);
      await world.clock.advance(500);
      const [id] = seatsOf(world, 'ada');
      assert.ok(id);
      if (full) await run(world.client('bob', 'b').client.join(slow, { id }));
      for (const host of world.nodes.values()) world.isolate(host);
      ada.isOffline = false;
      for (let left = 12 * 60_000; left > 0; left -= world.clock.skip(left) + 1_000) await world.clock.advance(1_000);
      for (const host of world.nodes.values()) world.heal(host);
      const adas = await run(joining);
      assert.deepEqual([adas.id, adas.seat, seatsOf(world, 'ada')], [id, 0, [id]], `full: ${full}`);
    }
  });
  it('[Q6] a double click, in one tab or in two, seats a player once', async () => {
    const { world, run } = await lobby();
    const host = await run(world.client('host', 'a').client.quick(duel));
    const [ada, tab] = [world.client('ada', 'a'), world.client('ada', 'b')];
    const rooms = await run(Promise.all([ada.client.quick(duel), ada.client.quick(duel), tab.client.quick(duel)]));
    assert.deepEqual(
      rooms.map(room => room.id),
      [host.id, host.id, host.id],
    );
    assert.equal(rooms[0], rooms[1], 'in one tab it is one call');
    assert.deepEqual(seatsOf(world, 'ada'), [host.id]);
    assert.deepEqual(tables([...host.players.flatMap(p => (p ? [{ id: p.player }] : []))] as never), [1, 1]);
    await world.clock.waitUntil('they play', () => host.info.phase === 'playing', 1_000);
  });
  it('[Q6] who waits alone and asks again is given the room in which he waits', async () => {
    const { world, run } = await lobby();
    const first = await run(world.client('ada', 'a').client.quick(duel, quickOptions(5)));
    await world.clock.advance(20_000);
    assert.equal((await run(world.client('ada', 'b').client.quick(duel, quickOptions(5)))).id, first.id);
    assert.deepEqual(seatsOf(world, 'ada'), [first.id]);
  });
  it('[Q7] a room from which a player was kicked is skipped for this player, and stays open to others', async () => {
    const { world, run } = await lobby();
    const host = await run(world.client('host', 'a').client.quick(four));
    const ada = world.client('ada', 'b');
    const first = await run(ada.client.quick(four));
    assert.equal(first.id, host.id);
    assert.ok((await run(host.kick(first.seat!))).ok);
    await world.clock.waitUntil('she is out', () => first.ended !== null, 3_000);
    const second = await run(ada.client.quick(four));
    assert.notEqual(second.id, host.id);
    assert.equal((await run(world.client('bob', 'a').client.quick(four))).id, host.id);
  });
  it("[Q7] a rule that refuses one player ends nobody else's search; where a new room refuses as well, that is the answer", async () => {
    const { world, run } = await lobby();
    const host = await run(world.client('host', 'a').client.quick(duel));
    await assert.rejects(run(world.client('rude', 'b').client.quick(duel)), { code: 'join-refused' });
    assert.equal((await run(world.client('bob', 'b').client.quick(duel))).id, host.id);
  });
  it('[Q7] where a bot has taken the reserved seat of a new room, the search goes on', async () => {
    for (const waitsForMs of [500, 6_000]) {
      const { world, run } = await lobby();
      let proceed = () => {};
      const held = new Promise<void>(resolve => {
        proceed = resolve;
      });
      world.faultFor = call => (call.op === 'findOrCreate' && call.node === 'a' ? { holdReply: held } : undefined);
      const adas = world.client('ada', 'a').client.quick(manned);
      await world.clock.advance(50);
      world.faultFor = () => undefined;
      const first = await run(world.client('bob', 'b').client.quick(manned));
      assert.equal(first.players.filter(p => p !== null).length, 1);
      assert.ok((await run(first.addBot())).ok);
      await world.clock.advance(waitsForMs);
      proceed();
      const second = await run(adas);
      assert.notEqual(second.id, first.id);
      assert.deepEqual(seatsOf(world, 'ada'), [second.id]);
      assert.equal((await run(world.client('cleo', 'b').client.quick(manned))).id, second.id);
    }
  });
  it("[Q8] a room whose rules throw is taken out of the offer, and nobody's search ends there", async () => {
    const { world, run } = await lobby();
    const broken = await run(world.client('host', 'a').client.quick(duel, { options: { broken: true } }));
    const ada = await run(world.client('ada', 'b').client.quick(duel));
    assert.notEqual(ada.id, broken.id);
    const bob = await run(world.client('bob', 'a').client.quick(duel));
    assert.equal(bob.id, ada.id);
    const before = thrown.times;
    await run(world.client('cleo', 'b').client.quick(duel));
    await run(world.client('dora', 'b').client.quick(duel));
    assert.deepEqual([before > 0, thrown.times], [true, before], 'nobody is led there again');
  });
  it('[Q10] a room that refuses the player for whom it was made is gone at once, with all that the store knows of it', async () => {
    const { world, run } = await lobby(['a', 'b']);
    const before = world.memory.size;
    const rude = world.client('rude', 'a');
    await assert.rejects(run(rude.client.quick(duel)), (error: { code?: string }) => error.code === 'join-refused');
    await world.clock.advance(100);
    assert.equal(world.memory.size - before, 2, 'the call is remembered, by its id and by its player');
    assert.notEqual((await run(world.client('ada', 'b').client.quick(duel))).id, undefined);
    await world.clock.advance(limits.sleepAfter + 5_000);
    assert.deepEqual(
      [...world.nodes.values()].map(h => h.node.ownedRooms.size).reduce((a, b) => a + b),
      1,
      'its owner has noticed',
    );
    assert.deepEqual(
      [...world.nodes.values()].flatMap(h => h.warnings).filter(said => !said.includes('rude')),
      [],
    );
  });
  it('[Q10] it stays where another player was led there meanwhile', async () => {
    const { world, run } = await lobby(['a', 'b']);
    const [rude, ada] = [world.client('rude', 'a'), world.client('ada', 'b')];
    const refused = assert.rejects(run(rude.client.quick(duel)));
    const room = await run(ada.client.quick(duel));
    await refused;
    await world.clock.advance(1_000);
    assert.equal((await run(world.client('bob', 'a').client.quick(duel))).id, room.id);
  });
  it('[Q8] a room that cannot be reached ends no search', async () => {
    const { world, run } = await lobby();
    const lost = await run(world.client('host', 'a').client.quick(duel));
    const [owner, at] = [world.owner(lost.id)!, world.owner(lost.id)!.name === 'a' ? 'b' : 'a'];
    world.dropsMessage = (from, _to, text) => from === owner.node.id && text.includes('"room"');
    world.faultFor = call => (call.room === lost.id && call.op !== 'withdraw' ? { lose: 'request' } : undefined);
    const ada = world.client('ada', at);
    const found = await world.clock.run(ada.client.quick(duel), 'ada is seated', 30_000);
    assert.notEqual(found.id, lost.id);
    world.faultFor = () => undefined;
    assert.equal((await run(world.client('bob', at).client.quick(duel))).id, found.id);
  });
  it('[Q3] a room whose players have all gone is not offered, until one is back', async () => {
    const { world, run } = await lobby();
    const host = world.client('host', 'a');
    const first = await run(host.client.quick(four));
    world.disconnect(host);
    await world.clock.advance(100);
    const second = await run(world.client('ada', 'b').client.quick(four));
    assert.notEqual(second.id, first.id);
    host.isOffline = false;
    await world.clock.waitUntil('he is back', () => first.live, 5_000);
    assert.equal((await run(world.client('bob', 'b').client.quick(four))).id, first.id);
  });
});

describe('a match begins with players who are there', () => {
  it('[Q9] full, with one who is away: when that one is back', async () => {
    const { world, run } = await lobby(['a']);
    const host = world.client('host', 'a');
    const first = await run(host.client.quick(duel));
    world.disconnect(host);
    await world.clock.advance(100);
    const bobs = await run(world.client('bob', 'a').client.join(duel, { id: first.id }));
    await world.clock.advance(5_000);
    assert.equal(bobs.info.phase, 'waiting');
    host.isOffline = false;
    await world.clock.waitUntil(
      'it begins',
      () => bobs.info.phase === 'playing' && first.info.phase === 'playing',
      6_000,
    );
  });
  it('[Q9] when one who is away has lost the seat, others may have it', async () => {
    const { world, run } = await lobby();
    const host = world.client('host', 'a');
    const first = await run(host.client.quick(duel));
    world.disconnect(host);
    await world.clock.advance(100);
    const bobs = await run(world.client('bob', 'b').client.join(duel, { id: first.id }));
    await world.clock.advance(61_000);
    assert.deepEqual([bobs.info.phase, bobs.players.filter(p => p).length], ['waiting', 1]);
    await run(world.client('cleo', 'a').client.quick(duel));
    await world.clock.waitUntil('it begins', () => bobs.info.phase === 'playing', 1_000);
  });
  it('[Q9] all ready, one of them away: when that one is back', async () => {
    const { world, run } = await lobby();
    const host = world.client('host', 'a');
    const first = await run(host.client.quick(polite));
    const bobs = await run(world.client('bob', 'b').client.quick(polite));
    assert.ok((await run(first.ready())).ok);
    world.disconnect(host);
    await world.clock.advance(100);
    assert.ok((await run(bobs.ready())).ok);
    await world.clock.advance(3_000);
    assert.equal(bobs.info.phase, 'waiting');
    host.isOffline = false;
    await world.clock.waitUntil('it begins', () => bobs.info.phase === 'playing', 6_000);
  });
  it('[Q9] after a takeover: not with one who went with the node, and at once with one who is still there', async () => {
    for (const goes of [true, false]) {
      const { world, run } = await lobby(['a', 'b', 'c']);
      const host = world.client('host', 'a');
      const first = await run(host.client.quick(duel));
      const owner = world.owner(first.id)!;
      await world.clock.advance(3_000);
      if (goes) host.client.close();
      // Its node, and the owner, never hear of it.
      world.kill(world.node('a'));
      if (owner.name !== 'a') world.kill(owner);
      const at = [...world.nodes.values()].find(h => h.state === 'up')!.name;
      if (!goes) host.homeNode = at;
      const bobs = await run(world.client('bob', at).client.join(duel, { id: first.id }));
      if (!goes) await world.clock.waitUntil('it begins', () => bobs.info.phase === 'playing', 6_000);
      else await world.clock.advance(6_000);
      assert.equal(bobs.info.phase, goes ? 'waiting' : 'playing');
    }
  });
  it('[Q9] the next match, too', async () => {
    const { world, run } = await lobby();
    const host = world.client('host', 'a');
    const first = await run(host.client.quick(duel));
    const bobs = await run(world.client('bob', 'b').client.quick(duel));
    await world.clock.waitUntil('it begins', () => bobs.info.phase === 'playing', 1_000);
    const owner = world.owner(first.id)!;
    await run(owner.node.router.request(first.id, { k: 'serve', name: '$end', data: { ranking: [[0], [1]] } }));
    assert.ok((await run(first.rematch())).ok);
    world.disconnect(host);
    await world.clock.advance(100);
    assert.ok((await run(bobs.rematch())).ok);
    await world.clock.advance(3_000);
    assert.deepEqual([bobs.info.phase, bobs.info.match], ['ended', 1]);
    host.isOffline = false;
    await world.clock.waitUntil(
      'the next one begins',
      () => bobs.info.phase === 'playing' && bobs.info.match === 2,
      6_000,
    );
  });
});

describe('what quick joins leave behind', () => {
  it('[J15] of 40 quick joins, matches and departures: nothing in the store when their lives are over', async () => {
    const { world, run } = await lobby();
    const clients = Array.from({ length: 40 }, (_x, i) => world.client(`p${i}`, 'ab'[i % 2]!));
    const rooms = await run(
      Promise.all(clients.map(({ client }, i) => client.quick((i % 3 === 0 ? four : duel) as typeof duel))),
    );
    await world.clock.advance(1_000);
    await run(Promise.all(rooms.filter((_r, i) => i % 4 === 0).map(room => room.leave())));
    const private_ = await run(clients[1]!.client.create(duel, { private: true }));
    assert.ok(private_.info.private);
    for (const host of world.nodes.values())
      assert.ok((await run(host.node.lobby.create('nobody', { game: 'duel' }))).ok);
    for (const { client } of clients) client.close();
    await world.clock.advance(2_000);
    for (const host of world.nodes.values()) world.kill(host);
    await world.clock.advance(1_000);
    assert.ok(world.memory.size > 20);
    await world.clock.advance(1.5 * limits.roomTtl);
    await world.bootNode('c');
    await world.clock.advance(2 * limits.indexScan.interval);
    assert.equal(world.memory.size, 0);
  });
});
