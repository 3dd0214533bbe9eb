import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ledgerDocument, openLedgerRoom } from './ledger-fixture.ts';
import { ledger, type Ledger } from './games.ts';

describe('clocks', () => {
  it("[T1] a room's time goes on under an owner whose clock is an hour behind the last one's", async () => {
    const { world, id, adas, owner } = await openLedgerRoom();
    world.clockSkews.set(owner.name, 3_600_000);
    assert.ok((await world.clock.run(adas.act.add({ id: 'a' }))).ok);
    assert.ok((await world.clock.run(adas.act.arm({ ms: 6_000 }))).ok);
    world.kill(owner);
    const took = await world.clock.waitUntil(
      'the timer fires',
      () => ((ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0,
      60_000,
    );
    assert.ok(took > 5_900, `not early: after ${took} ms`);
    assert.ok(
      Math.abs(adas.now() - Number((ledgerDocument(world, id)!.state as Ledger).fired[0])) < 100,
      'and those who look at it see the same time',
    );
  });

  it('[T1] a clock that is set forward ends no turn and no hold before its time', async () => {
    const { world, id, adas, owner } = await openLedgerRoom();
    assert.ok((await world.clock.run(adas.act.arm({ ms: 3_000 }))).ok);
    world.clockSkews.set(owner.name, 3_600_000);
    assert.ok((await world.clock.run(adas.act.add({ id: 'a' }))).ok);
    await world.clock.advance(2_500);
    assert.deepEqual((ledgerDocument(world, id)!.state as Ledger).fired, []);
    await world.clock.waitUntil(
      'the timer fires',
      () => ((ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0,
      1_000,
    );
  });

  it('[T2] nor when that node claims its room again: its last sign of life is by the clock that was set', async () => {
    const { world, id, adas, owner } = await openLedgerRoom();
    assert.ok((await world.clock.run(adas.act.arm({ ms: 20_000 }))).ok);
    world.clockSkews.set(owner.name, 3_600_000);
    await world.clock.advance(500); // it has beaten since
    let lost = false;
    world.faultFor = call => (call.op === 'append' && !lost && (lost = true) ? { lose: 'reply' } : undefined);
    assert.ok((await world.clock.run(adas.act.add({ id: 'a' }))).ok);
    await world.clock.advance(10_000);
    assert.deepEqual((ledgerDocument(world, id)!.state as Ledger).fired, []);
    await world.clock.waitUntil(
      'the timer fires',
      () => ((ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0,
      20_000,
    );
  });

  it("[T1] [T3] nor does it stand still when the owner's own clock is put back", async () => {
    const { world, id, adas, owner } = await openLedgerRoom();
    assert.ok((await world.clock.run(adas.act.arm({ ms: 3_000 }))).ok);
    world.clockSkews.set(owner.name, -3_600_000);
    const took = await world.clock.waitUntil(
      'the timer fires',
      () => ((ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length ?? 0) > 0,
      60_000,
    );
    assert.ok(took > 2_900, `not early: after ${took} ms`);
  });

  it("[U7] a client's reading of the room's clock is right to some ms, and stays so when the owner is lost and the answer is held up", async () => {
    const { world, ada, adas, owner } = await openLedgerRoom();
    ada.extraDelay = () => 60;
    await world.clock.advance(5_000);
    for (const line of [...ada.connections]) line.breakConnection();
    await world.clock.waitUntil('back', () => adas.live);
    const error = () => Math.abs(adas.now() - world.clock.now());
    assert.ok(error() < 15, `${error()} ms, 120 ms away`);
    ada.extraDelay = way => (way === 'down' ? 400 : 60);
    world.kill(owner);
    await world.clock.waitUntil(
      'another owner answers',
      () => adas.live && adas.term > 0 && world.owner(adas.id) !== undefined && world.owner(adas.id) !== owner,
    );
    await world.clock.advance(3_000);
    assert.ok(error() < 15, `${error()} ms after the failover`);
  });

  for (const [when, sleeps] of [
    ['on its way to the server', 0.5],
    ['on its way back', 2.9],
  ] as const) {
    it(`[U7a] the room's clock is right on a device that is suspended while its join is ${when}`, async () => {
      const { world, id } = await openLedgerRoom();
      const eve = world.client('eve', 'b');
      await world.clock.waitUntil('eve is live', () => eve.client.status.state === 'live');
      const entering = eve.client.watch(ledger, { id });
      await world.clock.advance(sleeps);
      assert.ok(world.clock.skip(60_000) > 20_000);
      const room = await world.clock.run(entering);
      await world.clock.advance(2_000);
      const error = Math.abs(room.now() - world.clock.now());
      assert.ok(error < 15, `${Math.round(error)} ms`);
    });
  }

  it("[U7] the room's clock is right after an earlier request was answered late", async () => {
    const { world, id } = await openLedgerRoom();
    const eve = world.client('eve', 'b');
    await world.clock.waitUntil('eve is live', () => eve.client.status.state === 'live');
    const refused = eve.client.watch(ledger, { id: 'none' }).catch(() => {});
    await world.clock.advance(0.5);
    assert.ok(world.clock.skip(60_000) > 20_000);
    await world.clock.run(refused);
    const room = await world.clock.run(eve.client.watch(ledger, { id }));
    const error = Math.abs(room.now() - world.clock.now());
    assert.ok(error < 15, `${Math.round(error)} ms`);
  });
});
