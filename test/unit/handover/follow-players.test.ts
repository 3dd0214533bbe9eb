import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { ledger, ledgerGame } from '../protocol/games.ts';
import { waitUntilConverged, openLedgerRoom } from '../protocol/ledger-fixture.ts';
import { TestCluster, type TestClient } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

const moved = (world: TestCluster, why: 'members' | 'balance') => world.counters.get(`handovers:${why}`) ?? 0;
const up = (world: TestCluster) => [...world.nodes.values()].filter(h => h.state === 'up');
const loads = (world: TestCluster) => up(world).map(h => h.node.ownedRooms.size);

interface Seated {
  id: string;
  players: TestClient[];
}
let made = 0;
/** A room run by one node, with two players who are connected to others. */
async function seat(world: TestCluster, owner: TestNode, homes: readonly [string, string]): Promise<Seated> {
  const room = await world.clock.run(owner.node.lobby.create(`maker-${++made}`, { game: 'ledger' }));
  assert.ok(room.ok);
  const players = homes.map((home, i) => world.client(`p${made}${'ab'[i]}`, home));
  for (const { client } of players) await world.clock.run(client.join(ledger, { id: room.room }));
  const at = world.owner(room.room)!;
  if (at !== owner) assert.ok(await world.handover(at, room.room, owner));
  return { id: room.room, players };
}
/** Notes each move of a room, and when. */
function watchMoves(world: TestCluster): { id: string; at: number }[] {
  const moves: { id: string; at: number }[] = [];
  world.observer.onStoreCall = (call, args) => {
    if (call.op === 'pass' && (call.result as { ok: boolean }).ok)
      moves.push({ id: args[0] as string, at: world.clock.mono() });
  };
  return moves;
}
const follows = limits.balance.minStay + limits.follow.settledFor + 3_000;

