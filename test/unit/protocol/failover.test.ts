import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { ledger, type Ledger } from './games.ts';
import { waitUntilConverged, ledgerDocument, doneIds, openLedgerRoom } from './ledger-fixture.ts';

describe('failover', () => {
  // From before the actions arrive at the owner to after all have been answered.
  for (const delay of [0, 1, 1.2, 1.5, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 5, 6, 8]) {
    it(`[A1] [A4] [A5] twelve actions outstanding, the owner dies ${delay} ms later: each done once, in order, with its own verdict`, async () => {
      const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 100 + delay * 10 });
      const { world, owner, adas, bobs } = table;
      const acts = (room: typeof adas, who: string) =>
        Array.from({ length: 12 }, (_x, i) =>
          i % 4 === 3 ? room.act.deny({ id: `${who}${i}` }) : room.act.add({ id: `${who}${i}` }),
        );
      const acting = [...acts(adas, 'a'), ...acts(bobs, 'b')];
      await world.clock.advance(delay);
      world.kill(owner);
      const said = await world.clock.run(Promise.all(acting));
      said.forEach((s, i) => {
        if (i % 4 === 3)
          assert.ok(!s.ok && s.code === 'denied' && s.detail === `${i < 12 ? 'a' : 'b'}${i % 12}`, JSON.stringify(s));
        else assert.ok(s.ok, JSON.stringify(s));
      });
      await waitUntilConverged(table);
      for (const who of ['a', 'b'])
        assert.deepEqual(
          doneIds(adas).filter(id => id.startsWith(who)),
          [0, 1, 2, 4, 5, 6, 8, 9, 10].map(i => `${who}${i}`),
        );
    });
  }

  for (const delay of [0, 1.5, 2, 3, 5]) {
    it(`[A5] the same where the owner is also the node of the one who acts (${delay} ms)`, async () => {
      const table = await openLedgerRoom(['a', 'b'], { seed: 300 + delay * 10, adasNode: 'b', bobsNode: 'a' });
      const { world, owner, adas } = table;
      assert.equal(owner.name, 'b');
      const acting = Array.from({ length: 12 }, (_x, i) =>
        i % 4 === 3 ? adas.act.deny({ id: `a${i}` }) : adas.act.add({ id: `a${i}` }),
      );
      await world.clock.advance(delay);
      world.kill(owner);
      const said = await world.clock.run(Promise.all(acting));
      assert.deepEqual(
        said.map(s => (s.ok ? 'ok' : s.code)),
        said.map((_s, i) => (i % 4 === 3 ? 'denied' : 'ok')),
      );
      await waitUntilConverged(table);
      assert.deepEqual(
        doneIds(adas),
        [0, 1, 2, 4, 5, 6, 8, 9, 10].map(i => `a${i}`),
      );
    });
  }

  it('[A5] [P1] a verdict that a client hears only from the next owner names the place at which it was given', async () => {
    const table = await openLedgerRoom();
    const { world, owner, id, adas, bobs } = table;
    const term = bobs.term;
    // The entry is written, and the owner dies before it can say so; nor does the store.
    world.storePublishes = () => false;
    world.faultFor = call =>
      call.op === 'append' && call.room === id && call.node === owner.name
        ? { holdReply: new Promise(() => {}) }
        : undefined;
    const acting = bobs.act.add({ id: 'x' });
    await world.clock.advance(20);
    world.kill(owner);
    const said = await world.clock.run(acting);
    assert.ok(said.ok);
    await waitUntilConverged(table);
    assert.ok(bobs.term > term);
    assert.deepEqual(said.position, adas.position.slice());
  });

  it('[A5] [O21] a verdict, and what is new, reach other nodes with the entry, though its owner dies before it knows that it is written', async () => {
    const table = await openLedgerRoom();
    const { world, owner, id, adas, bobs } = table;
    const term = bobs.term;
    world.faultFor = call =>
      call.op === 'append' && call.room === id && call.node === owner.name
        ? { holdReply: new Promise(() => {}) }
        : undefined;
    const said = await world.clock.run(bobs.act.add({ id: 'x' }));
    assert.ok(said.ok);
    await world.clock.waitUntil('all see it', () => doneIds(bobs).length + doneIds(adas).length === 2);
    assert.deepEqual([bobs.term, owner.node.ownedRooms.get(id)!.head.head[1]], [term, said.position[1] - 1]);
    world.kill(owner);
    await waitUntilConverged(table);
    assert.deepEqual([doneIds(adas), doneIds(bobs), adas.position.slice()], [['x'], ['x'], said.position]);
  });

  it("[O5] [C3] [C4] [A5] what was committed and never broadcast reaches all members after the owner's death", async () => {
    const table = await openLedgerRoom();
    const { world, owner, id, adas, bobs } = table;
    world.faultFor = call =>
      call.op === 'append' && call.room === id && call.node === owner.name
        ? { holdReply: new Promise(() => {}) }
        : undefined;
    void bobs.act.add({ id: 'x' });
    await world.clock.advance(20);
    world.kill(owner);
    world.dropsBroadcast = () => true; // the announcement is lost as well
    await world.clock.waitUntil('Ada sees it by the heads alone', () => doneIds(adas).length === 1, 6_000);
    world.dropsBroadcast = () => false;
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(bobs), ['x']);
  });

  it('[O5] a new owner announces itself, with term and head, to all members at once', async () => {
    const table = await openLedgerRoom();
    const { world, owner, id, ada, bob, adas } = table;
    const eve = world.client('eve', 'a');
    await world.clock.run(eve.client.watch(ledger, { id }));
    await world.clock.run(adas.act.add({ id: 'x' }));
    const { term, position } = adas;
    world.kill(owner);
    await world.clock.waitUntil('somebody has it', () => world.owner(id) !== undefined);
    await world.clock.advance(3);
    const next = world.owner(id)!.node.ownedRooms.get(id)!.term;
    assert.ok(next > term);
    for (const { bytes } of [ada, bob, eve])
      assert.ok(bytes.includes(JSON.stringify(['notice', { room: id, code: 'owner', term: next, head: position }])));
    assert.equal(adas.term, next);
  });

  it('[C3] [C4] broadcasts that are lost are caught up within a keep-alive', async () => {
    const table = await openLedgerRoom();
    const { world, adas, bobs } = table;
    const replayed: string[] = [];
    adas.on('added', ({ id }, about) => {
      if (about.replayed) replayed.push(id);
    });
    world.dropsBroadcast = () => true;
    for (const id of ['x', 'y', 'z']) assert.ok((await world.clock.run(bobs.act.add({ id }))).ok);
    world.dropsBroadcast = () => false;
    const took = await waitUntilConverged(table, 5_000);
    assert.ok(took < 3_500, `${took} ms`);
    assert.deepEqual(replayed, ['x', 'y', 'z']);
  });

  it('[C3] a hole in the changes is noticed by the next change', async () => {
    const table = await openLedgerRoom();
    const { world, adas, bobs } = table;
    world.dropsBroadcast = () => true;
    await world.clock.run(bobs.act.add({ id: 'x' }));
    world.dropsBroadcast = () => false;
    await world.clock.run(bobs.act.add({ id: 'y' }));
    const took = await waitUntilConverged(table, 1_000);
    assert.ok(took < 50, `${took} ms`);
    assert.deepEqual(doneIds(adas), ['x', 'y']);
  });

  it('[C2] a short absence is caught up by changes, a long one by a snapshot', async () => {
    const table = await openLedgerRoom();
    const { world, bob, adas, bobs } = table;
    for (const [many, way] of [
      [5, 'changes'],
      [140, 'snapshot'],
    ] as const) {
      const resumed: { with: string; lost: boolean; missed: number }[] = [];
      const stop = bobs.onResume(r => resumed.push(r));
      world.disconnect(bob);
      for (let i = 0; i < many; i++) await world.clock.run(adas.act.add({ id: `${way}${i}` }));
      bob.isOffline = false;
      await waitUntilConverged(table);
      assert.deepEqual(
        resumed.map(r => [r.with, r.lost]),
        [[way, false]],
      );
      if (way === 'changes') assert.ok(resumed[0]!.missed >= many);
      stop();
    }
  });

  it('[C2] after a takeover too: the new owner knows the last entries', async () => {
    const table = await openLedgerRoom();
    const { world, owner, adas, bobs } = table;
    for (let i = 0; i < 70; i++) await world.clock.run(adas.act.add({ id: `x${i}` }));
    const resumed: string[] = [];
    bobs.onResume(r => resumed.push(r.with));
    world.dropsBroadcast = () => true;
    for (let i = 0; i < 5; i++) await world.clock.run(adas.act.add({ id: `y${i}` }));
    world.kill(owner);
    world.dropsBroadcast = () => false;
    await waitUntilConverged(table);
    assert.deepEqual(
      resumed,
      resumed.map(() => 'changes'),
    );
    assert.equal(doneIds(bobs).length, 75);
  });

  it('[C2] [O4] [O19] [P2] where the store came back as an older one, clients are told that something is lost, and play on', async () => {
    const table = await openLedgerRoom();
    const { world, adas, bobs } = table;
    for (const id of ['x', 'y']) await world.clock.run(adas.act.add({ id }));
    await waitUntilConverged(table);
    const back = world.saveStore();
    for (const id of ['lost-1', 'lost-2', 'lost-3']) assert.ok((await world.clock.run(adas.act.add({ id }))).ok);
    await waitUntilConverged(table);
    const lost: boolean[] = [];
    adas.onResume(r => lost.push(r.lost));
    const term = adas.term;
    back();
    await world.clock.waitUntil('Ada hears of it', () => adas.term > term && adas.live);
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(adas), ['x', 'y']);
    assert.equal(lost[0], true);
    assert.deepEqual(
      [world.counters.get('lostRooms'), world.counters.get('lostEntries')],
      [1, 3],
      'the operator can count it',
    );
    await world.clock.waitUntil('and is told', () =>
      [...world.nodes.values()].some(h => h.warnings.some(line => line.startsWith('store lost acknowledged entries'))),
    );
    // Her numbers were ahead of what is remembered; she goes on all the same, and nothing is done twice.
    for (const [i, room] of [adas, bobs, adas].entries())
      assert.ok((await world.clock.run(room.act.add({ id: `then${i}` }))).ok);
    await waitUntilConverged(table);
    assert.deepEqual(doneIds(bobs), ['x', 'y', 'then0', 'then1', 'then2']);
    assert.deepEqual(lost.filter(Boolean), [true], 'it is said once');
  });

  it('[A9] [O4] a verdict whose entry the store forgot is handed on all the same, and the loss is told', async () => {
    const table = await openLedgerRoom();
    const { world, adas, id } = table;
    await world.clock.run(adas.act.add({ id: 'x' }));
    await waitUntilConverged(table);
    const back = world.saveStore();
    const lost: boolean[] = [];
    adas.onResume(r => lost.push(r.lost));
    world.dropsBroadcast = () => true; // the verdict arrives, the change does not
    const entries = () => world.storeCalls.filter(c => c.op === 'append' && c.room === id && c.result === 'ok').length;
    const before = entries();
    const said = adas.act.add({ id: 'forgotten' });
    await world.clock.waitUntil('it is written', () => entries() > before);
    await world.clock.advance(4);
    back();
    world.dropsBroadcast = () => false;
    assert.ok((await world.clock.run(said)).ok, 'it was accepted; and whoever waits for it waits no longer');
    await waitUntilConverged(table);
    assert.deepEqual([doneIds(adas), lost.includes(true)], [['x'], true]);
  });

  it('[O4] [A5] the same with actions outstanding: what has no verdict any more is done again, once', async () => {
    for (let delay = 0; delay < 6; delay += 0.7) {
      const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 500 + delay * 10 });
      const { world, adas, bobs } = table;
      await world.clock.run(adas.act.add({ id: 'x' }));
      const back = world.saveStore();
      const acting = Array.from({ length: 10 }, (_x, i) => bobs.act.add({ id: `b${i}` }));
      await world.clock.advance(delay);
      back();
      for (const s of await world.clock.run(Promise.all(acting)))
        assert.ok(s.ok || s.code === 'unknown', JSON.stringify(s));
      await waitUntilConverged(table);
      const seen = doneIds(adas);
      assert.equal(new Set(seen).size, seen.length, `nothing twice (${delay} ms): ${seen.join()}`);
      assert.deepEqual(
        seen.filter(x => x.startsWith('b')),
        [...seen.filter(x => x.startsWith('b'))].sort((p, q) => Number(p.slice(1)) - Number(q.slice(1))),
        'in order',
      );
    }
  });

  it('the dice do not know of a takeover', async () => {
    const dice = async (kills: boolean) => {
      const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 9 });
      const host = table.owner.node.ownedRooms.get(table.id)!;
      host.doc.hidden.seed.splice(0, 4, 1, 2, 3, 4);
      for (let i = 0; i < 4; i++) {
        await table.world.clock.run(table.adas.act.roll());
        if (kills && i === 1) table.world.kill(table.owner);
      }
      return (table.adas.state as Ledger).dice;
    };
    assert.deepEqual(await dice(true), await dice(false));
  });
});

