import assert from 'node:assert/strict';
import { drift, driftGame } from './tick-game.ts';
import { turns, turnsGame, stick, stickGame, type StickState } from '../bot-games.ts';
import { openLedgerRoom, doneIds } from '../protocol/ledger-fixture.ts';
import { openRoom, documentOf } from '../protocol/cluster-room-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

/** Hands the room to the next node in the order of names. */
async function move(world: TestCluster, id: string): Promise<TestNode> {
  const hosts = [...world.nodes.values()];
  const from = world.owner(id)!;
  const to = hosts[(hosts.indexOf(from) + 1) % hosts.length]!;
  assert.ok(await world.handover(from, id, to));
  return to;
}

describe('what a room takes along when it moves', () => {
  it('[E1] [E2] [O13] effects: one that is under way is done by the new owner as well, with the same key; one that is done is not done again', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c']);
    const { world, id, adas } = table;
    const done: string[] = [];
    const keys = new Set<string>();
    let slow = true;
    world.effects = {
      ledger: {
        booked: async (data, about) => {
          done.push((data as { id: string }).id);
          keys.add(about.key);
          if (slow) await world.clock.sleep(500);
        },
      },
    };
    assert.ok((await world.clock.run(adas.act.book({ id: 'x' }))).ok);
    await move(world, id);
    slow = false;
    await world.clock.advance(2_000);
    assert.deepEqual(done, ['x', 'x']);
    assert.equal(keys.size, 1);
    assert.deepEqual(documentOf(world, id).hidden.effects, {});
    assert.ok((await world.clock.run(adas.act.book({ id: 'y' }))).ok);
    await world.clock.advance(100);
    await move(world, id);
    await world.clock.advance(2_000);
    assert.deepEqual(done, ['x', 'x', 'y']);
    assert.deepEqual(doneIds(adas), ['x', 'y']);
  });

  it('[B3] [O13] bots: each move is made once, though the room moves in every pause for thought', async () => {
    const { world, id, rooms } = await openRoom(turns, turnsGame(), ['ada'], {
      nodes: ['a', 'b', 'c'],
      request: { bots: 2 },
      seed: 2,
    });
    const [adas] = rooms as [(typeof rooms)[0]];
    assert.ok((await world.clock.run(adas.start())).ok);
    for (let n = 0; n < 12; n++) {
      if (adas.state!.turn === 0) assert.ok((await world.clock.run(adas.act.play({ n: adas.state!.moves.length }))).ok);
      await world.clock.advance(250);
      await move(world, id);
      await world.clock.advance(650);
    }
    const { moves } = adas.state!;
    assert.ok(moves.length >= 12, `${moves.length} moves`);
    assert.deepEqual(
      moves,
      moves.map((_m, i) => i % 3),
    );
  });

  it('[I2] [I4] [O13] inputs: every press counts once, and what is held is held again', async () => {
    const { world, id, rooms } = await openRoom(stick, stickGame(null), ['ada', 'bob'], {
      nodes: ['a', 'b', 'c'],
      seed: 3,
    });
    const [adas] = rooms as [(typeof rooms)[0]];
    assert.ok((await world.clock.run(adas.start())).ok);
    adas.input.steer({ x: 7 });
    let pressed = 0;
    for (let i = 0; i < 8; i++) {
      for (let k = 0; k < 3; k++) {
        adas.input.fire();
        pressed += 1;
        await world.clock.advance(20 + k * 15);
      }
      await move(world, id);
    }
    const shown = () => adas.state as unknown as StickState;
    await world.clock.waitUntil(
      'every press has counted',
      () => shown().fired[0] === pressed && shown().steer[0]?.x === 7,
      5_000,
    );
    await world.clock.advance(1_500);
    assert.equal(shown().fired[0], pressed);
    assert.equal(shown().steer[0]?.x, 7);
  });

  it('[D5] [O13] motion that is not journaled yet: nobody sees anything go back', async () => {
    const world = new TestCluster([driftGame], 4);
    await world.start('a', 'b', 'c');
    const made = await world.clock.run(world.node('c').node.lobby.create('ada', { game: 'drift' }));
    assert.ok(made.ok);
    const rooms = [];
    for (const [who, at] of [
      ['ada', 'a'],
      ['bob', 'b'],
    ] as const)
      rooms.push(await world.clock.run(world.client(who, at).client.join(drift, { id: made.room })));
    const [adas] = rooms as [(typeof rooms)[0]];
    await world.clock.waitUntil('it moves', () => (adas.state?.x ?? 0) > 3);
    let [last, back] = [0, 0];
    adas.onChange(() => {
      if (adas.state!.x < last) back += 1;
      last = adas.state!.x;
    });
    for (let i = 0; i < 10; i++) {
      await world.clock.advance(130 + i * 17);
      await move(world, made.room);
    }
    await world.clock.advance(500);
    assert.equal(back, 0);
    assert.ok(last > 40, `${last}`);
  });
});
