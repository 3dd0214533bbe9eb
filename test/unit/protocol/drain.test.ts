import assert from 'node:assert/strict';
import { ledger, ledgerGame } from './games.ts';
import { waitUntilConverged, doneIds, openLedgerRoom } from './ledger-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import { latch } from '../../../testkit/latch.ts';
import type { TestNode } from '../../../testkit/test-node.ts';

describe('a node that goes', () => {
  it('[O10] gives its rooms away while they are played; nothing is lost or done twice, and nobody is told to wait long', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 3 });
    const { world, owner, adas, bobs, id } = table;
    const said: Promise<{ ok: boolean }>[] = [];
    let slowest = 0;
    let stop = false;
    const play = async (room: typeof adas, who: string) => {
      for (let i = 0; !stop; i++) {
        const from = world.clock.mono();
        const one = room.act.add({ id: `${who}${i}` });
        said.push(one);
        await one;
        slowest = Math.max(slowest, world.clock.mono() - from);
      }
    };
    const playing = [play(adas, 'a'), play(bobs, 'b')];
    await world.clock.advance(200);
    const { term } = adas;
    await world.drain(owner);
    await world.clock.advance(300);
    stop = true;
    await world.clock.run(Promise.all(playing));
    await waitUntilConverged(table);
    assert.ok((await Promise.all(said)).every(s => s.ok));
    assert.equal(doneIds(adas).length, said.length);
    assert.equal(new Set(doneIds(adas)).size, said.length);
    assert.ok(adas.term > term);
    assert.ok(world.owner(id) !== owner);
    assert.ok(slowest < 150, `${slowest} ms`);
  });

  it('[O10] its clients move, and lose nothing; no seat counts as away for long', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 4 });
    const { world, ada, adas } = table;
    const acting: Promise<{ ok: boolean }>[] = [];
    const goes = world.drain(world.node('a'));
    for (let i = 0; i < 12; i++) acting.push(adas.act.add({ id: `x${i}` }));
    await goes;
    assert.ok((await world.clock.run(Promise.all(acting))).every(s => s.ok));
    await waitUntilConverged(table);
    assert.equal(doneIds(adas).length, 12);
    assert.notEqual((ada.client.status as { node: string }).node, 'a');
    await world.clock.advance(3_000);
    assert.ok(adas.players.every(p => p!.here));
  });

  it('[O10] one after the other, and new ones in their place: the room outlives them all', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c'], { seed: 5 });
    const { world, adas, bobs } = table;
    const said: Promise<{ ok: boolean }>[] = [];
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      said.push(adas.act.add({ id: `a${i}` }), bobs.act.add({ id: `b${i}` }));
      await world.drain(world.node(name));
      await world.bootNode(name);
      await world.clock.advance(500);
    }
    assert.ok((await world.clock.run(Promise.all(said))).every(s => s.ok));
    await waitUntilConverged(table);
    assert.equal(doneIds(adas).length, 6);
  });

  it('[O10] where it was the last one, the next to come has its rooms soon', async () => {
    const table = await openLedgerRoom(['a'], { seed: 6 });
    const { world, owner, id, adas } = table;
    await world.clock.run(adas.act.add({ id: 'x' }));
    await world.drain(owner);
    assert.equal(world.owner(id), undefined);
    await world.bootNode('a');
    const took = await waitUntilConverged(table);
    assert.ok(took < 4_000, `${took} ms`);
    assert.deepEqual(doneIds(adas), ['x']);
  });

  it('[O10] it takes no new work', async () => {
    const table = await openLedgerRoom(['a', 'b', 'c']);
    const { world, owner } = table;
    await world.clock.run(owner.node.drain());
    for (let i = 0; i < 6; i++) {
      const made = (await world.clock.run(owner.node.lobby.create(`p${i}`, { game: 'ledger' }))) as { room: string };
      assert.ok(world.owner(made.room) !== owner);
    }
    assert.equal(owner.node.isReady, false);
    // Also from one that has not yet heard that it goes.
    const made = (await world.clock.run(world.node('a').node.lobby.create('late', { game: 'ledger' }))) as {
      room: string;
    };
    const at = world.owner(made.room)!;
    await world.clock.run(at.node.ownedRooms.get(made.room)!.release());
    const { rpc } = world.node('b').node as unknown as {
      rpc: { call(node: string, kind: string, body: unknown): Promise<unknown> };
    };
    assert.equal(
      await world.clock.run(rpc.call(owner.node.id, 'adopt', { id: made.room, expected: null, floor: 0 })),
      false,
    );
    assert.equal(owner.node.ownedRooms.size, 0);
  });

  it('[O10] what has stopped claims nothing: neither what it was about to, nor what it is asked to, nor for clients that go', async () => {
    const world = new TestCluster([ledgerGame]);
    const [a, b] = (await world.start('a', 'b')) as [TestNode, TestNode];
    const made: string[] = [];
    for (const name of ['p', 'q', 'r'])
      made.push(((await world.clock.run(b.node.lobby.create(name, { game: 'ledger' }))) as { room: string }).room);
    const eve = world.client('eve', 'a');
    await world.clock.run(eve.client.watch(ledger, { id: made[0]! }));
    const held = latch();
    for (const id of made) await world.clock.run(world.owner(id)!.node.ownedRooms.get(id)!.release());
    world.faultFor = call => (call.op === 'claim' ? { hold: held.opened } : undefined);
    void a.node.router.ensureOwner(made[1]!);
    await world.clock.advance(10);
    const stopping = a.node.stop();
    for (const link of [...a.connections]) link.breakConnection();
    void a.node.router.ensureOwner(made[0]!);
    void (b.node as unknown as { rpc: { call(node: string, kind: string, body: unknown): Promise<unknown> } }).rpc
      .call(a.node.id, 'adopt', { id: made[2], expected: null, floor: 0 })
      .catch(() => {});
    await world.clock.advance(10);
    held.open();
    await world.clock.run(stopping);
    await world.clock.advance(50);
    assert.equal(a.node.ownedRooms.size, 0);
  });
});
