import assert from 'node:assert/strict';
import { ServerRoomError, ServerRooms } from '../../../server/node/server-rooms.ts';
import { limits } from '../../../shared/limits.ts';
import type { RoomSummary } from '../../../shared/protocol.ts';
import { hiddenCards, hiddenCardsGame, turns, turnsGame, stick, stickGame } from '../bot-games.ts';
import { documentOf, memoryStoreRoom, openRoom, openRawConnection } from './cluster-room-fixture.ts';
import type { Client } from '../../../client/client.ts';
import type { RoomError } from '../../../client/room-error.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';

const refusal = (code: string) => (error: unknown) => error instanceof ServerRoomError && error.code === code;

/** Players, and the server's own code on a node that does not own the room. */
async function served(players: readonly string[] = ['ada', 'bob'], how: Parameters<typeof openRoom>[3] = {}) {
  const party = await openRoom(turns, turnsGame(), players, how);
  const rooms = new ServerRooms(party.world.node('b').node);
  const run = <T>(promise: Promise<T>) => party.world.clock.run(promise);
  return { ...party, server: rooms, run, adas: party.rooms[0]!, bobs: party.rooms[1]! };
}

describe("rooms for the server's own code", () => {
  it('[X2] makes rooms, unlisted, with seats for those it names, and bots', async () => {
    const world = new TestCluster([turnsGame()]);
    await world.start('a', 'b', 'c');
    const server = new ServerRooms(world.node('b').node);
    const made = await world.clock.run(server.create(turns, { seats: ['ada', 'bob'], bots: 3, spectators: 'anyone' }));
    const eve = world.client('eve', 'a');
    await assert.rejects(world.clock.run(eve.client.join(turns, { code: made.code })), { code: 'reserved' });
    const ada = await world.clock.run(world.client('ada', 'c').client.join(turns, { id: made.id }));
    assert.deepEqual(
      ada.players.map(s => s?.name ?? null),
      ['ada', null, 'Bot 1', 'Bot 2'],
    );
    await world.clock.run(world.client('bob', 'a').client.join(turns, { id: made.id }));
    assert.deepEqual((await world.clock.run(server.see(made.id))).players, ['ada', 'bob', '$bot-1', '$bot-2']);
    assert.deepEqual(await world.clock.run(eve.client.list()), [] as RoomSummary[]);
    await world.clock.run(eve.client.watch(turns, { id: made.id }));
    const listed = await world.clock.run(server.create(turns, { private: false }));
    assert.equal((await world.clock.run(eve.client.join(turns, { id: listed.id }))).seat, 0);
    await world.clock.waitUntil('it is listed', () => true);
    await world.clock.advance(limits.listCacheTtl);
    assert.deepEqual(
      (await world.clock.run(eve.client.list())).map(r => r.id),
      [listed.id],
    );
    for (const wrong of [{ seats: ['a', 'a'] }, { seats: ['a', 'b', 'c', 'd', 'e'] }, { life: 0 }, { life: NaN }])
      await assert.rejects(world.clock.run(server.create(turns, wrong)), refusal('bad-request'));
    await assert.rejects(world.clock.run(server.create(hiddenCards)), refusal('no-such-game'));
  });

  it('[X2] wrong settings are refused by name', async () => {
    const world = new TestCluster([turnsGame()]);
    await world.start('a');
    const server = new ServerRooms(world.node('a').node);
    for (const [wrong, says] of [
      [{ seats: [] }, /seats: 1 to 4/],
      [{ seats: 'ada' }, /seats: a list/],
      [{ seats: [{ player: 'ada' }, { player: '$bot-1' }] }, /seats\[1\]: a player's id/],
      [{ seats: [{ player: 'ada', team: 0 }] }, /seats\[0\]\.team: this game has no teams/],
      [{ spectators: 'listed' }, /'listed' needs `seats`/],
      [{ seats: ['ada'], spectators: true }, /spectators: false, 'anyone' or 'listed'/],
      [{ seats: ['ada'], waitForAll: 1 }, /waitForAll/],
    ] as const)
      await assert.rejects(world.clock.run(server.create(turns, wrong as never)), (error: ServerRoomError) => {
        assert.match(error.detail!, says);
        return error.code === 'bad-request';
      });
  });

  it('[X2] who is not on the list neither sits nor watches, also after a takeover; the detail says so', async () => {
    const world = new TestCluster([turnsGame()]);
    await world.start('a', 'b', 'c');
    const server = new ServerRooms(world.node('b').node);
    const { id } = await world.clock.run(server.create(turns, { seats: [{ player: 'ada' }, { player: 'bob' }] }));
    const closed = await world.clock.run(server.create(turns, { seats: ['ada'], spectators: false }));
    const [ada, bob, eve] = ['ada', 'bob', 'eve'].map(name => world.client(name, 'a').client) as [
      Client,
      Client,
      Client,
    ];
    const watching = await world.clock.run(ada.watch(turns, { id })); // before sitting down
    assert.equal(watching.seat, null);
    assert.equal((await world.clock.run(bob.join(turns, { id }))).seat, 1);
    assert.equal((await world.clock.run(ada.join(turns, { id }))).seat, 0);
    const isRefused = (error: RoomError) =>
      error.code === 'reserved' && /cannot be watched/.test(error.why) && error.now === 'elsewhere';
    await assert.rejects(world.clock.run(ada.watch(turns, { id: closed.id })), isRefused);
    world.kill(world.owner(id)!);
    await world.clock.waitUntil('another node runs it', () => world.owner(id) !== undefined, 10_000);
    await assert.rejects(world.clock.run(eve.watch(turns, { id })), isRefused);
    await assert.rejects(world.clock.run(eve.join(turns, { id })), isRefused);
    // A quick join never finds such a room.
    const quick = await world.clock.run(eve.quick(turns));
    assert.ok(quick.id !== id && quick.id !== closed.id);
  });

  it('[X2] a room that nobody joins is gone after its life', async () => {
    const world = new TestCluster([turnsGame()]);
    await world.start('a');
    const server = new ServerRooms(world.node('a').node);
    const made = await world.clock.run(server.create(turns, { life: 60_000 }));
    await world.clock.advance(61_000);
    await assert.rejects(world.clock.run(world.client('ada', 'a').client.join(turns, { code: made.code })), {
      code: 'bad-code',
    });
  });

  it('[X1] starts, ends, hands over, adds a bot, from a node that does not own the room', async () => {
    const { id, world, owner, server, run, adas, bobs } = await served();
    await run(server.makeHost(id, 'bob'));
    await run(server.addBot(id));
    await run(server.start(id));
    await world.clock.waitUntil('they play', () => adas.info.phase === 'playing' && bobs.info.host === 1);
    assert.equal(adas.players.filter(s => s?.bot).length, 1);
    await assert.rejects(run(server.start(id)), refusal('not-now'));
    await assert.rejects(run(server.end(id, { ranking: [[7]] })), refusal('bad-data'));
    await run(server.end(id, { ranking: [[1], [0, 2]] }));
    await world.clock.waitUntil('it is over', () => adas.info.phase === 'ended');
    assert.deepEqual(adas.info.result, { ranking: [[1], [0, 2]] });
    await run(server.start(id));
    await world.clock.waitUntil('the next one', () => adas.info.match === 2 && adas.info.phase === 'playing');
    assert.equal((await run(server.see(id))).room.match, 2);
    assert.equal(world.owner(id), owner);
    await assert.rejects(run(server.start('nowhere')), refusal('room-missing'));
    await assert.rejects(run(server.makeHost(id, 'eve')), refusal('not-seated'));
    await run(server.kick(id, 'eve'));
    await assert.rejects(run(world.client('eve', 'a').client.join(turns, { id })), { code: 'kicked' });
  });

  it('[X4] what shall happen is not asked twice: where nobody knows whether it did, it is `unknown`; what shall be is asked again', async () => {
    for (const lose of ['reply', 'request'] as const) {
      const { id, world, owner, server, run } = await served();
      let left = 1;
      const once = () => {
        left = 1;
        world.faultFor = call =>
          call.op === 'append' && call.node === world.owner(id)?.name && left-- > 0 ? { lose } : undefined;
      };
      once();
      await assert.rejects(run(server.addBot(id)), refusal('unknown'));
      await world.clock.advance(2_000);
      assert.equal(
        (await run(server.see(id))).players.filter(p => p?.startsWith('$bot')).length,
        lose === 'reply' ? 1 : 0,
      );
      once();
      await run(server.kick(id, 'bob'));
      assert.ok(!(await run(server.see(id))).players.includes('bob'));
      once();
      await run(server.close(id));
      assert.ok(owner.state === 'up');
    }
  });
});

describe('thrown out', () => {
  it('[H1] [X1] by the host or the server: told at once, on whichever node, and cannot come back; others notice the seat alone', async () => {
    for (const by of ['host', 'server'] as const) {
      const { id, world, server, run, adas, bobs, clients } = await served();
      if (by === 'host') assert.ok((await run(adas.kick(1))).ok);
      else await run(server.kick(id, 'bob'));
      await world.clock.waitUntil('he hears', () => bobs.ended?.code === 'kicked', 50);
      assert.deepEqual(await run(bobs.act.play({ n: 0 })), { ok: false, code: 'kicked' }, by);
      await assert.rejects(run(clients[1]!.client.join(turns, { id })), { code: 'kicked' });
      await assert.rejects(run(world.client('bob', 'c').client.join(turns, { id })), { code: 'kicked' });
      await world.clock.advance(3_000);
      assert.deepEqual([adas.players[1], adas.ended], [null, null]);
      assert.equal(world.node('b').node.clients.memberReports().has(id), false);
    }
  });

  it('[H1] also where the notice is lost: told again within a second or so, and heard no more', async () => {
    const { id, world, owner, run, adas, bobs } = await served();
    world.dropsMessage = (_from, _to, text) => text.includes('"notice"');
    assert.ok((await run(adas.kick(1))).ok);
    await world.clock.advance(100);
    assert.equal(bobs.ended, null);
    world.dropsMessage = () => false;
    await world.clock.waitUntil('he hears', () => bobs.ended?.code === 'kicked', 2_500);
    assert.ok(owner.state === 'up' && !documentOf(world, id).hidden.seats[1]);
  });

  it('[H1] also where the owner dies before it could tell', async () => {
    const { id, world, owner, adas, bobs } = await served();
    world.faultFor = call =>
      call.op === 'append' && call.node === owner.name ? { holdReply: new Promise(() => {}) } : undefined;
    const acting = adas.kick(1);
    await world.clock.advance(10);
    world.kill(owner);
    assert.ok((await world.clock.run(acting)).ok);
    await world.clock.waitUntil('he hears', () => bobs.ended?.code === 'kicked', 4_000);
    assert.ok(world.owner(id) !== owner);
  });

  it('[H1] by somebody who is not the host: nothing', async () => {
    const { run, adas, bobs } = await served();
    const said = await run(bobs.kick(0));
    assert.equal(said.ok ? '' : said.code, 'not-host');
    assert.equal(adas.ended, null);
    assert.equal(((await run(bobs.makeHost(1))) as { code?: string }).code, 'not-host');
    assert.ok((await run(adas.makeHost(1))).ok);
    assert.ok((await run(bobs.kick(0))).ok);
  });
});

describe('late on a cluster', () => {
  it('[H3] into a fresh seat and into one that was left, with an owner that dies in between', async () => {
    const {
      world,
      id,
      owner,
      rooms: [adas, bobs],
    } = await openRoom(stick, stickGame(null), ['ada', 'bob']);
    assert.ok((await world.clock.run(adas!.start())).ok);
    const carl = await world.clock.run(world.client('carl', 'b').client.join(stick, { id }));
    assert.equal(carl.seat, 2);
    world.kill(owner);
    await world.clock.run(bobs!.leave());
    // the fourth seat, though nobody told her of it
    await world.clock.run(world.client('dora', 'a').client.quick(stick));
    const emil = await world.clock.run(world.client('emil', 'a').client.quick(stick));
    assert.deepEqual([emil.id, emil.seat], [id, 1]);
    emil.input.fire();
    await world.clock.waitUntil('it counts', () => (adas!.state as { fired: number[] }).fired[1] === 1, 3_000);
    assert.equal(adas!.players.length, 4);
  });
});

describe('closed by the server', () => {
  const gone = (world: TestCluster, id: string) =>
    world.clock.waitUntil('the room is gone', () => memoryStoreRoom(world, id) === undefined, 5_000);

  it('[X3] members and spectators are told; nobody finds it any more', async () => {
    const { id, world, server, run, adas, bobs, clients } = await served();
    const eves = await run(world.client('eve', 'c').client.watch(turns, { id }));
    const raw = openRawConnection(world, world.node('a'), 'raw');
    await raw.ask('join', { room: id });
    await run(adas.start());
    await run(server.close(id));
    await world.clock.waitUntil(
      'all have heard',
      () => [adas, bobs, eves].every(room => room.ended?.code === 'room-missing'),
      50,
    );
    assert.deepEqual(raw.heard.filter(([name]) => name === 'notice').at(-1), ['notice', { room: id, code: 'closed' }]);
    await gone(world, id);
    for (const client of clients)
      await assert.rejects(run(client.client.join(turns, { id })), { code: 'room-missing' });
    assert.equal((await raw.ask('act', { room: id, name: '$ready' })).code, 'not-in-room');
    await assert.rejects(run(server.see(id)), refusal('room-missing'));
    await world.clock.advance(10_000);
    assert.equal(memoryStoreRoom(world, id), undefined);
  });

  it('[X3] the owner dies right after it said so: closed all the same', async () => {
    const { id, world, owner, run, adas, bobs } = await served();
    const server = new ServerRooms(owner.node); // no answer travels with the notices that are lost
    world.faultFor = call => (call.op === 'remove' ? { hold: new Promise(() => {}) } : undefined);
    world.dropsMessage = (_from, _to, text) => text.includes('"notice"');
    await run(server.close(id));
    world.kill(owner);
    world.faultFor = () => undefined;
    world.dropsMessage = () => false;
    await world.clock.waitUntil(
      'all have heard',
      () => [adas, bobs].every(room => room.ended?.code === 'room-missing'),
      6_000,
    );
    await assert.rejects(run(world.client('zoe', 'a').client.join(turns, { id })), { code: 'room-missing' });
    await gone(world, id);
  });

  it('[X3] the notice is lost, and the room is gone: its members hear it from their own nodes', async () => {
    const { id, world, owner, run, adas, bobs } = await served();
    world.dropsMessage = (_from, _to, text) => text.includes('"notice"');
    await run(new ServerRooms(owner.node).close(id));
    await run(new ServerRooms(owner.node).close(id));
    await gone(world, id);
    await world.clock.waitUntil(
      'all have heard',
      () => [adas, bobs].every(room => room.ended?.code === 'room-missing'),
      4_000,
    );
  });

  it('[X3] [E4] what it has promised is done first, also by another owner; then it goes', async () => {
    for (const how of ['stays', 'dies'] as const) {
      const runs: string[] = [];
      const { id, world, owner, server, run, adas } = await served(['ada', 'bob'], {
        begin: world => {
          world.effects = {
            parlour: {
              save: (_data, about) => {
                runs.push(about.key);
                if (runs.length < 3) throw new Error('not yet');
              },
            },
          };
        },
      });
      await run(adas.start());
      await run(adas.act.save({ what: 'x' }));
      await run(server.close(id));
      await world.clock.waitUntil('she hears', () => adas.ended?.code === 'room-missing', 50);
      await world.clock.advance(1_000);
      assert.ok(memoryStoreRoom(world, id));
      await assert.rejects(run(world.client('eve', 'a').client.watch(turns, { id })), { code: 'room-missing' });
      if (how === 'dies') world.kill(owner);
      await world.clock.waitUntil('it is done', () => runs.length >= 3, 70_000);
      await gone(world, id);
      assert.equal(new Set(runs).size, 1);
    }
  });
});

describe('a view that opens at the end', () => {
  it('[V1] [V4] shows nothing before, all of it in the entry that ends the match, and nothing again in the next', async () => {
    const { world, owner, clients, rooms } = await openRoom(hiddenCards, hiddenCardsGame, ['ada', 'bob'], {
      begin: () => {},
    });
    const [adas, bobs] = rooms as [(typeof rooms)[0] & object, (typeof rooms)[0] & object];
    const eve = world.client('eve', 'c');
    const eves = await world.clock.run(eve.client.watch(hiddenCards, { id: adas.id }));
    const seen = () => [adas, bobs, eves].map(room => (room.state as unknown as { hand: string | null }).hand);
    await world.clock.run(adas.start());
    await world.clock.run(adas.act.next());
    const leaked = () => [clients[1]!, eve].some(({ bytes }) => bytes.join().includes('HIDDEN'));
    world.kill(owner);
    await world.clock.run(adas.act.next());
    await world.clock.advance(3_000);
    assert.deepEqual([seen(), leaked()], [['HIDDEN', null, null], false]);
    await world.clock.run(adas.act.end());
    await world.clock.waitUntil('all see it', () => seen().every(hand => hand === 'HIDDEN'), 50);
    const late = await world.clock.run(world.client('zoe', 'a').client.watch(hiddenCards, { id: adas.id }));
    assert.equal((late.state as unknown as { hand: string }).hand, 'HIDDEN');
    await world.clock.run(adas.start());
    await world.clock.waitUntil('it is hidden again', () => seen().join() === 'HIDDEN,,', 50);
  });
});
