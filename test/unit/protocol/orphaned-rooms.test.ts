import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { contract, state, type AnyGame } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { StoreFault } from '../../../testkit/faulty-store.ts';

const trio = contract('trio', {
  version: 1,
  seats: { min: 2, max: 3 },
  state: state<{ n: number }>(),
  actions: { go: z.object({}) },
  away: { hold: 60_000, then: 'forfeit' },
});
const trioGame = trio.rules({ setup: () => ({ n: 0 }), actions: { go: () => {} } }) as AnyGame;

/**
 * From the death of an owner: until it is declared dead, its rooms are looked for, and the new owner has received who is
 * there.
 */
const found = limits.nodeTimeout + limits.orphans.after + limits.presenceTimeout + 4_000;

async function cluster(...names: string[]) {
  const world = new TestCluster([trioGame]);
  await world.start(...names);
  await world.clock.advance(10_000); // the scan after a node's start is over
  return { world, run: <T>(work: Promise<T>) => world.clock.run(work) };
}
/** Whether the owner shows the player as connected; undefined where no node runs the room. */
const isHere = (world: TestCluster, id: string): boolean | undefined =>
  world.owner(id)?.node.ownedRooms.get(id)?.publicRoom.seats[0]?.here;
/** The players go with their node: nothing of them is ever heard again. */
function killWithPlayers(
  world: TestCluster,
  name: string,
  players: readonly ReturnType<TestCluster['client']>[],
): void {
  for (const player of players) player.isOffline = true;
  world.kill(world.node(name));
}

describe('rooms that no node runs', () => {
  it('[O24] [S2] a room whose node died with all its players is claimed, its players are away, and it is not offered', async () => {
    const { world, run } = await cluster('a', 'b');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    await run(world.handover(world.owner(room.id)!, room.id, world.node('a')));
    killWithPlayers(world, 'a', [ada]);
    await world.clock.advance(found);
    assert.equal(world.owner(room.id), world.node('b'));
    assert.equal(isHere(world, room.id), false);
    const bob = await run(world.client('bob', 'b').client.quick(trio));
    assert.notEqual(bob.id, room.id, 'nobody waits there');
    await world.clock.advance(60_000 + limits.sleepAfter + 10_000);
    const listed = await run(world.node('b').node.lobby.list('trio'));
    assert.deepEqual(listed.ok && listed.rooms.map(r => r.id), [bob.id], 'the seat was held for its time');
  });

  it('[O24] so does a node that starts after all have died', async () => {
    const { world, run } = await cluster('a', 'b');
    const players = ['ada', 'bob', 'cleo'].map((name, i) => world.client(name, 'ab'[i % 2]!));
    const rooms = await run(Promise.all(players.map(p => p.client.create(trio, { private: true }))));
    for (const name of ['a', 'b']) killWithPlayers(world, name, players);
    await world.clock.advance(30_000);
    await world.bootNode('c');
    await world.clock.advance(found);
    for (const { id } of rooms) assert.equal(isHere(world, id), false);
    await world.clock.advance(60_000 + limits.sleepAfter + 10_000);
    assert.equal((await world.memory.occupied('', 100)).rooms.length, 0);
    for (const { id } of rooms)
      assert.equal(await world.memory.owner(id), null, 'a room that all have left is removed');
  });

  it('[O24] and a node that starts after the only one has released its rooms', async () => {
    const { world, run } = await cluster('a');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    await run(world.owner(room.id)!.node.ownedRooms.get(room.id)!.release());
    killWithPlayers(world, 'a', [ada]);
    assert.equal((await world.memory.owner(room.id))!.node, null);
    await world.bootNode('b');
    await world.clock.advance(found);
    assert.equal(isHere(world, room.id), false);
  });

  it('[O24] a room that was given up in an outage, while all its players went, is claimed by the same node', async () => {
    const { world, run } = await cluster('a');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    let away = true;
    world.faultFor = (): StoreFault | undefined => (away ? { lose: 'request' } : undefined);
    await world.clock.advance(1_000);
    void room.act.go({}).catch(() => {}); // it cannot be journaled
    await world.clock.advance(20_000);
    ada.client.close();
    await world.clock.advance(20_000);
    assert.equal(world.owner(room.id), undefined);
    away = false;
    await world.clock.advance(found);
    assert.equal(isHere(world, room.id), false);
  });

  it('[O24] [O6] the rooms of a node that is suspended for less than it takes to be declared dead stay with it', async () => {
    const { world, run } = await cluster('a', 'b');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    await run(world.handover(world.owner(room.id)!, room.id, world.node('a')));
    world.freeze(world.node('a'));
    await world.clock.advance(900);
    world.thaw(world.node('a'));
    await world.clock.advance(found);
    assert.equal(world.owner(room.id), world.node('a'));
  });

  it('[O24] [O6] the room of a node that is suspended for longer has one owner afterwards, and its player plays on', async () => {
    const { world, run } = await cluster('a', 'b');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    await run(world.handover(world.owner(room.id)!, room.id, world.node('a')));
    world.freeze(world.node('a'));
    await world.clock.advance(limits.nodeTimeout + limits.orphans.after + 1_500);
    world.thaw(world.node('a'));
    await world.clock.advance(2_000);
    assert.equal([...world.nodes.values()].filter(h => h.owns(room.id)).length, 1);
    await world.clock.waitUntil('it is live', () => room.status.state === 'live', 5_000);
    await world.clock.advance(found);
    assert.equal(isHere(world, room.id), true);
  });

  it('[O9] [S2] an owner that was suspended twice declares a player away before it lets the room sleep', async () => {
    const { world, run } = await cluster('a');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    const suspend = async (ms: number) => {
      world.freeze(world.node('a'));
      await world.clock.advance(ms);
      world.thaw(world.node('a'));
    };
    await suspend(5_000);
    await world.clock.advance(1_500);
    ada.client.close();
    await world.clock.advance(500);
    await suspend(limits.sleepAfter + 5_000);
    await world.clock.advance(limits.presenceTimeout + 4_000);
    assert.deepEqual(await world.memory.occupied('', 10), { rooms: [], next: null });
    assert.deepEqual(
      (await world.memory.due(world.clock.now() + 60_000, 10)).map(due => due.id),
      [room.id],
      'the hold has begun',
    );
  });

  it('[O24] [O9] rooms that sleep are not woken', async () => {
    const { world, run } = await cluster('a', 'b');
    const ada = world.client('ada', 'a');
    const room = await run(ada.client.quick(trio));
    ada.client.close();
    await world.clock.waitUntil('it sleeps', () => world.owner(room.id) === undefined, limits.sleepAfter + 15_000);
    world.kill(world.node('a'));
    const claims = () => world.storeCalls.filter(call => call.op === 'claim').length;
    const before = claims();
    await world.clock.advance(found);
    assert.equal(claims(), before);
  });
});
