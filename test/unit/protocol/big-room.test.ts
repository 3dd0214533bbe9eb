import assert from 'node:assert/strict';
import { contract, schema, state } from '../../../shared/index.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

interface Count {
  by: number[];
}
const crowd = contract('crowd', {
  version: 1,
  seats: { min: 100, max: 100 },
  state: state<Count>(),
  actions: { add: schema<number>(n => typeof n === 'number') },
  profile: schema<string>(p => typeof p === 'string'),
});
const crowdGame = crowd.rules({
  setup: ctx => ({ by: ctx.players.map(() => 0) }),
  actions: {
    add: (s, by, ctx) => {
      s.by[ctx.seat]! += by;
    },
  },
});

describe('a room of a hundred', () => {
  it('[S1] [A1] [O5] a hundred sit down at once on three nodes, each brings something, all act, the owner dies in the middle: each action is done once, all see the same', async () => {
    const world = new TestCluster([crowdGame], 11);
    const nodes: TestNode[] = await world.start('a', 'b', 'c');
    const made = await world.clock.run(nodes[2]!.node.lobby.create('host', { game: 'crowd' }));
    assert.ok(made.ok);
    const rooms = await world.clock.run(
      Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          world
            .client(`p${i}`, 'abc'[i % 3]!)
            .client.join(crowd, { id: made.room, profile: `colour ${i} `.padEnd(400, '.') }),
        ),
      ),
    );
    await world.clock.waitUntil('the match begins', () => rooms.every(room => room.info.phase === 'playing'));
    assert.deepEqual(
      rooms.map(room => room.seat).toSorted((a, b) => a! - b!),
      rooms.map((_, i) => i),
    );
    const acting = Promise.all(rooms.flatMap(room => [room.act.add(1), room.act.add(10)]));
    await world.clock.advance(2);
    world.kill(world.owner(made.room)!);
    assert.ok((await world.clock.run(acting)).every(said => said.ok));
    const all = rooms.map(() => 11);
    await world.clock.waitUntil('all see the same', () =>
      rooms.every(room => room.live && JSON.stringify(room.state?.by) === JSON.stringify(all)),
    );
    assert.equal(
      rooms[0]!.players[99]!.profile,
      `colour ${rooms.findIndex(room => room.seat === 99)} `.padEnd(400, '.'),
    );
    for (const host of world.nodes.values())
      assert.deepEqual(
        host.warnings.filter(line => line !== 'node declared dead'),
        [],
      );
  });
});
