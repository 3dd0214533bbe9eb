import assert from 'node:assert/strict';
import { waitUntilConverged, doneIds, openLedgerRoom } from './ledger-fixture.ts';

describe('a node that is cut off from the store and from other nodes', () => {
  it('[O20] sends its clients on, and they play on elsewhere while it is; nothing is lost or done twice', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 11 });
    const { world, ada, adas, bobs } = table;
    await world.clock.run(adas.act.add({ id: 'a0' }));
    world.isolate(world.node('a'));
    const said = adas.act.add({ id: 'a1' });
    assert.equal((await world.clock.run(said)).ok, true);
    assert.notEqual((ada.client.status as { node: string }).node, 'a');
    await world.clock.run(bobs.act.add({ id: 'b1' }));
    world.heal(world.node('a'));
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas), ['a0', 'a1', 'b1']);
  });

  it('[O20] takes nobody in meanwhile, and everybody afterwards', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 12 });
    const { world } = table;
    const { node } = world.node('a');
    world.isolate(world.node('a'));
    await world.clock.waitUntil('it knows', () => !node.isReady);
    world.heal(world.node('a'));
    await world.clock.waitUntil('it takes clients again', () => node.isReady);
    await waitUntilConverged(table);
  });

  it('[O20] where no node is better off everybody stays, and plays on when the store is back', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 13 });
    const { world, adas, bobs } = table;
    for (const host of world.nodes.values()) world.isolate(host);
    const said = Promise.all([adas.act.add({ id: 'a1' }), bobs.act.add({ id: 'b1' })]);
    await world.clock.advance(20_000);
    for (const host of world.nodes.values()) world.heal(host);
    assert.ok((await world.clock.run(said)).every(s => s.ok));
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas).sort(), ['a1', 'b1']);
  });

  it('[O20] who only stood still sends nobody away', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 14 });
    const { world, ada, bob, adas, bobs } = table;
    for (const ms of [1_000, 2_100, 4_000]) {
      world.freeze(world.node('b'));
      await world.clock.advance(ms);
      world.thaw(world.node('b'));
      await world.clock.advance(5_000);
    }
    assert.deepEqual(
      [ada, bob].flatMap(c => c.bytes.filter(text => text.includes('moving'))),
      [],
    );
    assert.ok(
      (await world.clock.run(Promise.all([adas.act.add({ id: 'x' }), bobs.act.add({ id: 'y' })]))).every(s => s.ok),
    );
  });
});
