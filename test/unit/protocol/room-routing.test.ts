import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { ledger, ledgerGame } from './games.ts';
import { TestCluster, type TestClient } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** Where a client is connected; each has one line. */
const nodeOf = (client: TestClient): string => {
  const { status } = client.client;
  return status.state === 'live' ? status.node : status.state;
};
const follows = limits.balance.minStay + limits.follow.settledFor + 3_000;

describe('lines by room', () => {
  /** Ada makes a room, Bob comes by its code, Eve by a link to watch: from three nodes. */
  async function party(seed: number) {
    const world = new TestCluster([ledgerGame], seed);
    const hosts = await world.start('a', 'b', 'c');
    const [ada, bob] = [world.client('ada', 'a', { byRoom: true }), world.client('bob', 'b', { byRoom: true })];
    const adas = await world.clock.run(ada.client.create(ledger));
    const bobs = await world.clock.run(bob.client.join(ledger, { code: adas.code }));
    const eve = world.client('eve', 'c', { byRoom: adas.id });
    const eves = await world.clock.run(eve.client.watch(ledger, { id: adas.id }));
    return { world, hosts, clients: [ada, bob, eve], adas, bobs, eves };
  }

  for (const seed of [1, 2, 3]) {
    it(`[C7] [O22] all members meet at one node, and their room follows; they meet again when it dies, and when it is drained (${seed})`, async () => {
      const { world, clients, adas, bobs, eves } = await party(seed);
      const rooms = [adas, bobs, eves];
      const meet = (what: string) =>
        world.clock.waitUntil(
          what,
          () =>
            new Set(clients.map(nodeOf)).size === 1 && rooms.every(r => r.live) && world.nodes.has(nodeOf(clients[0]!)),
          10_000,
        );
      const play = async (id: string) => {
        for (const room of [adas, bobs])
          assert.ok((await world.clock.run(room.act.add({ id: `${id}${room.seat}` }))).ok);
      };
      await meet('all are at one node');
      await play('x');
      const first = world.node(nodeOf(clients[0]!));
      await world.clock.waitUntil('the room is there', () => first.owns(adas.id), follows);
      assert.ok(
        clients.every(c => c.connections.size === 1),
        'a line each',
      );
      world.kill(first);
      await meet('all are at another node');
      await play('y');
      const second: TestNode = world.node(nodeOf(clients[0]!));
      assert.notEqual(second, first);
      await world.clock.waitUntil('the room is there', () => second.owns(adas.id), follows);
      await world.drain(second);
      await meet('all are at the last');
      await play('z');
      assert.deepEqual(
        (adas.state as { done: { id: string }[] }).done.map(d => d.id),
        ['x0', 'x1', 'y0', 'y1', 'z0', 'z1'],
      );
    });
  }

  it('[C7] who names the room from the first line on has no other; in two rooms, it is the one that was entered last', async () => {
    const { world, adas } = await party(4);
    let opened = 0;
    const fay = world.client('fay', 'c', { byRoom: adas.id });
    world.observer.onClientMessage = (to, name) => {
      if (to === fay && name === 'welcome') opened += 1;
    };
    const fays = await world.clock.run(fay.client.watch(ledger, { id: adas.id }));
    await world.clock.advance(5_000);
    assert.equal(opened, 1);
    const other = await world.clock.run(fay.client.create(ledger));
    await world.clock.advance(1_000);
    assert.equal(opened, 2);
    assert.ok(other.live && fays.live);
    await world.clock.run(fay.client.watch(ledger, { id: adas.id }));
    await world.clock.advance(1_000);
    assert.equal(opened, 3);
  });

  it('a client that does not ask for it names none', async () => {
    const world = new TestCluster([ledgerGame], 5);
    await world.start('a', 'b', 'c');
    const ada = world.client('ada', 'a');
    await world.clock.run(ada.client.create(ledger));
    await world.clock.advance(2_000);
    assert.equal(nodeOf(ada), 'a');
  });
});
