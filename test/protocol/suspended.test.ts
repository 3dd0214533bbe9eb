import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RoomDocument } from '../../server/rooms/document.ts';
import { docOf, ids, ledgerTable } from './ledger-table.ts';

describe('processes that were suspended', () => {
  it('[S2] no player who is connected counts as away after the whole machine was suspended', async () => {
    // The seed decides whether a client has a new connection when its nodes run again, and which departure or join arrives first.
    for (let seed = 1; seed <= 20; seed++) {
      const { world, id, adas, bobs } = await ledgerTable(undefined, { seed });
      const away: string[] = [];
      world.spy.stored = call => { if (call.op === 'append' && call.append!.entry.includes('"here":false')) away.push(call.append!.entry); };
      await world.clock.pass(5_000);
      for (const host of world.hosts.values()) world.freeze(host);
      await world.clock.pass(6_000);
      for (const host of world.hosts.values()) world.thaw(host);
      await world.clock.pass(8_000);
      assert.deepEqual(away, [], `seed ${seed}`);
      assert.ok((await world.clock.run(adas.act.add({ id: 'after' }))).ok);
      await world.clock.until('both see it', () => ids(bobs).includes('after'));
      assert.ok((docOf(world, id) as unknown as RoomDocument).room.seats.every(s => s === null || s.here));
    }
  });

  it('[S2] a player whose node died with the machine suspended is away in the end', async () => {
    const { world, id, bob } = await ledgerTable();
    await world.clock.pass(5_000);
    for (const host of world.hosts.values()) world.freeze(host);
    bob.client.close();
    await world.clock.pass(6_000);
    for (const host of world.hosts.values()) world.thaw(host);
    await world.clock.until('bob is away', () => (docOf(world, id) as unknown as RoomDocument).room.seats.some(s => s?.player === 'bob' && !s.here), 12_000);
  });
});
