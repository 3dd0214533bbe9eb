import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { latency } from '../../../testkit/test-connection.ts';
import { ledgerGame } from './games.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** A line that hears nothing. */
function member(host: TestNode, player: string, room: string): Promise<unknown> {
  const deaf = () => {};
  const connection = host.node.clients.connect(
    { id: `line-${player}`, send: deaf, sendEncoded: deaf, subscribe: deaf, unsubscribe: deaf, close: deaf },
    { player, name: player },
  );
  return host.node.clientRequests.handle(connection, 'join', { room });
}

describe('a node that dies with many rooms', () => {
  it('[O7] [O8] its rooms are taken over side by side: 160 in less than half a second, 80 ms away from the store', async () => {
    const world = new TestCluster([ledgerGame]);
    const near = { ...latency };
    try {
      const [a, b, c] = (await world.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
      const rooms = await Promise.all(
        Array.from({ length: 160 }, async (_x, i) => {
          const made = await world.clock.run(c.node.lobby.create(`p${i}`, { game: 'ledger' }));
          assert.ok(made.ok);
          assert.ok(((await world.clock.run(member(i % 2 ? a : b, `p${i}`, made.room))) as { ok: boolean }).ok);
          return made.room;
        }),
      );
      await world.clock.advance(2_000);
      const mine = rooms.filter(room => c.owns(room));
      assert.ok(mine.length > 100, `${mine.length} rooms`);
      Object.assign(latency, { store: 40, bus: 40 });
      await world.clock.advance(2_000);
      const before = world.storeCalls.filter(call => call.op === 'claim').length;
      world.kill(c);
      const took = await world.clock.waitUntil(
        'all rooms go on',
        () => mine.every(room => a.owns(room) || b.owns(room)),
        5_000,
      );
      assert.ok(took < 500, `${took} ms for ${mine.length} rooms`);
      assert.equal(
        world.storeCalls.filter(call => call.op === 'claim').length - before,
        mine.length,
        'one claim for each',
      );
    } finally {
      Object.assign(latency, near);
    }
  });
});

describe('a store that restarts under a node with many rooms', () => {
  /**
   * How many connections the node looks at until it runs all of its rooms again, and until those are told that are
   * gone.
   */
  async function looks(rooms: number): Promise<number> {
    const world = new TestCluster([ledgerGame]);
    const [a] = (await world.start('a')) as [TestNode];
    const ids = await Promise.all(
      Array.from({ length: rooms }, async (_x, i) => {
        const made = await world.clock.run(a.node.lobby.create(`p${i}`, { game: 'ledger' }));
        assert.ok(made.ok);
        await world.clock.run(member(a, `p${i}`, made.room));
        return made.room;
      }),
    );
    const connections = (a.node.clients as unknown as { connections: Map<string, unknown> }).connections;
    let looked = 0;
    connections.values = function* (this: Map<string, unknown>) {
      for (const [, connection] of this) {
        looked += 1;
        yield connection as never;
      }
    } as never;
    world.replaceStore();
    await world.clock.waitUntil('all rooms go on', () => ids.every(room => a.owns(room)), 5_000);
    const { table } = world.memory as unknown as { table: { rooms: Map<string, unknown> } };
    for (const room of ids) table.rooms.delete(room);
    world.replaceStore();
    await world.clock.waitUntil(
      'all are told',
      () =>
        [...(Map.prototype.values.call(connections) as Iterable<{ rooms: Map<string, unknown> }>)].every(
          c => c.rooms.size === 0,
        ),
      5_000,
    );
    return looked;
  }

  it('[O4] looks at each connection a few times, not once for each room', async () => {
    const [few, many] = [await looks(30), await looks(120)];
    assert.ok(many < 5 * few, `${few} for 30 rooms, ${many} for 120`);
  });
});
