import assert from 'node:assert/strict';
import { z } from 'zod';
import { contract, state } from '../../shared/contract.ts';
import { limits } from '../../shared/limits.ts';
import { ledger, ledgerGame, type Ledger } from './games.ts';
import { converge, docOf, ids, ledgerTable } from './ledger-table.ts';
import { World } from './world.ts';

/** What the store says of a room that is set aside, beside what is in it. */
const aside = { due: 0, quarantined: 0 };
const kept = (world: World, id: string) => (world.memory as unknown as { rooms: Map<string, { entries: string[]; snapshot: string; snapshotSeq: number; token: string | null; firstSeq: number; seq: number }> }).rooms.get(id)!;

interface Race { ticks: number[]; slow: number }
const raceDef = { version: 1, seats: { min: 1, max: 1 }, state: state<Race>(), actions: { go: z.object({}) }, tick: { hz: 20 } } as const;
const race = contract('race', raceDef);
const raceGame = race.rules({ setup: () => ({ ticks: [], slow: 0 }), actions: { go: () => {} }, tick: (s, ctx) => { s.ticks = [...s.ticks, ctx.now].slice(-200); } });

describe('the life of a room', () => {
  it('[J6] a room that cannot be read is refused and left as it is; other rooms go on, and it does when it is repaired', async () => {
    for (const spoil of ['{"v":2', '{"v":9,"c":{}}', '{"v":2}', '{"v":2,"c":{"state":{"x":{"y":1}}}}']) {
      const table = await ledgerTable();
      const { world, id, ada, bob, adas, owner } = table;
      for (const x of ['x', 'y']) await world.clock.run(adas.act.add({ id: x }));
      ada.client.close();
      bob.client.close();
      await world.clock.pass(10);
      await world.clock.run(owner.node.registry.get(id)!.release());
      const room = kept(world, id);
      const [good, before] = [room.entries[2]!, structuredClone({ ...room })];
      room.entries[2] = spoil;
      const eve = world.client('eve', 'b');
      await assert.rejects(world.clock.run(eve.client.watch(ledger, { id })), { code: 'room-quarantined' });
      assert.deepEqual({ ...kept(world, id), terms: 0, term: 0, ...aside }, { ...before, ...aside, entries: before.entries.map((e, i) => (i === 2 ? spoil : e)), terms: 0, term: 0 });
      const other = await world.clock.run(eve.client.create(ledger));
      assert.ok(other.id !== id);
      kept(world, id).entries[2] = good;
      assert.deepEqual(ids(await world.clock.run(eve.client.watch(ledger, { id }))), ['x', 'y']);
    }
  });

  it('[J5] snapshots are written as it goes on; one that fails harms nothing', async () => {
    const table = await ledgerTable();
    const { world, id, owner, adas } = table;
    world.fate = call => (call.op === 'snapshot' && call.room === id && world.calls.length % 2 === 0 ? { lose: 'request' } : undefined);
    for (let i = 0; i < 200; i++) await world.clock.run(adas.act.add({ id: `x${i}` }));
    const room = kept(world, id);
    assert.ok(room.snapshotSeq > 100);
    assert.ok(room.entries.length <= limits.snapshotEvery * 2 + limits.entriesKept);
    world.kill(owner);
    await converge(table);
    assert.equal(ids(adas).length, 200);
  });

  it('[T2] a store that took no writes for 8 s costs nobody the time on the clock', async () => {
    const table = await ledgerTable();
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 6_000 }));
    const from = world.clock.now();
    world.fate = call => (['append', 'claim', 'owner'].includes(call.op) ? { lose: 'refused' } : undefined);
    const acting = adas.act.add({ id: 'x' });
    await world.clock.pass(8_000);
    world.fate = () => undefined;
    assert.ok((await world.clock.run(acting)).ok);
    await world.clock.until('it strikes', () => (docOf(world, id)?.state as Ledger | undefined)?.fired.length === 1, 15_000);
    const took = world.clock.now() - from;
    assert.ok(took >= 8_900 && took < 10_500, `${took} ms`);
    await converge(table);
    assert.equal((adas.state as Ledger).fired.length, 1);
  });

  it('[T2] nobody to run the room for 8 s: its deadlines move by 3, in the journal, once', async () => {
    const table = await ledgerTable(['a']);
    const { world, id, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 15_000 }));
    const armed = world.clock.now();
    await world.clock.pass(400);
    world.kill(world.host('a'));
    await world.clock.pass(8_000);
    await world.boot('a');
    await world.clock.until('it strikes', () => (docOf(world, id)?.state as Ledger | undefined)?.fired.length === 1, 15_000);
    const took = world.clock.now() - armed;
    assert.ok(took > 17_500 && took < 20_500, `${took} ms`);
    await converge(table);
    await world.clock.pass(10_000);
    assert.equal((adas.state as Ledger).fired.length, 1);
  });

  it('[T4] ticks come as often as they should, stop with nobody connected, and are not made up for', async () => {
    const world = new World([raceGame, ledgerGame]);
    await world.start('a', 'b');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(race));
    const ticks = () => (docOf(world, adas.id)!.state as Race).ticks;
    await world.clock.pass(3_000);
    const before = ticks().length;
    await world.clock.pass(2_000);
    assert.ok(Math.abs(ticks().length - before - 40) <= 3, `${ticks().length - before} ticks in 2 s`);
    const gaps = ticks().slice(1).map((t, i) => t - ticks()[i]!);
    assert.ok(Math.min(...gaps) > 40 && Math.max(...gaps) < 60, `${Math.min(...gaps)}–${Math.max(...gaps)} ms`);
    const owner = world.owner(adas.id)!;
    const late = ticks().length;
    world.fate = call => (call.op === 'append' ? { hold: world.clock.sleep(400) } : undefined);
    await world.clock.pass(100);
    world.fate = () => undefined;
    await world.clock.pass(400);
    assert.ok(ticks().length - late <= 6, 'what was missed is not made up for');
    world.unplug(ada);
    await world.clock.pass(6_000);
    const stood = docOf(world, adas.id) ? ticks().length : -1;
    await world.clock.pass(3_000);
    assert.equal(ticks().length, stood);
    ada.offline = false;
    await world.clock.until('she is back', () => adas.live);
    await world.clock.pass(1_500);
    assert.ok(docOf(world, adas.id) && (docOf(world, adas.id)!.state as Race).ticks.at(-1)! > world.clock.now() - 100);
    assert.equal(world.owner(adas.id), owner);
  });

  it('a node of a new version takes its rooms along; one of the old version has them taken by a node that can', async () => {
    const grown = contract('race', { ...raceDef, version: 2, clientsFrom: 1, state: state<Race & { laps: number }>() })
      .rules({ setup: () => ({ ticks: [], slow: 0, laps: 0 }), actions: { go: () => {} }, tick: s => { s.laps += 1; }, migrate: s => ({ ...(s as Race), laps: 0 }) });
    const world = new World([raceGame]);
    await world.start('a');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(race));
    const b = await world.boot('b', [grown]);
    await world.clock.pass(500);
    world.kill(world.host('a'));
    await world.clock.until('the new one has it', () => b.owns(adas.id), 5_000);
    await world.clock.until('and she is there', () => adas.live && (adas.state as unknown as { laps: number }).laps > 0, 5_000);
    assert.equal(adas.info.version, 2);
    await world.boot('a');
    await world.clock.pass(500);
    ada.home = 'a';
    ada.client.move();
    await world.clock.pass(500);
    assert.ok(b.owns(adas.id));
    const eve = world.client('eve', 'a');
    assert.ok(await world.clock.run(eve.client.watch(race, { id: adas.id })));
  });

  it('a room that everybody has left is gone, once it is let go; one that nobody has joined waits for its time', async () => {
    const world = new World([ledgerGame]);
    await world.start('a', 'b');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(ledger));
    const { id } = adas;
    await world.clock.run(adas.leave());
    await world.clock.until('it is gone', () => kept(world, id) === undefined, 40_000);
    await assert.rejects(world.clock.run(ada.client.join(ledger, { id })), { code: 'room-missing' });
    const made = (await world.clock.run(world.host('a').node.lobby.create('x', { game: 'ledger' }))) as { room: string };
    await world.clock.pass(60_000);
    assert.ok(await world.memory.owner(made.room));
    assert.ok(await world.clock.run(ada.client.join(ledger, { id: made.room })));
  });

  it('leaving for good frees the seat, also when the answer is lost', async () => {
    const table = await ledgerTable();
    const { world, bob, adas, bobs } = table;
    let cut = false;
    world.fate = call => {
      if (call.op === 'append' && !cut) {
        cut = true;
        for (const line of [...bob.lines]) line.cut();
      }
      return undefined;
    };
    await world.clock.run(bobs.leave());
    await world.clock.until('the match is over', () => adas.info.phase === 'ended');
    assert.equal(adas.players[1]!.out, true);
  });

  it('whoever waits for a room hears that the client was closed, and whoever asks afterwards too', async () => {
    const world = new World([ledgerGame]);
    await world.start('a');
    const ada = world.client('ada', 'a');
    await world.clock.pass(10);
    world.unplug(ada);
    const waiting = ada.client.create(ledger);
    void waiting.catch(() => {});
    await world.clock.pass(500);
    ada.client.close();
    await assert.rejects(world.clock.run(waiting), { code: 'left' });
    await assert.rejects(world.clock.run(ada.client.create(ledger)), { code: 'left' });
  });

  it('what a client does while it is offline is done when it is back, in order', async () => {
    const table = await ledgerTable();
    const { world, bob, adas, bobs } = table;
    world.unplug(bob);
    const acting = Array.from({ length: 20 }, (_x, i) => bobs.act.add({ id: `x${i}` }));
    await world.clock.pass(3_000);
    assert.equal(bobs.pending, 20);
    assert.equal(bobs.live, false);
    bob.offline = false;
    assert.ok((await world.clock.run(Promise.all(acting))).every(s => s.ok));
    await converge(table);
    assert.deepEqual(ids(adas), Array.from({ length: 20 }, (_x, i) => `x${i}`));
  });
});
