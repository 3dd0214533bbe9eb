import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lifeGames } from '../../simulation/life/games.ts';
import { ledger } from './games.ts';
import { ledgerDocument, openLedgerRoom } from './ledger-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

/** Whether the room's owner shows Bob as present. */
const isHere = (table: Awaited<ReturnType<typeof openLedgerRoom>>): boolean | undefined =>
  (ledgerDocument(table.world, table.id)!.room as { seats: ({ player: string; here: boolean } | null)[] }).seats.find(
    s => s?.player === 'bob',
  )?.here;

describe('a client that enters a room again, otherwise than before', () => {
  it('[A13a] a rejoin of the seat that is under way does not undo that the client only watches now', async () => {
    const table = await openLedgerRoom();
    const { world, bob, id } = table;
    const watching = bob.client.watch(ledger, { id });
    world.node('b').node.clients.resyncAll(); // the seat's room object joins again, behind the call
    const room = await world.clock.run(watching);
    await world.clock.advance(6_000);
    assert.equal(isHere(table), false);
    assert.ok(room.live && room.seat === null);
    assert.deepEqual(
      [...world.node('b').node.clients.memberReports().get(id)!].map(r => r.watch),
      [true],
    );
  });

  it('[A13a] a rejoin to watch that is under way does not undo that the client has a seat now', async () => {
    const table = await openLedgerRoom();
    const { world, bob, id } = table;
    await world.clock.run(bob.client.watch(ledger, { id }));
    const sitting = bob.client.join(ledger, { id });
    world.node('b').node.clients.resyncAll();
    const room = await world.clock.run(sitting);
    await world.clock.advance(6_000);
    assert.equal(isHere(table), true);
    assert.ok((await world.clock.run(room.act.add({ id: 'seated' }))).ok);
  });
});

describe('a client that asks for a room twice before the answer', () => {
  it('[U9d] [U9e] has one room object, whichever way it asks', async () => {
    const { world, bob, id, bobs } = await openLedgerRoom();
    const ask: (() => Promise<typeof bobs>)[] = [
      () => bob.client.join(ledger, { id }),
      () => bob.client.join(ledger, { code: bobs.code }),
      () => bob.client.watch(ledger, { id }),
      () => bob.client.quick(ledger),
      () => bob.client.quick(ledger, null),
    ];
    for (const enter of ask) {
      const asked = [enter(), enter()];
      assert.equal(asked[0], asked[1]);
      const [room] = await world.clock.run(Promise.all(asked));
      await world.clock.advance(2_000);
      assert.equal(room!.ended, null);
    }
  });

  it('[U9e] has what it asked for last', async () => {
    const { world, bob, id } = await openLedgerRoom();
    const join = () => bob.client.join(ledger, { id });
    const watch = () => bob.client.watch(ledger, { id });
    const rooms = await world.clock.run(Promise.all([join(), watch(), join()]));
    assert.deepEqual(
      rooms.map(room => room.ended?.code ?? null),
      ['session-replaced', 'session-replaced', null],
    );
    assert.notEqual(rooms[2].seat, null);
  });

  it('names what is missing if it names no room', async () => {
    const { world, bob } = await openLedgerRoom();
    for (const which of [{}, null, { id: undefined }])
      await assert.rejects(world.clock.run(bob.client.join(ledger, which as never)), {
        code: 'bad-request',
        message: /\{ id \} or \{ code \}/,
      });
  });
});

describe('a client that joins a room again after its seat has expired', () => {
  const inn = lifeGames.find(g => g.name === 'inn')!;
  /** A room of ada's in which the seat of bob, who has no network, has expired. `first`: his room object. */
  async function expired() {
    const world = new TestCluster([inn.game], 3);
    await world.start('a', 'b');
    const [ada, bob] = [world.client('ada', 'a'), world.client('bob', 'b')];
    const hosted = await world.clock.run(ada.client.create(inn.contract));
    const first = await world.clock.run(bob.client.join(inn.contract, { id: hosted.id }));
    world.disconnect(bob);
    await world.clock.waitUntil(
      'the hold is over',
      () => hosted.players.every(p => p === null || p.player !== 'bob'),
      32_000,
    );
    return { world, bob, hosted, first };
  }

  it('[A13a] has a seat, though its earlier room object asks for one at the same time', async () => {
    const { world, bob, hosted, first } = await expired();
    const joining = bob.client.join(inn.contract, { id: hosted.id });
    bob.isOffline = false;
    const room = await world.clock.run(joining);
    await world.clock.advance(5_000);
    assert.notEqual(first.ended, null);
    assert.equal(room.ended, null);
    assert.ok(room.live && room.seat !== null);
    assert.deepEqual(
      hosted.players.filter(p => p?.player === 'bob').map(p => p?.here),
      [true],
    );
  });

  it('[A13a] has a seat, though it was asked for one twice, and its first room object asks at the same time', async () => {
    const { world, bob, hosted } = await expired();
    const joining = [
      bob.client.join(inn.contract, { id: hosted.id }),
      bob.client.join(inn.contract, { code: hosted.code }),
    ];
    bob.isOffline = false;
    const rooms = await world.clock.run(Promise.all(joining));
    await world.clock.advance(5_000);
    assert.deepEqual(
      rooms.map(room => room.ended?.code ?? null),
      ['session-replaced', null],
    );
    bob.client.move(); // by a new connection it joins again, and would be refused if another session had the seat
    await world.clock.advance(2_000);
    assert.equal(rooms[1]!.ended, null);
    assert.ok(rooms[1]!.live && rooms[1]!.seat !== null);
  });

  it('[A13b] has a seat, though a rejoin by a session that was replaced meanwhile is refused', async () => {
    const { world, bob, hosted } = await expired();
    const [first, second] = [
      bob.client.join(inn.contract, { id: hosted.id }),
      bob.client.join(inn.contract, { code: hosted.code }),
    ];
    bob.isOffline = false;
    // The last room object joins again at once, behind the first one's join, which gets the seat.
    const room = await world.clock.run(
      second.then(entered => {
        world.node('b').node.clients.resyncAll();
        return entered;
      }),
    );
    await world.clock.advance(5_000);
    assert.equal((await first).ended?.code, 'session-replaced');
    assert.equal(room.ended, null);
    assert.ok(room.live && room.seat !== null);
    assert.deepEqual(
      hosted.players.filter(p => p?.player === 'bob').map(p => p?.here),
      [true],
    );
  });
});
