import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state } from '../../../shared/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { ledger, ledgerGame, type Ledger } from './games.ts';
import { waitUntilConverged, ledgerDocument, doneIds, openLedgerRoom } from './ledger-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import { insideStore } from '../../simulation/stored-rooms.ts';

/** What the store says of a room that is set aside, beside what is in it. */
const aside = { due: 0, quarantined: 0 };
/** What the store has of a room: its record, and its texts, which may be changed. */
const kept = (world: TestCluster, id: string) => {
  const { table, texts } = insideStore(world);
  const [record, roomTexts] = [table.rooms.get(id), texts.get(id)];
  return record && roomTexts && { record, texts: roomTexts };
};

interface Race {
  ticks: number[];
  slow: number;
}
const raceDef = {
  version: 1,
  seats: { min: 1, max: 1 },
  state: state<Race>(),
  actions: { go: z.object({}) },
  tick: { hz: 20 },
} as const;
const race = contract('race', raceDef);
const raceGame = race.rules({
  setup: () => ({ ticks: [], slow: 0 }),
  actions: { go: () => {} },
  tick: (s, ctx) => {
    s.ticks = [...s.ticks, ctx.now].slice(-200);
  },
});

describe('the life of a room', () => {
  it('[J6] a room that cannot be read is refused and left as it is; other rooms go on, and it does when it is repaired', async () => {
    for (const spoil of ['{"v":2', '{"v":9,"c":{}}', '{"v":2}', '{"v":2,"c":{"state":{"x":{"y":1}}}}']) {
      const table = await openLedgerRoom();
      const { world, id, ada, bob, adas, owner } = table;
      for (const x of ['x', 'y']) await world.clock.run(adas.act.add({ id: x }));
      ada.client.close();
      bob.client.close();
      await world.clock.advance(10);
      await world.clock.run(owner.node.ownedRooms.get(id)!.release());
      const room = kept(world, id)!;
      const [good, before] = [room.texts.entries[2]!, structuredClone({ ...room.record, ...room.texts })];
      room.texts.entries[2] = spoil;
      const eve = world.client('eve', 'b');
      await assert.rejects(world.clock.run(eve.client.watch(ledger, { id })), { code: 'room-quarantined' });
      assert.deepEqual(
        { ...kept(world, id)!.record, ...kept(world, id)!.texts, terms: 0, term: 0, ...aside },
        { ...before, ...aside, entries: before.entries.map((e, i) => (i === 2 ? spoil : e)), terms: 0, term: 0 },
      );
      const other = await world.clock.run(eve.client.create(ledger));
      assert.ok(other.id !== id);
      kept(world, id)!.texts.entries[2] = good;
      assert.deepEqual(doneIds(await world.clock.run(eve.client.watch(ledger, { id }))), ['x', 'y']);
    }
  });

  it('[J5] snapshots are written as it goes on; one that fails harms nothing', async () => {
    const table = await openLedgerRoom();
    const { world, id, owner, adas } = table;
    world.faultFor = call =>
      call.op === 'snapshot' && call.room === id && world.storeCalls.length % 2 === 0 ? { lose: 'request' } : undefined;
    for (let i = 0; i < 200; i++) await world.clock.run(adas.act.add({ id: `x${i}` }));
    const { record, texts } = kept(world, id)!;
    assert.ok(record.snapshotSeq > 100);
    assert.ok(texts.entries.length <= limits.snapshotEvery * 2 + limits.entriesKept);
    world.kill(owner);
    await waitUntilConverged(table);
    assert.equal(doneIds(adas).length, 200);
  });

  it('[T2] a store that took no writes for 8 s costs nobody the time on the clock', async () => {
    const table = await openLedgerRoom();
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 6_000 }));
    const from = world.clock.now();
    world.faultFor = call => (['append', 'claim', 'owner'].includes(call.op) ? { lose: 'refused' } : undefined);
    const acting = adas.act.add({ id: 'x' });
    await world.clock.advance(8_000);
    world.faultFor = () => undefined;
    assert.ok((await world.clock.run(acting)).ok);
    await world.clock.waitUntil(
      'it strikes',
      () => (ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length === 1,
      15_000,
    );
    const took = world.clock.now() - from;
    assert.ok(took >= 8_900 && took < 10_500, `${took} ms`);
    await waitUntilConverged(table);
    assert.equal((adas.state as Ledger).fired.length, 1);
  });

  it('[T2] nobody to run the room for 8 s: its deadlines move by 3, in the journal, once', async () => {
    const table = await openLedgerRoom(['a']);
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 15_000 }));
    const armed = world.clock.now();
    await world.clock.advance(400);
    world.kill(world.node('a'));
    await world.clock.advance(8_000);
    await world.bootNode('a');
    await world.clock.waitUntil(
      'it strikes',
      () => (ledgerDocument(world, id)?.state as Ledger | undefined)?.fired.length === 1,
      15_000,
    );
    const took = world.clock.now() - armed;
    assert.ok(took > 17_500 && took < 20_500, `${took} ms`);
    await waitUntilConverged(table);
    await world.clock.advance(10_000);
    assert.equal((adas.state as Ledger).fired.length, 1);
  });

  it('[T4] ticks come as often as they should, stop with nobody connected, and are not made up for', async () => {
    const world = new TestCluster([raceGame, ledgerGame]);
    await world.start('a', 'b');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(race));
    const ticks = () => (ledgerDocument(world, adas.id)!.state as Race).ticks;
    await world.clock.advance(3_000);
    const before = ticks().length;
    await world.clock.advance(2_000);
    assert.ok(Math.abs(ticks().length - before - 40) <= 3, `${ticks().length - before} ticks in 2 s`);
    const gaps = ticks()
      .slice(1)
      .map((t, i) => t - ticks()[i]!);
    assert.ok(Math.min(...gaps) > 40 && Math.max(...gaps) < 60, `${Math.min(...gaps)}–${Math.max(...gaps)} ms`);
    const owner = world.owner(adas.id)!;
    const late = ticks().length;
    world.faultFor = call => (call.op === 'append' ? { hold: world.clock.sleep(400) } : undefined);
    await world.clock.advance(100);
    world.faultFor = () => undefined;
    await world.clock.advance(400);
    assert.ok(ticks().length - late <= 6, 'what was missed is not made up for');
    world.disconnect(ada);
    await world.clock.advance(6_000);
    const stood = ledgerDocument(world, adas.id) ? ticks().length : -1;
    await world.clock.advance(3_000);
    assert.equal(ticks().length, stood);
    ada.isOffline = false;
    await world.clock.waitUntil('she is back', () => adas.live);
    await world.clock.advance(1_500);
    assert.ok(
      ledgerDocument(world, adas.id) &&
        (ledgerDocument(world, adas.id)!.state as Race).ticks.at(-1)! > world.clock.now() - 100,
    );
    assert.equal(world.owner(adas.id), owner);
  });

  it('a node of a new version takes its rooms along; one of the old version has them taken by a node that can', async () => {
    const grown = contract('race', {
      ...raceDef,
      version: 2,
      clientsFrom: 1,
      state: state<Race & { laps: number }>(),
    }).rules({
      setup: () => ({ ticks: [], slow: 0, laps: 0 }),
      actions: { go: () => {} },
      tick: s => {
        s.laps += 1;
      },
      migrate: s => ({ ...(s as Race), laps: 0 }),
    });
    const world = new TestCluster([raceGame]);
    await world.start('a');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(race));
    const b = await world.bootNode('b', [grown]);
    await world.clock.advance(500);
    world.kill(world.node('a'));
    await world.clock.waitUntil('the new one has it', () => b.owns(adas.id), 5_000);
    await world.clock.waitUntil(
      'and she is there',
      () => adas.live && (adas.state as unknown as { laps: number }).laps > 0,
      5_000,
    );
    assert.equal(adas.info.version, 2);
    await world.bootNode('a');
    await world.clock.advance(500);
    ada.homeNode = 'a';
    ada.client.move();
    await world.clock.advance(500);
    assert.ok(b.owns(adas.id));
    const eve = world.client('eve', 'a');
    assert.ok(await world.clock.run(eve.client.watch(race, { id: adas.id })));
  });

  it('a room that everybody has left is gone, once it is let go; one that nobody has joined waits for its time', async () => {
    const world = new TestCluster([ledgerGame]);
    await world.start('a', 'b');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(ledger));
    const { id } = adas;
    await world.clock.run(adas.leave());
    await world.clock.waitUntil('it is gone', () => kept(world, id) === undefined, 40_000);
    await assert.rejects(world.clock.run(ada.client.join(ledger, { id })), { code: 'room-missing' });
    const made = (await world.clock.run(world.node('a').node.lobby.create('x', { game: 'ledger' }))) as {
      room: string;
    };
    await world.clock.advance(60_000);
    assert.ok(await world.memory.owner(made.room));
    assert.ok(await world.clock.run(ada.client.join(ledger, { id: made.room })));
  });

  it('leaving for good frees the seat, also when the answer is lost', async () => {
    const table = await openLedgerRoom();
    const { world, bob, adas, bobs } = table;
    let cut = false;
    world.faultFor = call => {
      if (call.op === 'append' && !cut) {
        cut = true;
        for (const line of [...bob.connections]) line.breakConnection();
      }
      return undefined;
    };
    await world.clock.run(bobs.leave());
    await world.clock.waitUntil('the match is over', () => adas.info.phase === 'ended');
    assert.equal(adas.players[1]!.out, true);
  });

  it('whoever waits for a room hears that the client was closed, and whoever asks afterwards too', async () => {
    const world = new TestCluster([ledgerGame]);
    await world.start('a');
    const ada = world.client('ada', 'a');
    await world.clock.advance(10);
    world.disconnect(ada);
    const waiting = ada.client.create(ledger);
    void waiting.catch(() => {});
    await world.clock.advance(500);
    ada.client.close();
    await assert.rejects(world.clock.run(waiting), { code: 'left' });
    await assert.rejects(world.clock.run(ada.client.create(ledger)), { code: 'left' });
  });

  it('what a client does while it is offline is done when it is back, in order', async () => {
    const table = await openLedgerRoom();
    const { world, bob, adas, bobs } = table;
    world.disconnect(bob);
    const acting = Array.from({ length: 20 }, (_x, i) => bobs.act.add({ id: `x${i}` }));
    await world.clock.advance(3_000);
    assert.equal(bobs.pending, 20);
    assert.equal(bobs.live, false);
    bob.isOffline = false;
    assert.ok((await world.clock.run(Promise.all(acting))).every(s => s.ok));
    await waitUntilConverged(table);
    assert.deepEqual(
      doneIds(adas),
      Array.from({ length: 20 }, (_x, i) => `x${i}`),
    );
  });
});
