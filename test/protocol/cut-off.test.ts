import assert from 'node:assert/strict';
import { converge, ids, ledgerTable } from './ledger-table.ts';

describe('a node that is cut off from the store and from other nodes', () => {
  it('[O20] sends its clients on, and they play on elsewhere while it is; nothing is lost or done twice', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 11 });
    const { world, ada, adas, bobs } = table;
    await world.clock.run(adas.act.add({ id: 'a0' }));
    world.sever(world.host('a'));
    const said = adas.act.add({ id: 'a1' });
    assert.equal((await world.clock.run(said)).ok, true);
    assert.notEqual((ada.client.status as { node: string }).node, 'a');
    await world.clock.run(bobs.act.add({ id: 'b1' }));
    world.mend(world.host('a'));
    await converge(table);
    assert.deepEqual(ids(adas), ['a0', 'a1', 'b1']);
  });

  it('[O20] takes nobody in meanwhile, and everybody afterwards', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 12 });
    const { world } = table;
    const { node } = world.host('a');
    world.sever(world.host('a'));
    await world.clock.until('it knows', () => !node.ready);
    world.mend(world.host('a'));
    await world.clock.until('it takes clients again', () => node.ready);
    await converge(table);
  });

  it('[O20] where no node is better off everybody stays, and plays on when the store is back', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 13 });
    const { world, adas, bobs } = table;
    for (const host of world.hosts.values()) world.sever(host);
    const said = Promise.all([adas.act.add({ id: 'a1' }), bobs.act.add({ id: 'b1' })]);
    await world.clock.pass(20_000);
    for (const host of world.hosts.values()) world.mend(host);
    assert.ok((await world.clock.run(said)).every(s => s.ok));
    await converge(table);
    assert.deepEqual(ids(adas).sort(), ['a1', 'b1']);
  });

  it('[O20] who only stood still sends nobody away', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 14 });
    const { world, ada, bob, adas, bobs } = table;
    for (const ms of [1_000, 2_100, 4_000]) {
      world.freeze(world.host('b'));
      await world.clock.pass(ms);
      world.thaw(world.host('b'));
      await world.clock.pass(5_000);
    }
    assert.deepEqual([ada, bob].flatMap(c => c.bytes.filter(text => text.includes('moving'))), []);
    assert.ok((await world.clock.run(Promise.all([adas.act.add({ id: 'x' }), bobs.act.add({ id: 'y' })]))).every(s => s.ok));
  });
});
