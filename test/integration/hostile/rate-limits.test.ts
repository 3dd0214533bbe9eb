import assert from 'node:assert/strict';
import { Allowances } from '../../../server/sessions/allowances.ts';
import { limits } from '../../../shared/limits.ts';
import type { JoinReply } from '../../../shared/protocol.ts';
import { documentOf, openRoom, openRawConnection } from '../../unit/protocol/cluster-room-fixture.ts';
import { TestCluster } from '../../../testkit/test-cluster.ts';
import type { TestNode } from '../../../testkit/test-node.ts';
import { turns, turnsGame } from '../../unit/bot-games.ts';

/** Who abuses what everybody may do. */
describe('hostile players', () => {
  const waiting = async () => {
    const party = await openRoom(turns, turnsGame(), ['ada', 'bob']);
    return { ...party, code: documentOf(party.world, party.id).room.code };
  };
  /** A line from some address, as the gateway opens it. */
  const lineFrom = (world: TestCluster, host: TestNode, player: string, address: string | null) => {
    const link = {
      id: `raw-${player}-${Math.floor(world.random() * 1e9)}`,
      send: () => {},
      subscribe: () => {},
      unsubscribe: () => {},
      close: () => {},
    };
    const connection = host.node.clients.connect(link as never, { player, name: player }, address);
    return {
      connection,
      ask: (name: 'join' | 'create', body: unknown) =>
        world.clock.run(host.node.clientRequests.handle(connection, name, body)) as Promise<
          JoinReply & { detail?: string; retryAfter?: number; code?: string }
        >,
      end: () => host.node.clientRequests.disconnect(connection),
    };
  };

  it('[W7] codes cannot be found by trying: who has said too many wrong ones hears nothing of right ones, also on a new line', async () => {
    const { world, code } = await waiting();
    const eve = lineFrom(world, world.node('a'), 'eve', null);
    for (let i = 0; i < limits.wrongCodes.burst; i++)
      assert.equal((await eve.ask('join', { code: 'ZZZZZ', watch: true })).code, 'bad-code');
    const refused = await eve.ask('join', { code, watch: true });
    assert.deepEqual([refused.code, refused.detail], ['slow-down', 'too many wrong codes']);
    eve.end();
    const again = lineFrom(world, world.node('a'), 'eve', null);
    assert.equal((await again.ask('join', { code, watch: true })).code, 'slow-down');
    await world.clock.advance(refused.retryAfter! + 1);
    assert.equal((await again.ask('join', { code, watch: true })).ok, true);
  });

  it('[W7] right codes cost nothing', async () => {
    const { world, code } = await waiting();
    const eve = lineFrom(world, world.node('a'), 'eve', '10.1.1.1');
    for (let i = 0; i < limits.wrongCodes.burst * 2; i++)
      assert.equal((await eve.ask('join', { code, watch: true })).ok, true);
  });

  it('[W7] nor by many guests of one address, and other addresses do not notice', async () => {
    const { world, code } = await waiting();
    let tried = 0;
    for (let guest = 0; tried < limits.address.wrongCodes.burst; guest++) {
      const line = lineFrom(world, world.node('a'), `guest-${guest}`, '10.1.1.1');
      for (let i = 0; i < limits.wrongCodes.burst && tried < limits.address.wrongCodes.burst; i++, tried++)
        assert.equal((await line.ask('join', { code: 'ZZZZZ' })).code, 'bad-code');
      line.end();
    }
    assert.equal(
      (await lineFrom(world, world.node('a'), 'another', '10.1.1.1').ask('join', { code, watch: true })).code,
      'slow-down',
    );
    assert.equal(
      (await lineFrom(world, world.node('a'), 'elsewhere', '10.1.1.2').ask('join', { code, watch: true })).ok,
      true,
    );
  });

  it('[W2] [W8] new rooms are counted on over a new line, and over the guests of an address', async () => {
    const { world } = await waiting();
    const make = async (player: string, address: string) => {
      const line = lineFrom(world, world.node('a'), player, address);
      const reply = await line.ask('create', { game: 'parlour' });
      line.end();
      return reply.ok ? 'ok' : reply.code;
    };
    for (let i = 0; i < limits.creations.burst; i++) assert.equal(await make('eve', '10.1.1.1'), 'ok');
    assert.equal(await make('eve', '10.1.1.1'), 'slow-down');
    let made = limits.creations.burst;
    for (let guest = 0; guest < 200; guest++) if ((await make(`guest-${guest}`, '10.1.1.1')) === 'ok') made += 1;
    assert.ok(made >= limits.address.creations.burst && made < limits.address.creations.burst + 20, `${made} rooms`);
    assert.equal(await make('dan', '10.1.1.2'), 'ok');
  });

  it("[W8] seats cannot be squatted by the hundred; to come back to one's own is always free", async () => {
    const { world } = await waiting();
    const host = world.node('a');
    const rooms: string[] = [];
    for (let i = 0; i <= limits.newSeats.burst; i++) {
      const made = await world.clock.run(host.node.lobby.create(`host-${i}`, { game: 'parlour' }));
      assert.ok(made.ok);
      rooms.push(made.room);
    }
    const eve = () => lineFrom(world, host, 'eve', null);
    for (const room of rooms.slice(0, -1)) {
      const line = eve();
      assert.equal((await line.ask('join', { room })).ok, true);
      line.end();
    }
    const line = eve();
    const refused = await line.ask('join', { room: rooms.at(-1) });
    assert.deepEqual([refused.code, refused.detail], ['slow-down', 'too many new seats']);
    assert.ok(refused.retryAfter! > 0);
    assert.deepEqual(
      documentOf(world, rooms.at(-1)!).hidden.seats.filter(s => s !== null),
      [],
    );
    for (let i = 0; i < 3; i++) assert.equal((await line.ask('join', { room: rooms[0] })).ok, true);
    assert.equal((await line.ask('join', { room: rooms.at(-1), watch: true })).ok, true);
    assert.equal((await lineFrom(world, host, 'fay', null).ask('join', { room: rooms.at(-1) })).ok, true);
  });

  it('[W8] what was used up is remembered until it is whole again, and then forgotten', async () => {
    const { world } = await waiting();
    const host = world.node('a');
    const before = host.node.clients.allowances.size;
    for (let i = 0; i < 50; i++) {
      const line = lineFrom(world, host, `guest-${i}`, `10.2.${i}.1`);
      await line.ask('join', { code: 'ZZZZZ' });
      line.end();
    }
    assert.equal(host.node.clients.allowances.size, before + 100);
    await world.clock.advance(60_000);
    lineFrom(world, host, 'one more', '10.3.1.1');
    assert.ok(host.node.clients.allowances.size <= before + 2, `${host.node.clients.allowances.size}`);
  });

  it('[W8] a bound on memory goes before all else: of too many, those who are gone are forgotten', () => {
    const allowances = new Allowances();
    for (let i = 0; i < limits.rateLimitEntries + 500; i++) allowances.player(`p${i}`, 0).take('requests', 0);
    assert.equal(allowances.size, limits.rateLimitEntries);
  });

  it('[W8] a node that runs as many rooms as it may makes no more', async () => {
    const { world } = await waiting();
    const host = world.node('a');
    Object.defineProperty(host.node.ownedRooms, 'size', { get: () => limits.roomsPerNode });
    const reply = await lineFrom(world, host, 'eve', null).ask('create', { game: 'parlour' });
    assert.equal(reply.code, 'busy');
  });

  it('[H1] who was thrown out does not watch either, nor goes on watching elsewhere', async () => {
    const { world, id, rooms } = await waiting();
    const tab = openRawConnection(world, world.node('a'), 'bob');
    assert.ok((await tab.ask('join', { room: id, watch: true })).ok);
    await world.clock.run(rooms[0]!.kick(1));
    await world.clock.advance(1_500);
    assert.ok(tab.heard.some(([name, notice]) => name === 'notice' && (notice as { code: string }).code === 'kicked'));
    assert.equal(tab.connection.rooms.size, 0);
    assert.equal((await tab.ask('join', { room: id, watch: true })).code, 'kicked');
    assert.equal((await tab.ask('join', { room: id })).code, 'kicked');
  });

  it('[G2] [H1] who has left the room by its own wish says nothing to it any more', async () => {
    const { world, id, rooms } = await waiting();
    const heard: unknown[] = [];
    rooms[0]!.onSignal('emote', data => void heard.push(data));
    const bob = openRawConnection(world, world.node('b'), 'bob');
    assert.ok((await bob.ask('join', { room: id })).ok);
    bob.say('signal', { room: id, name: 'emote', data: 'hi' });
    assert.ok((await bob.ask('act', { room: id, name: '$leave' })).ok);
    bob.say('signal', { room: id, name: 'emote', data: 'gg' });
    await world.clock.advance(10);
    assert.deepEqual(heard, ['hi']);
  });

  it("[S2] a stranger who says a player's session does not keep the seat from being held as away", async () => {
    const { world, id, clients } = await waiting();
    const { session } = documentOf(world, id).hidden.seats[1]!;
    const eve = openRawConnection(world, world.node('b'), 'eve');
    assert.ok((await eve.ask('join', { room: id, watch: true, session })).ok);
    world.disconnect(clients[1]!);
    await world.clock.waitUntil(
      'bob is away',
      () => documentOf(world, id).room.seats[1]?.here === false,
      limits.presenceTimeout + 3_000,
    );
  });

  it('[O1] what no node can have said is dropped, and the node goes on', async () => {
    const { world, id, rooms } = await waiting();
    const owner = world.owner(id)!;
    const bus = world.hub.bus();
    const junk = [
      '',
      'null',
      '[]',
      '{}',
      '{"from":"x","ask":[1],"answer":[null],"news":[2]}',
      '{"from":"x","ask":[],"answer":[[]],"news":[[]]}',
      '{"from":"x","ask":[[1,"room",null],[2,"heads",5],[3,"adopt",null],[4,"nothing",{}]],"answer":[],"news":[["say",[1,null]],["notice",0],["taken",{}],["not-here",[]]]}',
      JSON.stringify({
        from: 'x',
        ask: [
          [1, 'room', [id, null]],
          [2, 'room', [id, { k: 'constructor' }]],
          [3, 'heads', { [id]: 7 }],
        ],
        answer: [],
        news: [['room-input', [id, { k: 'input', player: 'ada' }]]],
      }),
    ];
    for (const text of junk) await world.clock.run(bus.publish([{ node: owner.node.id, text }]));
    await world.clock.advance(50);
    assert.equal(world.owner(id), owner);
    assert.equal((await world.clock.run(rooms[0]!.ready())).ok, true);
    await world.clock.run(bus.close());
  });
});
