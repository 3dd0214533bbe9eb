import assert from 'node:assert/strict';
import { doneIds, waitUntilConverged, openLedgerRoom } from './ledger-fixture.ts';
import { latch } from '../../../testkit/latch.ts';
import { ledger } from './games.ts';

describe('an owner', () => {
  for (const held of ['not yet written', 'written, and the owner has not heard so'] as const)
    it(`[O2] says nothing to anybody before the entry is durable: it is ${held}`, async () => {
      const { world, id, adas, bobs } = await openLedgerRoom();
      const { opened, open } = latch();
      world.storePublishes = () => held === 'not yet written';
      world.faultFor = call =>
        call.op === 'append' && call.room === id
          ? world.storePublishes()
            ? { hold: opened }
            : { holdReply: opened }
          : undefined;
      let said = false;
      const acting = bobs.act.add({ id: 'x' }).finally(() => {
        said = true;
      });
      const eve = world.client('eve', 'b');
      let watching = false;
      const watched = eve.client.watch(ledger, { id }).then(room => {
        watching = true;
        return room;
      });
      await world.clock.advance(700);
      assert.equal(
        world.storeCalls.some(c => c.op === 'append' && c.room === id && c.append?.entry.includes('"x"')),
        !world.storePublishes(),
      );
      assert.deepEqual([said, watching, doneIds(adas), doneIds(bobs)], [false, false, [], []]);
      world.faultFor = () => undefined;
      open();
      assert.ok((await world.clock.run(acting)).ok);
      assert.deepEqual(doneIds(await world.clock.run(watched)), ['x']);
      await world.clock.waitUntil('all have heard', () => doneIds(adas).length === 1);
    });

  it('[O1] what comes while an append is in flight goes into one entry', async () => {
    const { world, id, adas, bobs } = await openLedgerRoom();
    const { opened, open } = latch();
    const before = world.storeCalls.filter(c => c.op === 'append' && c.room === id).length;
    world.faultFor = call => (call.op === 'append' && call.room === id ? { hold: opened } : undefined);
    const acting = ['a', 'b', 'c', 'd'].map(x => adas.act.add({ id: x }));
    await world.clock.advance(20);
    acting.push(...['e', 'f'].map(x => bobs.act.add({ id: x })));
    await world.clock.advance(20);
    world.faultFor = () => undefined;
    open();
    for (const one of acting) assert.ok((await world.clock.run(one)).ok);
    assert.ok(world.storeCalls.filter(c => c.op === 'append' && c.room === id).length - before <= 3);
    await world.clock.waitUntil('Ada has all of them', () => doneIds(adas).length === 6);
  });

  for (const lose of ['reply', 'request', 'refused'] as const) {
    it(`[O3] [A4] the ${lose === 'refused' ? 'refusal' : `lost ${lose}`} of an append ends the ownership; the action is done once, and its client gets the verdict`, async () => {
      const table = await openLedgerRoom();
      const { world, id, adas, bobs } = table;
      const term = adas.term;
      let lost = 0;
      world.faultFor = call => (call.op === 'append' && call.room === id && lost++ === 0 ? { lose } : undefined);
      const said = await Promise.all(
        [bobs.act.add({ id: 'x' }), bobs.act.deny({ id: 'y' }), adas.act.add({ id: 'z' })].map(p => world.clock.run(p)),
      );
      assert.deepEqual(
        said.map(s => (s.ok ? 'ok' : s.code)),
        ['ok', 'denied', 'ok'],
      );
      await waitUntilConverged(table);
      assert.deepEqual(doneIds(adas).sort(), ['x', 'z']);
      assert.ok(adas.term > term);
    });
  }

  it("[O3] an append of which nobody knows is not undone: what was written is in the next owner's room", async () => {
    const table = await openLedgerRoom();
    const { world, id, adas, bobs } = table;
    world.faultFor = call => (call.op === 'append' && call.room === id ? { lose: 'reply' } : undefined);
    const acting = bobs.act.add({ id: 'x' });
    await world.clock.advance(3_000);
    world.faultFor = () => undefined;
    assert.ok((await world.clock.run(acting)).ok);
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas), ['x']);
  });

  it('[O3] a store that fails in a way nobody foresaw leaves no one waiting', async () => {
    const table = await openLedgerRoom(['a']);
    const { world, id, adas } = table;
    const real = world.memory.append.bind(world.memory);
    let failed = 0;
    world.memory.append = (room, append) =>
      room === id && failed++ === 0 ? Promise.reject(new TypeError('a bug in the store')) : real(room, append);
    const took = await world.clock.waitUntil(
      'answered',
      (() => {
        let over = false;
        void adas.act.add({ id: 'x' }).finally(() => {
          over = true;
        });
        return () => over;
      })(),
    );
    assert.ok(took < 2_000, `${took} ms`);
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas), ['x']);
  });

  it('[O3] [J1] an owner that was replaced while it stood still adds nothing, and its members are served by the new one', async () => {
    const table = await openLedgerRoom();
    const { world, owner, adas, bobs, id } = table;
    world.freeze(owner);
    const first = bobs.act.add({ id: 'x' });
    assert.ok((await world.clock.run(first)).ok, 'somebody else has taken over');
    const second = world.owner(id)!;
    assert.notEqual(second, owner);
    world.thaw(owner);
    const zoe = world.client('zoe', owner.name);
    const watching = await world.clock.run(zoe.client.watch(ledger, { id }));
    assert.ok((await world.clock.run(adas.act.add({ id: 'y' }))).ok);
    await waitUntilConverged(table);
    await world.clock.waitUntil('the spectator sees it too', () => doneIds(watching).length === 2, 10_000);
    assert.deepEqual(doneIds(adas), ['x', 'y']);
  });

  it('[C2] [A5] who joins at an owner that slept and was replaced is told of no loss, and sees nothing old again', async () => {
    for (const slept of [1_300, 1_800, 2_500, 5_000]) {
      const table = await openLedgerRoom();
      const { world, owner, bob, bobs, adas } = table;
      await world.clock.advance(5_000);
      const seen: number[] = [];
      bobs.onChange(() => seen.push(doneIds(bobs).length));
      const lost: boolean[] = [];
      bobs.onResume(r => lost.push(r.lost));
      world.freeze(owner);
      await world.clock.advance(slept);
      assert.ok((await world.clock.run(bobs.act.add({ id: 'x' }))).ok);
      bob.homeNode = owner.name;
      for (const line of [...bob.connections]) line.breakConnection();
      await world.clock.advance(150); // his new line waits for the one that sleeps
      world.thaw(owner);
      const from = world.clock.mono();
      assert.ok((await world.clock.run(bobs.act.add({ id: 'y' }))).ok);
      assert.ok(world.clock.mono() - from < 1_500, `${world.clock.mono() - from} ms`);
      await waitUntilConverged(table);
      assert.deepEqual(doneIds(adas), ['x', 'y']);
      assert.deepEqual(lost.filter(Boolean), []);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
        'never less than before',
      );
    }
  });

  it('[O6] [C4] an owner that nobody could hear for a moment, and that was replaced without its knowing, shows its members nothing old for long', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { adasNode: 'c', bobsNode: 'b' });
    const { world, owner, id, adas, bobs } = table;
    await world.clock.advance(5_000);
    world.dropSubscriptions(owner, 400);
    await world.clock.waitUntil(
      'somebody else has the room',
      () => [...world.nodes.values()].some(h => h !== owner && h.owns(id)),
      2_000,
    );
    assert.ok((await world.clock.run(bobs.act.add({ id: 'x' }))).ok);
    const took = await world.clock.waitUntil('Ada sees it', () => doneIds(adas).length === 1, 20_000);
    assert.ok(took < 2_500, `${took} ms`);
    await waitUntilConverged(table);
  });

  it('[J2] [C4] an owner whose room is taken by a claim that was long under way finds out too', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { adasNode: 'c', bobsNode: 'b' });
    const { world, owner, id, adas } = table;
    const { opened, open } = latch();
    await world.clock.advance(5_000);
    world.faultFor = call => (call.op === 'claim' && call.room === id ? { hold: opened } : undefined);
    world.freeze(owner);
    await world.clock.advance(1_700);
    world.thaw(owner);
    await world.clock.advance(800); // it has confirmed its rooms, and no node has declared it dead
    world.dropsBroadcast = () => true;
    open();
    await world.clock.waitUntil(
      'the claim has come through',
      () => [...world.nodes.values()].some(h => h !== owner && h.owns(id)),
      2_000,
    );
    await world.clock.waitUntil('the old owner knows', () => !owner.owns(id), 500);
    world.dropsBroadcast = () => false;
    await waitUntilConverged(table);
    assert.ok(adas.live);
  });

  it('[O12] a node that hears late of its claim, when the room was taken from it meanwhile, shows nobody what it read', async () => {
    const table = await openLedgerRoom();
    const { world, owner, adas, bob, bobs } = table;
    const a = world.node('a');
    const lost: boolean[] = [];
    for (const room of [adas, bobs]) room.onResume(r => lost.push(r.lost));
    await world.clock.advance(5_000);
    const { opened, open } = latch();
    world.faultFor = call => (call.op === 'claim' && call.node === 'a' ? { holdReply: opened } : undefined);
    world.kill(owner);
    const acting = adas.act.add({ id: 'x' });
    await world.clock.waitUntil(
      'it is claimed',
      () => world.storeCalls.some(c => c.op === 'claim' && c.node === 'a'),
      2_000,
    );
    world.dropSubscriptions(a, 75);
    assert.ok((await world.clock.run(bobs.act.add({ id: 'y' }))).ok);
    await world.clock.advance(300); // the beats of the first go through again
    bob.homeNode = 'a';
    for (const line of [...bob.connections]) line.breakConnection();
    await world.clock.advance(100); // he asks there
    open();
    assert.ok((await world.clock.run(acting)).ok);
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas), ['y', 'x']);
    assert.deepEqual(lost.filter(Boolean), []);
  });

  it("[O7] of many nodes that want a dead node's room at once one gets it, and the others forward to it", async () => {
    const table = await openLedgerRoom(['a', 'b', 'c', 'd', 'e', 'f']);
    const { world, owner, id } = table;
    world.kill(owner);
    const claims = () => world.storeCalls.filter(c => c.op === 'claim' && c.room === id).length;
    const before = claims();
    for (const host of world.nodes.values()) if (host.state === 'up') void host.node.router.ensureOwner(id);
    await world.clock.advance(400);
    assert.equal([...world.nodes.values()].filter(h => h.owns(id)).length, 1);
    assert.ok(claims() - before <= 5, `${claims() - before} claims`);
    await waitUntilConverged(table);
  });

  it('[O7] two nodes that take a room from each other come to rest', async () => {
    const table = await openLedgerRoom();
    const { world, id, adas, bobs, owner } = table;
    for (let i = 0; i < 6; i++) {
      const at = world.owner(id) ?? owner;
      world.freeze(at);
      await world.clock.run(adas.act.add({ id: `x${i}` })).catch(() => {});
      world.thaw(at);
      await world.clock.advance(100);
    }
    await waitUntilConverged(table, 20_000);
    assert.deepEqual(
      doneIds(bobs),
      Array.from({ length: 6 }, (_x, i) => `x${i}`),
    );
  });
});

describe('an owner whose inbox is not heard', () => {
  it('[O12] answers nothing from its memory: it was declared dead, though its heartbeats went on', async () => {
    const { world, id, ada, adas, owner } = await openLedgerRoom();
    assert.ok((await world.clock.run(adas.act.add({ id: 'one' }))).ok);
    let lost = false;
    adas.onResume(resumed => {
      lost ||= resumed.lost;
    });
    world.dropSubscriptions(owner, 600);
    const others = [...world.nodes.values()].filter(h => h !== owner);
    await world.clock.waitUntil('another has it', () => others.some(h => h.owns(id)));
    assert.ok((await world.clock.run(adas.act.add({ id: 'two' }))).ok);
    ada.homeNode = owner.name; // its line leads to the one that knows nothing of it
    ada.client.move();
    for (const line of [...ada.connections]) line.breakConnection();
    await world.clock.advance(400);
    assert.equal(lost, false, 'nothing was lost, and nobody is told so');
    assert.deepEqual(doneIds(adas), ['one', 'two']);
  });
});
