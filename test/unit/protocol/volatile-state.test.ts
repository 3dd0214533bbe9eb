import assert from 'node:assert/strict';
import type { Room } from '../../../client/room.ts';
import { drift, driftGame } from '../handover/tick-game.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

type DriftRoom = Room<(typeof drift)['def']>;

async function drifting(seed = 1) {
  const world = new TestCluster([driftGame], seed);
  await world.start('a', 'b', 'c');
  const ada = world.client('ada', 'a');
  const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: 'drift' }));
  assert.ok(made.ok);
  const adas: DriftRoom = await world.clock.run(ada.client.join(drift, { id: made.room }));
  const bob = world.client('bob', 'b');
  const bobs: DriftRoom = await world.clock.run(bob.client.join(drift, { id: made.room }));
  await world.clock.waitUntil('it moves', () => (adas.state?.x ?? 0) > 3);
  return { world, id: made.room, ada, adas, bobs };
}

describe('motion that is journaled less often', () => {
  it('[D1] is told with every tick, and written a few times a second', async () => {
    const { world, id, adas } = await drifting();
    const [x, seq] = [adas.state!.x, adas.position[1]];
    let seen = 0;
    let last = x;
    adas.onChange(() => {
      if (adas.state!.x !== last) {
        last = adas.state!.x;
        seen += 1;
      }
    });
    await world.clock.advance(2_000);
    assert.ok(seen >= 38, `${seen} changes were seen in two seconds`);
    const written = adas.position[1] - seq;
    assert.ok(written >= 6 && written <= 10, `${written} entries in two seconds`);
    assert.ok(world.owner(id));
  });

  it('[D2] an action is durable at once, with all the motion before it', async () => {
    const { world, adas, bobs } = await drifting(2);
    await world.clock.advance(130);
    const before = adas.state!.x;
    const said = await world.clock.run(adas.act.say({ text: 'here' }));
    assert.ok(said.ok);
    await world.clock.waitUntil('both have it', () => bobs.state!.said.length === 1 && adas.state!.said.length === 1);
    assert.ok(adas.state!.x >= before);
  });

  it('[D3] a crash takes motion alone, a quarter of a second of it at most, and everybody sees the same again', async () => {
    for (let seed = 10; seed < 22; seed++) {
      const { world, id, ada, adas, bobs } = await drifting(seed);
      await world.clock.advance(300 + seed * 17);
      const said = await world.clock.run(adas.act.say({ text: 'before' }));
      assert.ok(said.ok);
      await world.clock.advance(20 * (seed % 11));
      if (seed % 3 === 0) ada.client.move();
      const x = Math.max(adas.state!.x, bobs.state!.x);
      world.kill(world.owner(id)!);
      await world.clock.waitUntil(
        'it goes on',
        () => adas.term === bobs.term && adas.state!.x > x + 5 && adas.live && bobs.live,
      );
      // At a moment at which both hold the same place and the same number of motions, they hold the same state.
      await world.clock.waitUntil('both see the same', () => JSON.stringify(adas.state) === JSON.stringify(bobs.state));
      const owner = world.owner(id)!.node.ownedRooms.get(id) as unknown as {
        doc: { state: { x: number; trail: number[] } };
      };
      await world.clock.waitUntil(
        'as the owner has it',
        () => JSON.stringify(adas.state) === JSON.stringify(owner.doc.state),
      );
      assert.deepEqual(adas.state!.said, ['before']);
      assert.deepEqual(adas.state!.trail.at(-1), adas.state!.x);
    }
  });

  it('[D4] lost messages of motion are made good by the next entry', async () => {
    const { world, id, adas } = await drifting(5);
    await world.clock.advance(170);
    const { sync } = adas;
    const receive = sync.receiveVolatileState.bind(sync);
    let n = 0;
    sync.receiveVolatileState = (...args) => {
      if (++n % 3 !== 0) receive(...args);
    };
    const owner = world.owner(id)!.node.ownedRooms.get(id) as unknown as { doc: { state: unknown } };
    for (let i = 0; i < 10; i++) {
      await world.clock.advance(90);
      await world.clock.waitUntil('all is there', () => JSON.stringify(adas.state) === JSON.stringify(owner.doc.state));
    }
  });

  it('[D5] a hand-over takes nothing', async () => {
    const { world, id, adas } = await drifting(6);
    await world.clock.advance(330);
    let back = false;
    let x = adas.state!.x;
    adas.onChange(() => {
      back ||= adas.state!.x < x;
      x = adas.state!.x;
    });
    const from = x;
    const owner = world.owner(id)!;
    await world.clock.run(owner.node.drain());
    await world.clock.waitUntil(
      'another runs it',
      () => world.owner(id) !== undefined && world.owner(id) !== owner && adas.state!.x > from + 20,
    );
    assert.ok(!back, 'it never went back');
  });
});
