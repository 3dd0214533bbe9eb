import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Resumed } from '../../../client/room-sync.ts';
import { waitUntilConverged, doneIds, openLedgerRoom, type LedgerFixture } from './ledger-fixture.ts';

/** What Bob is told when he comes back. */
const resumes = ({ bobs }: LedgerFixture): Resumed[] => {
  const all: Resumed[] = [];
  bobs.onResume(resumed => all.push(resumed));
  return all;
};

describe('a store that comes back as an older one', () => {
  for (const away of [5_000, 61_000, 180_000]) {
    it(`[C2] [P2] a client that comes back after ${away / 1_000} s is told of the loss, and sees what there is`, async () => {
      const table = await openLedgerRoom(['a', 'b']);
      const { world, bob, adas, bobs } = table;
      await world.clock.run(adas.act.add({ id: 'kept' }));
      const back = world.saveStore();
      for (const id of ['lost-1', 'lost-2']) assert.ok((await world.clock.run(adas.act.add({ id }))).ok);
      await waitUntilConverged(table);
      const told = resumes(table);
      world.disconnect(bob);
      back();
      // As many entries as were lost, and more: by their number alone Bob's place would be on this history.
      for (const id of ['new-1', 'new-2', 'new-3']) assert.ok((await world.clock.run(adas.act.add({ id }))).ok);
      await world.clock.advance(away);
      bob.isOffline = false;
      await world.clock.waitUntil('Bob is back, or has lost his seat', () => bobs.live || bobs.ended !== null, 20_000);
      assert.equal(bobs.ended, null);
      assert.deepEqual([doneIds(bobs), told[0]!.with], [['kept', 'new-1', 'new-2', 'new-3'], 'snapshot']);
      await world.clock.advance(5_000);
      assert.deepEqual(
        told.map(({ lost }) => lost),
        [true],
        'it is said once',
      );
    });
  }

  it("[C2] [P2] nodes that know nothing of before say the same: the client's place is enough", async () => {
    const table = await openLedgerRoom();
    const { world, bob, adas, bobs, id } = table;
    await world.clock.run(adas.act.add({ id: 'kept' }));
    const back = world.saveStore();
    for (const one of ['lost-1', 'lost-2']) await world.clock.run(adas.act.add({ id: one }));
    await waitUntilConverged(table);
    const told = resumes(table);
    world.disconnect(bob);
    for (const host of [...world.nodes.values()]) world.kill(host);
    back();
    await world.start('d', 'e');
    bob.homeNode = 'd';
    table.ada.homeNode = 'e';
    await world.clock.advance(61_000);
    bob.isOffline = false;
    await world.clock.waitUntil('Bob is back', () => bobs.live && world.owner(id) !== undefined, 20_000);
    assert.deepEqual([doneIds(bobs), told[0]!.lost], [['kept'], true]);
  });

  it('[O19] the operator is told of it after an outage of any length', async () => {
    for (const outage of [30_000, 130_000]) {
      const table = await openLedgerRoom(['a']);
      const { world, adas } = table;
      await world.clock.run(adas.act.add({ id: 'kept' }));
      const back = world.saveStore();
      for (const id of ['lost-1', 'lost-2']) await world.clock.run(adas.act.add({ id }));
      for (const host of world.nodes.values()) world.isolate(host);
      void adas.act.add({ id: 'tried' });
      await world.clock.advance(outage);
      back();
      for (const host of world.nodes.values()) world.heal(host);
      await world.clock.waitUntil('it is counted', () => world.counters.get('lostRooms') === 1, 20_000);
      assert.equal(world.counters.get('lostEntries'), 2, String(outage));
    }
  });
});
