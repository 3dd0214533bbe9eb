import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Resumed } from '../../client/room.ts';
import { converge, ids, ledgerTable, type Table } from './ledger-table.ts';

/** What Bob is told when he comes back. */
const resumes = ({ bobs }: Table): Resumed[] => {
  const all: Resumed[] = [];
  bobs.onResume(resumed => all.push(resumed));
  return all;
};

describe('a store that comes back as an older one', () => {
  for (const away of [5_000, 61_000, 180_000]) {
    it(`[C2] [P2] a client that comes back after ${away / 1_000} s is told of the loss, and sees what there is`, async () => {
      const table = await ledgerTable(['a', 'b']);
      const { world, bob, adas, bobs } = table;
      await world.clock.run(adas.act.add({ id: 'kept' }));
      const back = world.save();
      for (const id of ['lost-1', 'lost-2']) assert.ok((await world.clock.run(adas.act.add({ id }))).ok);
      await converge(table);
      const told = resumes(table);
      world.unplug(bob);
      back();
      // As many entries as were lost, and more: by their number alone Bob's place would be on this history.
      for (const id of ['new-1', 'new-2', 'new-3']) assert.ok((await world.clock.run(adas.act.add({ id }))).ok);
      await world.clock.pass(away);
      bob.offline = false;
      await world.clock.until('Bob is back, or has lost his seat', () => bobs.live || bobs.ended !== null, 20_000);
      assert.equal(bobs.ended, null);
      assert.deepEqual([ids(bobs), told[0]!.with], [['kept', 'new-1', 'new-2', 'new-3'], 'snapshot']);
      await world.clock.pass(5_000);
      assert.deepEqual(told.map(({ lost }) => lost), [true], 'it is said once');
    });
  }

  it('[C2] [P2] nodes that know nothing of before say the same: the client\'s place is enough', async () => {
    const table = await ledgerTable();
    const { world, bob, adas, bobs, id } = table;
    await world.clock.run(adas.act.add({ id: 'kept' }));
    const back = world.save();
    for (const one of ['lost-1', 'lost-2']) await world.clock.run(adas.act.add({ id: one }));
    await converge(table);
    const told = resumes(table);
    world.unplug(bob);
    for (const host of [...world.hosts.values()]) world.kill(host);
    back();
    await world.start('d', 'e');
    bob.home = 'd';
    table.ada.home = 'e';
    await world.clock.pass(61_000);
    bob.offline = false;
    await world.clock.until('Bob is back', () => bobs.live && world.owner(id) !== undefined, 20_000);
    assert.deepEqual([ids(bobs), told[0]!.lost], [['kept'], true]);
  });

  it('[O19] the operator is told of it after an outage of any length', async () => {
    for (const outage of [30_000, 130_000]) {
      const table = await ledgerTable(['a']);
      const { world, adas } = table;
      await world.clock.run(adas.act.add({ id: 'kept' }));
      const back = world.save();
      for (const id of ['lost-1', 'lost-2']) await world.clock.run(adas.act.add({ id }));
      for (const host of world.hosts.values()) world.sever(host);
      void adas.act.add({ id: 'tried' });
      await world.clock.pass(outage);
      back();
      for (const host of world.hosts.values()) world.mend(host);
      await world.clock.until('it is counted', () => world.counters.get('lostRooms') === 1, 20_000);
      assert.equal(world.counters.get('lostEntries'), 2, String(outage));
    }
  });
});
