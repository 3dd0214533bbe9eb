import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ledgerDocument, openLedgerRoom } from './ledger-fixture.ts';

describe('calls of the SDK in any state', () => {
  it('[U9] inspect waits for the room while the client reconnects, and is refused for a room that is over', async () => {
    const { world, ada, adas, owner } = await openLedgerRoom();
    world.disconnect(ada);
    await world.clock.advance(1_000); // it waits for a connection, and not for a pause after a lost request
    const asked = ada.client.inspect(adas);
    ada.isOffline = false;
    assert.equal((await world.clock.run(asked)).owner, owner.name);
    adas.close();
    await assert.rejects(world.clock.run(ada.client.inspect(adas)), { code: 'not-in-room' });
  });

  it('a room that is logged, encoded or made a text asks for nothing', async () => {
    const { world, id, adas } = await openLedgerRoom();
    const before = ledgerDocument(world, id)!.place;
    for (const named of [adas.act, adas.input, adas.signal] as object[]) {
      JSON.stringify(named);
      assert.equal(Object.prototype.toString.call(named), '[object Object]');
      assert.equal((named as { toString: unknown }).toString, Object.prototype.toString);
      assert.equal(Object.hasOwn(named, 'toJSON'), false);
      assert.equal(await Promise.resolve(named), named);
    }
    await world.clock.advance(1_000);
    assert.deepEqual([ledgerDocument(world, id)!.place, adas.pending], [before, 0]);
  });

  it('kick settles whatever it is given', async () => {
    const { world, adas } = await openLedgerRoom();
    for (const who of [undefined, null, NaN, -1, '1', {}]) {
      const said = await world.clock.run(adas.kick(who as never));
      assert.ok(!said.ok && said.code === 'bad-data', String(who));
    }
  });
});
