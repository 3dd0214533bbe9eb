import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ledger } from './games.ts';
import { docOf, ledgerTable } from './table.ts';

/** Whether the room's owner shows Bob as present. */
const isHere = (table: Awaited<ReturnType<typeof ledgerTable>>): boolean | undefined => (docOf(table.world, table.id)!.room as { seats: ({ player: string; here: boolean } | null)[] }).seats.find(s => s?.player === 'bob')?.here;

describe('a client that enters a room again, otherwise than before', () => {
  it('[A13a] a rejoin of the seat that is under way does not undo that the client only watches now', async () => {
    const table = await ledgerTable();
    const { world, bob, id } = table;
    const watching = bob.client.watch(ledger, { id });
    world.host('b').node.edge.resyncAll(); // the seat's room object joins again, behind the call
    const room = await world.clock.run(watching);
    await world.clock.pass(6_000);
    assert.equal(isHere(table), false);
    assert.ok(room.live && room.seat === null);
    assert.deepEqual([...world.host('b').node.edge.reports().get(id)!].map(r => r.watch), [true]);
  });

  it('[A13a] a rejoin to watch that is under way does not undo that the client has a seat now', async () => {
    const table = await ledgerTable();
    const { world, bob, id } = table;
    await world.clock.run(bob.client.watch(ledger, { id }));
    const sitting = bob.client.join(ledger, { id });
    world.host('b').node.edge.resyncAll();
    const room = await world.clock.run(sitting);
    await world.clock.pass(6_000);
    assert.equal(isHere(table), true);
    assert.ok((await world.clock.run(room.act.add({ id: 'seated' }))).ok);
  });
});
