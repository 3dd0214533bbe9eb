import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { limits } from '../../../shared/limits.ts';
import { ledger, ledgerGame } from './games.ts';
import { openLedgerRoom, type LedgerFixture } from './ledger-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

/** Eve and Finn watch the table of Ada, who is its host, and Bob. */
async function watchedTable(): Promise<LedgerFixture & Awaited<ReturnType<typeof watchers>>> {
  const table = await openLedgerRoom();
  return { ...table, ...(await watchers(table)) };
}
async function watchers({ world, id }: LedgerFixture) {
  const [eve, finn] = [world.client('eve', 'b'), world.client('finn', 'c')];
  const [eves, finns] = [
    await world.clock.run(eve.client.watch(ledger, { id })),
    await world.clock.run(finn.client.watch(ledger, { id })),
  ];
  return { eve, finn, eves, finns };
}

describe('who watches a room', () => {
  it('[H1f] is told to the host alone, also to the next host and by the next owner', async () => {
    const { world, id, owner, ada, bob, eve, adas, bobs, eves } = await watchedTable();
    const spectatorsOf = async (client: typeof ada, room: typeof adas) =>
      (await world.clock.run(client.client.inspect(room))).spectators
        ?.map(({ player, name }) => `${player} ${name}`)
        .sort();
    const both = ['eve eve', 'finn finn'];
    assert.deepEqual(await spectatorsOf(ada, adas), both);
    for (const [client, room] of [
      [bob, bobs],
      [eve, eves],
    ] as const)
      assert.equal(await spectatorsOf(client, room), undefined);
    assert.ok((await world.clock.run(adas.makeHost(1))).ok);
    assert.deepEqual([await spectatorsOf(ada, adas), await spectatorsOf(bob, bobs)], [undefined, both]);
    world.kill(owner);
    await world.clock.waitUntil('another owner', () => (world.owner(id) ?? owner) !== owner, 10_000);
    world.disconnect(eve);
    await world.clock.advance(9_000);
    assert.deepEqual(await spectatorsOf(bob, bobs), ['finn finn']);
  });

  it('[H1a] is removed by the host: told at once, cannot watch or sit, on any connection; others go on', async () => {
    const { world, id, ada, bob, eve, finn, adas, bobs, eves, finns } = await watchedTable();
    assert.equal(((await world.clock.run(bobs.kick({ player: 'eve' }))) as { code: string }).code, 'not-host');
    const { spectators = [] } = await world.clock.run(ada.client.inspect(adas));
    assert.ok((await world.clock.run(adas.kick(spectators.find(({ name }) => name === 'eve')!))).ok);
    await world.clock.waitUntil('Eve is told', () => eves.ended?.code === 'kicked', 50);
    for (const client of [eve, world.client('eve', 'a')]) {
      await assert.rejects(world.clock.run(client.client.watch(ledger, { id })), { code: 'kicked' });
      await assert.rejects(world.clock.run(client.client.join(ledger, { code: adas.code })), { code: 'kicked' });
    }
    await world.clock.advance(3_000);
    assert.deepEqual(
      [...(world.node('b').node.clients.memberReports().get(id) ?? [])]
        .map(r => r.player)
        .filter(player => player === 'eve'),
      [],
    );
    assert.ok((await world.clock.run(bobs.act.add({ id: 'after' }))).ok);
    assert.ok(
      finns.live && adas.watchers === 1 && finn.client.status.state === 'live' && bob.client.status.state === 'live',
    );
  });

  it('[H1a] one who is away when removed hears it on coming back', async () => {
    const { world, adas, eve, eves } = await watchedTable();
    world.disconnect(eve);
    await world.clock.advance(2_000);
    assert.ok((await world.clock.run(adas.kick({ player: 'eve' }))).ok);
    eve.isOffline = false;
    await world.clock.waitUntil('Eve is told', () => eves.ended?.code === 'kicked', 15_000);
  });

  it('[H1a] one who also has a seat loses it, and both rooms end', async () => {
    const { world, id, bob, adas, bobs } = await watchedTable();
    const beside = await world.clock.run(world.client('bob', 'c').client.watch(ledger, { id }));
    assert.ok((await world.clock.run(adas.kick({ player: 'bob' }))).ok);
    await world.clock.waitUntil(
      'both are told',
      () => bobs.ended?.code === 'kicked' && beside.ended?.code === 'kicked',
      50,
    );
    assert.equal(bob.client.status.state, 'live');
  });
});

describe('spectators of a room without players', () => {
  /** Eve, at another node than the owner's, watches a room that nobody has joined. */
  async function emptyRoom() {
    const world = new TestCluster([ledgerGame]);
    await world.start('a', 'b');
    const made = await world.clock.run(world.node('a').node.lobby.create('ada', { game: 'ledger' }));
    assert.ok(made.ok);
    const owner = world.owner(made.room)!;
    const eve = world.client('eve', owner.name === 'a' ? 'b' : 'a');
    const eves = await world.clock.run(eve.client.watch(ledger, { id: made.room }));
    return { world, id: made.room, owner, eve, eves };
  }
  /** Until the owner has asked the store, and the spectator's node has looked for another owner. */
  const noticed = limits.existenceCheckInterval + 4_000;

  it('[J19] are told when its life is over', async () => {
    const { world, id, eve, eves } = await emptyRoom();
    const left = 20_000;
    world.clock.skip(limits.unjoinedRoomTtl - left);
    await world.clock.advance(10_000);
    assert.ok(eves.live);
    await world.clock.waitUntil('Eve is told', () => eves.ended?.code === 'room-missing', left - 10_000 + noticed);
    await world.clock.advance(3_000);
    assert.deepEqual(
      [...world.nodes.values()].filter(h => h.owns(id) || h.node.clients.hasMembers(id)),
      [],
    );
    assert.equal(eve.client.status.state, 'live');
  });

  it('[J19] [Q10] are told when it was discarded', async () => {
    const { world, id, eves } = await emptyRoom();
    assert.ok(await world.memory.discard(id, 'ada'));
    await world.clock.waitUntil('Eve is told', () => eves.ended?.code === 'room-missing', noticed);
  });

  it('[J19] [T6] go on where the store does not answer for a moment: its owner keeps it', async () => {
    const { world, id, owner, eves } = await emptyRoom();
    const run = owner.node.ownedRooms.get(id)!;
    let asked = 0;
    world.faultFor = call => (call.op === 'owner' && call.room === id && asked++ < 2 ? { lose: 'refused' } : undefined);
    await world.clock.advance(limits.existenceCheckInterval * 3 + 1_000);
    assert.ok(asked >= 3 && asked <= 4, `asked ${asked} times`);
    assert.ok(eves.live);
    assert.equal(owner.node.ownedRooms.get(id), run);
  });
});