describe('rooms and their players', () => {
  it('[O22] a room goes to the node where its players are, once, and they notice nothing', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { adasNode: 'a', bobsNode: 'a' });
    const { world, id, adas, bobs, owner } = table;
    assert.equal(owner.name, 'c');
    await world.clock.advance(limits.follow.settledFor - 1_000);
    assert.ok(owner.owns(id), 'not at once: they may only be passing');
    await world.clock.waitUntil('it has followed them', () => world.owner(id)?.name === 'a', follows);
    for (const room of [adas, bobs]) assert.ok((await world.clock.run(room.act.add({ id: `x${room.seat}` }))).ok);
    await waitUntilConverged(table);
    await world.clock.advance(60_000);
    assert.deepEqual([moved(world, 'members'), moved(world, 'balance')], [1, 0]);
    assert.equal(world.counters.get('takeovers') ?? 0, 0);
    assert.equal(world.counters.get('lostPositions') ?? 0, 0);
  });

  it('[O22] it stays where its players are at several nodes, and who watches does not count', async () => {
    const { world, id, owner } = await openLedgerRoom(['a', 'b', 'c'], { adasNode: 'a', bobsNode: 'b' });
    for (let i = 0; i < 5; i++) await world.clock.run(world.client(`eve${i}`, 'a').client.watch(ledger, { id }));
    await world.clock.advance(30_000);
    assert.ok(owner.owns(id));
    assert.equal(moved(world, 'members'), 0);
  });

  it('[O22] none goes to a node that is late, or about to go', async () => {
    const { world, id, owner } = await openLedgerRoom(['a', 'b', 'c'], { adasNode: 'a', bobsNode: 'a' });
    const a = world.node('a');
    (a.node.parts as { eventLoopDelayMs(): number }).eventLoopDelayMs = () => 500;
    await world.clock.advance(30_000);
    assert.ok(owner.owns(id));
    (a.node.parts as { eventLoopDelayMs(): number }).eventLoopDelayMs = () => 1;
    a.node['draining'] = true;
    await world.clock.advance(20_000);
    assert.ok(owner.owns(id));
    a.node['draining'] = false;
    await world.clock.waitUntil('it has followed them', () => a.owns(id), follows);
  });

  it('[O22] players who flit from node to node are not run after', async () => {
    const { world, id, ada, bob } = await openLedgerRoom(['a', 'b', 'c'], { adasNode: 'a', bobsNode: 'a' });
    const moves = watchMoves(world);
    for (let i = 0; i < 12; i++) {
      await world.clock.advance(3_000);
      for (const one of [ada, bob]) {
        one.homeNode = i % 2 === 0 ? 'b' : 'a';
        for (const line of [...one.connections]) line.breakConnection();
      }
    }
    assert.deepEqual(moves, [], `${id} ran after them`);
  });

  it('[O22] [O16] many follow as far as the loads stay even, 20 a second at most, and then it is quiet', async () => {
    const world = new TestCluster([ledgerGame], 11);
    const [a, b, c] = (await world.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
    const moves = watchMoves(world);
    for (let i = 0; i < 20; i++) for (const host of [a, b, c]) await seat(world, host, ['a', 'a']);
    moves.splice(0);
    await world.clock.advance(follows + 5_000);
    const [most, ...others] = loads(world) as [number, number, number];
    assert.equal(most, 23, 'as many as may: the mean is 20');
    assert.ok(
      others.every(n => n >= 17),
      others.join(),
    );
    assert.equal(moved(world, 'balance'), 0);
    for (const { at } of moves) assert.ok(moves.filter(m => m.at >= at && m.at < at + 1_000).length <= 20);
    await world.clock.advance(60_000);
    assert.equal(moves.length, 3, 'nothing more');
  });

  it("[O22] what was moved for the loads' sake is not moved back for its players'", async () => {
    const world = new TestCluster([ledgerGame], 12);
    const [a] = (await world.start('a')) as [TestNode];
    for (let i = 0; i < 24; i++) await seat(world, a, ['a', 'a']);
    await world.bootNode('b');
    await world.clock.waitUntil(
      'loads are even enough',
      () => Math.min(...loads(world)) >= 12 - limits.balance.toleratedRooms,
      20_000,
    );
    await world.clock.advance(500); // what was on its way
    const moves = watchMoves(world);
    await world.clock.advance(limits.follow.cooldown - 12_000);
    assert.deepEqual(moves, []);
  });

  it("[O16] [O22] who gives rooms away keeps those whose players are here, and gives to their players' nodes where it can", async () => {
    const world = new TestCluster([ledgerGame], 13);
    const [a, b] = (await world.start('a', 'b')) as [TestNode, TestNode];
    // it is given none until all have their seats
    (b.node.parts as { eventLoopDelayMs(): number }).eventLoopDelayMs = () => 500;
    const [here, there]: [Seated[], Seated[]] = [[], []];
    for (let i = 0; i < 6; i++) {
      here.push(await seat(world, a, ['a', 'a']));
      there.push(await seat(world, a, ['b', 'b']));
    }
    await world.clock.advance(limits.balance.minStay);
    const moves = watchMoves(world);
    (b.node.parts as { eventLoopDelayMs(): number }).eventLoopDelayMs = () => 1;
    await world.clock.waitUntil('they are where their players are', () => there.every(({ id }) => b.owns(id)), 20_000);
    await world.clock.advance(20_000);
    assert.ok(here.every(({ id }) => a.owns(id)));
    assert.equal(moves.length, 6);
  });

  it('[O22] players and nodes come and go by chance: no room is moved twice within 5 s, all have one owner, and it comes to rest', async () => {
    const world = new TestCluster([ledgerGame], 14);
    await world.start('a', 'b', 'c');
    const draw = (n: number) => Math.floor(world.random() * n);
    const rooms: Seated[] = [];
    for (let i = 0; i < 24; i++) rooms.push(await seat(world, up(world)[draw(3)]!, ['abc'[draw(3)]!, 'abc'[draw(3)]!]));
    const moves = watchMoves(world);
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 8; i++) {
        const home = up(world)[draw(up(world).length)]!.name;
        for (const player of rooms[draw(rooms.length)]!.players) {
          player.homeNode = home;
          for (const line of [...player.connections]) line.breakConnection();
        }
      }
      if (round === 3) await world.bootNode('d');
      if (round === 6) {
        const before = moves.length;
        await world.drain(world.node('b'));
        moves.splice(before); // these go for another reason
      }
      await world.clock.advance(3_000 + draw(8_000));
    }
    for (const { players } of rooms) for (const player of players) if (player.homeNode === 'b') player.homeNode = 'a';
    for (const [i, { id, at }] of moves.entries()) {
      const again = moves.slice(i + 1).find(m => m.id === id);
      assert.ok(!again || again.at - at >= limits.balance.minStay, `${id} at ${at} and ${again?.at}`);
    }
    assert.ok(moved(world, 'members') > 10, `${moved(world, 'members')} followed`);
    await world.clock.advance(3 * limits.follow.cooldown);
    const rested = moves.length;
    await world.clock.advance(60_000);
    assert.equal(moves.length, rested, 'it has not come to rest');
    for (const { id } of rooms) assert.equal(up(world).filter(h => h.owns(id)).length, 1);
    assert.equal(world.counters.get('lostPositions') ?? 0, 0);
  });
});
