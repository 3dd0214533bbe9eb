import assert from 'node:assert/strict';
import { ledger, ledgerGame } from './games.ts';
import { converge, ids, ledgerTable } from './ledger-table.ts';
import { World, latch, type Host } from './world.ts';

describe('a node that goes', () => {
  it('[O10] gives its rooms away while they are played; nothing is lost or done twice, and nobody is told to wait long', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 3 });
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
    await world.clock.pass(200);
    const { term } = adas;
    await world.drain(owner);
    await world.clock.pass(300);
    stop = true;
    await world.clock.run(Promise.all(playing));
    await converge(table);
    assert.ok((await Promise.all(said)).every(s => s.ok));
    assert.equal(ids(adas).length, said.length);
    assert.equal(new Set(ids(adas)).size, said.length);
    assert.ok(adas.term > term);
    assert.ok(world.owner(id) !== owner);
    assert.ok(slowest < 150, `${slowest} ms`);
  });

  it('[O10] its clients move, and lose nothing; no seat counts as away for long', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 4 });
    const { world, ada, adas } = table;
    const acting: Promise<{ ok: boolean }>[] = [];
    const goes = world.drain(world.host('a'));
    for (let i = 0; i < 12; i++) acting.push(adas.act.add({ id: `x${i}` }));
    await goes;
    assert.ok((await world.clock.run(Promise.all(acting))).every(s => s.ok));
    await converge(table);
    assert.equal(ids(adas).length, 12);
    assert.notEqual((ada.client.status as { node: string }).node, 'a');
    await world.clock.pass(3_000);
    assert.ok(adas.players.every(p => p!.here));
  });

  it('[O10] one after the other, and new ones in their place: the room outlives them all', async () => {
    const table = await ledgerTable(['a', 'b', 'c'], { seed: 5 });
    const { world, adas, bobs } = table;
    const said: Promise<{ ok: boolean }>[] = [];
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      said.push(adas.act.add({ id: `a${i}` }), bobs.act.add({ id: `b${i}` }));
      await world.drain(world.host(name));
      await world.boot(name);
      await world.clock.pass(500);
    }
    assert.ok((await world.clock.run(Promise.all(said))).every(s => s.ok));
    await converge(table);
    assert.equal(ids(adas).length, 6);
  });

  it('[O10] where it was the last one, the next to come has its rooms soon', async () => {
    const table = await ledgerTable(['a'], { seed: 6 });
    const { world, owner, id, adas } = table;
    await world.clock.run(adas.act.add({ id: 'x' }));
    await world.drain(owner);
    assert.equal(world.owner(id), undefined);
    await world.boot('a');
    const took = await converge(table);
    assert.ok(took < 4_000, `${took} ms`);
    assert.deepEqual(ids(adas), ['x']);
  });

  it('[O10] it takes no new work', async () => {
    const table = await ledgerTable(['a', 'b', 'c']);
    const { world, owner } = table;
    await world.clock.run(owner.node.drain());
    for (let i = 0; i < 6; i++) {
      const made = (await world.clock.run(owner.node.lobby.create(`p${i}`, { game: 'ledger' }))) as { room: string };
      assert.ok(world.owner(made.room) !== owner);
    }
    assert.equal(owner.node.ready, false);
    // Also from one that has not yet heard that it goes.
    const made = (await world.clock.run(world.host('a').node.lobby.create('late', { game: 'ledger' }))) as { room: string };
    const at = world.owner(made.room)!;
    await world.clock.run(at.node.registry.get(made.room)!.release());
    const { peers } = world.host('b').node as unknown as { peers: { ask(node: string, kind: string, body: unknown): Promise<unknown> } };
    assert.equal(await world.clock.run(peers.ask(owner.node.id, 'adopt', { id: made.room, expected: null, floor: 0 })), false);
    assert.equal(owner.node.registry.size, 0);
  });

  it('[O10] what has stopped claims nothing: neither what it was about to, nor what it is asked to, nor for clients that go', async () => {
    const world = new World([ledgerGame]);
    const [a, b] = await world.start('a', 'b') as [Host, Host];
    const made: string[] = [];
    for (const name of ['p', 'q', 'r']) made.push(((await world.clock.run(b.node.lobby.create(name, { game: 'ledger' }))) as { room: string }).room);
    const eve = world.client('eve', 'a');
    await world.clock.run(eve.client.watch(ledger, { id: made[0]! }));
    const held = latch();
    for (const id of made) await world.clock.run(world.owner(id)!.node.registry.get(id)!.release());
    world.fate = call => (call.op === 'claim' ? { hold: held.opens } : undefined);
    void a.node.router.request(made[1]!, { k: 'poke' });
    await world.clock.pass(10);
    const stopping = a.node.stop();
    for (const link of [...a.links]) link.cut();
    void a.node.router.request(made[0]!, { k: 'poke' });
    void (b.node as unknown as { peers: { ask(node: string, kind: string, body: unknown): Promise<unknown> } }).peers.ask(a.node.id, 'adopt', { id: made[2], expected: null, floor: 0 }).catch(() => {});
    await world.clock.pass(10);
    held.open();
    await world.clock.run(stopping);
    await world.clock.pass(50);
    assert.equal(a.node.registry.size, 0);
  });
});