describe('nobody acts', () => {
  it("[O8] [T3] a dead owner's clock runs on and strikes once, with members connected", async () => {
    const table = await openLedgerRoom();
    const { world, owner, adas } = table;
    await world.clock.run(adas.act.arm({ ms: 3_000 }));
    const due = adas.clock('turn')!;
    assert.ok(due > 2_900 && due <= 3_000);
    world.kill(owner);
    const took = await world.clock.waitUntil('it strikes', () => (adas.state as Ledger).fired.length > 0, 10_000);
    assert.ok(took > 2_900 && took < 4_000, `${took} ms`);
    await world.clock.advance(10_000);
    assert.equal((adas.state as Ledger).fired.length, 1);
    await waitUntilConverged(table);
  });

  it('[O8] [T2] with nobody connected: by the due index, on some node, once; what the outage took beyond 5 s is given back', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c', 'd']);
    const { world, owner, adas, ada, bob, id } = table;
    await world.clock.run(adas.act.arm({ ms: 3_000 }));
    ada.client.close();
    bob.client.close();
    await world.clock.advance(10);
    world.kill(owner);
    const begin = world.clock.now();
    const fired = () => (ledgerDocument(world, id)?.state as Ledger | undefined)?.fired ?? [];
    await world.clock.waitUntil('it strikes', () => fired().length > 0, 10_000);
    assert.ok(world.clock.now() - begin < 5_000);
    await world.clock.advance(20_000);
    assert.equal(fired().length, 1);
  });

  it('[O9] [T3] a room that nobody is in for 30 s sleeps; what is due wakes it, and a join does', async () => {
    const table = await openLedgerRoom();
    const { world, adas, ada, bob, id } = table;
    await world.clock.run(adas.act.arm({ ms: 50_000 }));
    ada.client.close();
    bob.client.close();
    await world.clock.waitUntil('it sleeps', () => !world.owner(id), 40_000);
    assert.equal((await world.memory.owner(id))!.token, null);
    await world.clock.waitUntil('it is woken by its clock', () => world.owner(id) !== undefined, 25_000);
    const fired = () => (ledgerDocument(world, id)?.state as Ledger | undefined)?.fired ?? [];
    await world.clock.waitUntil('it strikes', () => fired().length === 1, 5_000);
    await world.clock.waitUntil('it sleeps again', () => !world.owner(id), 45_000);
    const again = world.client('ada', 'b');
    const room = await world.clock.run(again.client.join(ledger, { id }));
    assert.equal((room.state as Ledger).fired.length, 1);
    assert.equal(room.seat, 0);
  });

  it('[O8] a room whose owner died is taken over for those who only watch, within a second or so', async () => {
    const table = await openLedgerRoom();
    const { world, owner, id } = table;
    await world.clock.advance(2_000);
    world.kill(owner);
    const took = await world.clock.waitUntil('somebody has it', () => world.owner(id) !== undefined);
    assert.ok(took < 400, `${took} ms`);
    await waitUntilConverged(table);
  });

  it('[O6] a node that stalls is declared dead after its silence, and is alive again when it goes on', async () => {
    const table = await openLedgerRoom();
    const { world, owner, id } = table;
    await world.clock.advance(2_000);
    world.freeze(owner);
    const took = await world.clock.waitUntil(
      'somebody has its room',
      () => [...world.nodes.values()].some(h => h !== owner && h.owns(id)),
      5_000,
    );
    assert.ok(took >= 1_000 && took < 2_600, `${took} ms`);
    world.thaw(owner);
    await world.clock.advance(1_000);
    for (const host of world.nodes.values()) assert.equal(host.node.membership.aliveNodes().length, 2, host.name);
  });

  it('[O6] a node without an open connection is declared dead at once, and its room goes on', async () => {
    const table = await openLedgerRoom();
    const { world, owner, adas } = table;
    await world.clock.advance(2_000);
    world.kill(owner);
    const acted = world.clock.mono();
    assert.ok((await world.clock.run(adas.act.add({ id: 'x' }))).ok);
    assert.ok(world.clock.mono() - acted < limits.noListenerRetry, `${world.clock.mono() - acted} ms`);
    await waitUntilConverged(table);
  });

  it('[O6] a node whose inbox alone is not heard for a moment keeps its rooms', async () => {
    const table = await openLedgerRoom();
    const { world, owner, id, adas } = table;
    await world.clock.advance(2_000);
    world.dropSubscriptions(owner, limits.noListenerRetry / 2);
    assert.ok((await world.clock.run(adas.act.add({ id: 'x' }))).ok);
    assert.ok(owner.owns(id));
    await waitUntilConverged(table);
  });

  it('[O6] who does not stand well himself does not judge at once', async () => {
    const table = await openLedgerRoom();
    const { world, owner } = table;
    await world.clock.advance(2_000);
    const judge = [...world.nodes.values()].find(host => host !== owner)!;
    world.dropSubscriptions(judge, 5_000);
    world.kill(owner);
    const asked = world.clock.mono();
    assert.equal(await world.clock.run(judge.node.membership.suspect(owner.node.id)), true);
    assert.ok(world.clock.mono() - asked >= limits.noListenerRetry, `${world.clock.mono() - asked} ms`);
  });

  it('[O6] a judge that stood still itself judges nobody by it', async () => {
    const table = await openLedgerRoom();
    const { world, owner } = table;
    const judge = world.node('a');
    await world.clock.advance(1_000);
    world.freeze(judge);
    await world.clock.advance(5_000);
    world.thaw(judge);
    await world.clock.advance(3_000);
    assert.ok(!judge.warnings.some(s => s.includes('declared dead')), judge.warnings.join());
    assert.ok(!judge.node.membership.isDead(owner.node.id));
  });
});
