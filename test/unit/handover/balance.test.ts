import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { ledger, ledgerGame } from '../protocol/games.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** Rooms with nobody in them, on one node; they are let go of when they were alone for 30 s. */
async function rooms(world: TestCluster, host: TestNode, count: number, from = 0): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const id = `room-${host.name}-${from + i}`;
    const { lobby } = host.node as unknown as { lobby: { placeRoom(id: string, game: unknown): Promise<void> } };
    const place = lobby.placeRoom.bind(lobby);
    lobby.placeRoom = async () => {}; // here, and nowhere else
    const made = await world.clock.run(host.node.lobby.create(`p${host.name}${from + i}`, { game: 'ledger', key: id }));
    lobby.placeRoom = place;
    assert.ok(made.ok);
    assert.ok((await world.clock.run(host.node.ownedRooms.acquire(made.room, null, 0))).ok);
    ids.push(made.room);
  }
  return ids;
}
const up = (world: TestCluster) => [...world.nodes.values()].filter(h => h.state === 'up');
const loads = (world: TestCluster) => up(world).map(h => h.node.ownedRooms.size);
const even = (world: TestCluster): boolean => {
  const now = loads(world);
  const mean = now.reduce((a, b) => a + b, 0) / now.length;
  return now.every(
    n => (n <= limits.balance.maxLoadRatio * mean && n >= limits.balance.minLoadRatio * mean) || Math.abs(n - mean) < 1,
  );
};
const moved = (world: TestCluster) => world.counters.get('handovers:balance') ?? 0;

describe('loads that are uneven', () => {
  it('[O16] a node that joins gets rooms until all have about the same: 20 a second at most, none of them twice, and then it is quiet', async () => {
    const world = new TestCluster([ledgerGame], 1);
    const [a, b, c] = (await world.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    const ids: string[] = [];
    for (const host of [a, b, c]) ids.push(...(await rooms(world, host, 100)));
    await world.clock.advance(limits.balance.minStay);
    assert.equal(moved(world), 0, 'they were even');
    const d = await world.bootNode('d');
    await world.clock.advance(limits.balance.quietPeriod);
    const at: number[] = [];
    let last = d.node.ownedRooms.size;
    for (let i = 0; i < 160 && !even(world); i++) {
      await world.clock.advance(50);
      for (; last < d.node.ownedRooms.size; last++) at.push(world.clock.mono());
    }
    assert.ok(even(world), loads(world).join());
    for (const [i, t] of at.entries())
      assert.ok(at.filter(x => x >= t && x < t + 1_000).length <= 21, `at ${t}, the ${i}th`);
    await world.clock.advance(500); // what was on its way
    const count = moved(world);
    assert.ok(count >= 60 && count <= 64, `${count} moves`);
    await world.clock.advance(8_000);
    assert.equal(moved(world), count, 'and stays so');
    assert.equal(ids.filter(id => up(world).filter(h => h.owns(id)).length === 1).length, 300, 'each has one owner');
    assert.equal(world.counters.get('takeovers') ?? 0, 0);
  });

  it('[O16] rooms where nothing is going on go first; who plays notices nothing', async () => {
    const world = new TestCluster([ledgerGame], 2);
    const [a, b] = (await world.start('a', 'b')) as [TestNode, TestNode];
    const [played] = (await rooms(world, a, 12)) as [string];
    const ada = world.client('ada', 'b');
    const adas = await world.clock.run(ada.client.join(ledger, { id: played }));
    const bobs = await world.clock.run(world.client('bob', 'a').client.join(ledger, { id: played }));
    await world.clock.waitUntil('the match begins', () => bobs.info.phase === 'playing');
    await world.clock.advance(limits.balance.minStay + 4_000);
    assert.ok(even(world), loads(world).join());
    assert.ok(b.node.ownedRooms.size >= 5);
    assert.ok(a.owns(played));
    assert.ok((await world.clock.run(adas.act.add({ id: 'x' }))).ok);
  });

  it('[O16] none goes to a node that is about to go, or late, or just came; and one room more is no reason', async () => {
    const world = new TestCluster([ledgerGame], 3);
    const [a, b, c] = (await world.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    await rooms(world, a, 10);
    await world.clock.run(b.node.drain());
    (c.node.parts as { eventLoopDelayMs(): number }).eventLoopDelayMs = () => 500;
    await world.clock.advance(10_000);
    assert.deepEqual(loads(world), [10, 0, 0]);
    (c.node.parts as { eventLoopDelayMs(): number }).eventLoopDelayMs = () => 1;
    await world.clock.advance(4_000);
    assert.equal(b.node.ownedRooms.size, 0);
    assert.ok([4, 5].includes(c.node.ownedRooms.size), loads(world).join());
  });

  it('[O16] nodes come and go by chance: it comes to rest each time, and no room is moved to and fro', async () => {
    const world = new TestCluster([ledgerGame], 4);
    await world.start('a', 'b', 'c');
    const draw = (n: number) => Math.floor(world.random() * n);
    let made = 0;
    for (let round = 0; round < 6; round++) {
      const hosts = up(world);
      const what = draw(3);
      if (what === 0 && hosts.length > 2) {
        const gone = hosts[draw(hosts.length)]!;
        await world.drain(gone);
      } else if (what === 1 && hosts.length < 6) await world.bootNode('abcdefgh'[round + 2 + draw(1)]! + String(round));
      else {
        await rooms(world, hosts[draw(hosts.length)]!, 10 + draw(20), made);
        made += 30;
      }
      const before = moved(world);
      const count = () => loads(world).reduce((a, b) => a + b, 0);
      const total = count();
      // Rooms that were alone for 30 s are released: that is a new reason to move others, and the look at the rest
      // begins again.
      for (let alike = false; !alike;) {
        await world.clock
          .waitUntil('it is even', () => even(world), 25_000)
          .catch(() => assert.fail(`${round}: ${loads(world).join()}`));
        assert.ok(moved(world) - before <= total, `${moved(world) - before} moves of ${total} rooms`);
        await world.clock.advance(2 * limits.heartbeat + 200); // until the nodes know that it is even, rooms are moved
        const [rested, rooms] = [moved(world), count()];
        await world.clock.advance(2_500);
        alike = count() === rooms;
        if (!alike) continue;
        // Of few rooms one more or less is even here; a node may still give it.
        assert.ok(moved(world) - rested <= 2, `${moved(world) - rested} more`);
        assert.ok(even(world), loads(world).join());
      }
    }
  });
});
