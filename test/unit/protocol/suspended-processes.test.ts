import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RoomDocument } from '../../../server/rooms/core/document.ts';
import { ledgerDocument, doneIds, openLedgerRoom } from './ledger-fixture.ts';

describe('processes that were suspended', () => {
  it('[S2] no player who is connected counts as away after the whole machine was suspended', async () => {
    // The seed decides whether a client has a new connection when its nodes run again, and which departure or join
    // arrives first.
    for (let seed = 1; seed <= 20; seed++) {
      const { world, id, adas, bobs } = await openLedgerRoom(undefined, { seed });
      const away: string[] = [];
      world.observer.onStoreCall = call => {
        if (call.op === 'append' && call.append!.entry.includes('"here":false')) away.push(call.append!.entry);
      };
      await world.clock.advance(5_000);
      for (const host of world.nodes.values()) world.freeze(host);
      await world.clock.advance(6_000);
      for (const host of world.nodes.values()) world.thaw(host);
      await world.clock.advance(8_000);
      assert.deepEqual(away, [], `seed ${seed}`);
      assert.ok((await world.clock.run(adas.act.add({ id: 'after' }))).ok);
      await world.clock.waitUntil('both see it', () => doneIds(bobs).includes('after'));
      assert.ok((ledgerDocument(world, id) as unknown as RoomDocument).room.seats.every(s => s === null || s.here));
    }
  });

  it('[S2] a player whose node died with the machine suspended is away in the end', async () => {
    const { world, id, bob } = await openLedgerRoom();
    await world.clock.advance(5_000);
    for (const host of world.nodes.values()) world.freeze(host);
    bob.client.close();
    await world.clock.advance(6_000);
    for (const host of world.nodes.values()) world.thaw(host);
    await world.clock.waitUntil(
      'bob is away',
      () => (ledgerDocument(world, id) as unknown as RoomDocument).room.seats.some(s => s?.player === 'bob' && !s.here),
      12_000,
    );
  });
});
