import { strict as assert } from 'node:assert';
import type { Cluster } from '../../../tools/local-cluster/cluster.ts';
import { connectTo, FakeClusters, nameFrom, countAnsweringNodes } from './helpers.ts';

const rooms = Array.from({ length: 40 }, (_, i) => `room-${i}-${'x'.repeat(12)}`);
const address = (i: number) => `10.${i % 7}.${i}.1`;

describe('routing by room', () => {
  const clusters = new FakeClusters();
  let byRoom: Cluster;
  before(async () => {
    byRoom = await clusters.start({ routing: 'room' });
  });
  after(() => clusters.stopAll());

  it('[C7] leads all members of a room to one node, by whichever transport, rooms to all nodes, and who names none by address', async () => {
    const cluster = byRoom;
    for (const transport of ['websocket', 'polling'] as const) {
      const [first, again] = await Promise.all(
        [0, 100].map(from =>
          Promise.all(
            rooms.map((room, i) => countAnsweringNodes(cluster, { room, address: address(from + i), transport })),
          ),
        ),
      );
      assert.deepEqual(again, first);
      assert.equal(new Set(first).size, 3);
    }
    const [home, other] = await Promise.all([
      countAnsweringNodes(cluster, { address: '10.1.1.1' }),
      countAnsweringNodes(cluster, { address: '10.1.1.2' }),
    ]);
    assert.equal(home, other, 'one network, one node');
  });

  it('[C7] members of a room whose node is killed meet at another one; another way is theirs as well', async () => {
    const cluster = byRoom;
    const [room] = rooms as [string];
    const home = await countAnsweringNodes(cluster, { room });
    const ways = await Promise.all(
      [1, 2, 3].map(i => countAnsweringNodes(cluster, { room, route: `${room}.1`, address: address(i) })),
    );
    assert.equal(new Set(ways).size, 1);
    const sockets = [1, 2, 3, 4].map(i => connectTo(cluster, { room, address: address(i) }));
    assert.deepEqual(new Set(await Promise.all(sockets.map(nameFrom))), new Set([home]));
    const next = Promise.all(sockets.map(nameFrom));
    await cluster.kill(home);
    const met = new Set(await next);
    assert.equal(met.size, 1);
    assert.ok(!met.has(home));
    for (const socket of sockets) socket.disconnect();
  });

  it('as shipped, a room that is named changes nothing', async () => {
    const cluster = await clusters.start();
    const met = await Promise.all(rooms.map(room => countAnsweringNodes(cluster, { room, address: '10.1.1.1' })));
    assert.equal(new Set(met).size, 1);
  });

  for (const routing of ['least_conn', 'random'] as const) {
    it(`by ${routing}, players of one address come to all nodes`, async () => {
      const cluster = await clusters.start({ routing });
      const sockets = Array.from({ length: 24 }, () => connectTo(cluster, { address: '10.1.1.1' }));
      assert.equal(new Set(await Promise.all(sockets.map(nameFrom))).size, 3);
      for (const socket of sockets) socket.disconnect();
    });
  }
});
