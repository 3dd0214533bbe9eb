import assert from 'node:assert/strict';
import type { Room } from '../../../client/room.ts';
import type { JoinSuccess } from '../../../shared/protocol.ts';
import { turns, turnsGame } from '../bot-games.ts';
import { documentOf, openRoom, openRawConnection } from './cluster-room-fixture.ts';
import {
  actionsDone,
  openLatecomersRoom,
  disconnectFor,
  latecomers,
  type LatecomersFixture,
} from './latecomers-fixture.ts';
import { ledger, ledgerGame } from './games.ts';
import { TestCluster, type TestClient } from '../../../testkit/test-cluster.ts';

/** The client's connection is lost in the moment in which the store has the next entry of the room. */
function cutAtNextEntry({ world, id }: Pick<LatecomersFixture, 'world' | 'id'>, client: TestClient): void {
  world.faultFor = call => {
    if (call.op !== 'append' || call.room !== id) return undefined;
    world.faultFor = () => undefined;
    client.isOffline = true;
    for (const line of [...client.connections]) line.breakConnection();
    return undefined;
  };
}

/** Requests that a client has sent, by name. */
function requests(client: TestClient): Map<string, number> {
  const counts = new Map<string, number>();
  const before = client.onMessage;
  client.onMessage = (name, text) => {
    before(name, text);
    if (name.endsWith('!')) counts.set(name.slice(0, -1), (counts.get(name.slice(0, -1)) ?? 0) + 1);
  };
  return counts;
}

describe('holds: a seat lost and taken again', () => {
  it('[A10] [A11] an action whose verdict was lost is not done again in the seat taken after it', async () => {
    const table = await openLatecomersRoom();
    const { world, bob, adas, bobs } = table;
    cutAtNextEntry(table, bob);
    const said = bobs.act.add({ id: 'once' });
    await world.clock.advance(70_000);
    bob.isOffline = false;
    assert.deepEqual(await world.clock.run(said), { ok: false, code: 'unknown', detail: 'seat-lost' });
    await world.clock.waitUntil('Bob is back', () => bobs.live);
    assert.ok((await world.clock.run(bobs.act.add({ id: 'again' }))).ok);
    await world.clock.advance(2_000);
    assert.deepEqual(actionsDone(adas), ['1: once', '2: again']);
    assert.equal(bobs.seat, 2);
  });

  it('[A11] with verdicts before the loss, every action after it is answered at once', async () => {
    const { world, id: room, bob, bobs } = await openLatecomersRoom();
    // else the room would follow Ada to her node, under a new term
    await world.clock.run(world.client('eve', 'b').client.join(latecomers, { id: room }));
    for (const id of ['x', 'y']) assert.ok((await world.clock.run(bobs.act.add({ id }))).ok);
    const resumed: unknown[] = [];
    bobs.onResume(how => resumed.push(how.seatLost));
    await disconnectFor(world, bob, 70_000);
    const counts = requests(bob);
    await world.clock.waitUntil('Bob is back', () => bobs.live);
    assert.ok((await world.clock.run(bobs.act.add({ id: 'z' }))).ok);
    await world.clock.advance(5_000);
    assert.deepEqual(resumed, ['expired']);
    assert.equal(counts.get('act'), 1);
    assert.equal(counts.get('join'), 2, 'refused as the old hold, and let in as a new one');
  });

  it('[A11] an action that was never sent is refused with the loss, not `unknown`', async () => {
    const { world, bob, adas, bobs } = await openLatecomersRoom();
    world.disconnect(bob);
    await world.clock.advance(10);
    const said = bobs.act.add({ id: 'never' });
    await world.clock.advance(70_000);
    bob.isOffline = false;
    assert.deepEqual(await world.clock.run(said), { ok: false, code: 'seat-lost', detail: 'expired' });
    await world.clock.advance(2_000);
    assert.deepEqual(actionsDone(adas), []);
  });

  it('[A11] [I2] presses that had not counted are dropped, what is held goes on, and new presses count', async () => {
    const { world, bob, adas, bobs } = await openLatecomersRoom();
    for (let i = 0; i < 3; i++) bobs.input.fire();
    await world.clock.waitUntil('they count', () => adas.state!.fired[1] === 3);
    world.disconnect(bob);
    bobs.input.fire();
    bobs.input.steer(4);
    await world.clock.advance(70_000);
    bob.isOffline = false;
    await world.clock.waitUntil('Bob is back', () => bobs.live);
    await world.clock.waitUntil('what he holds counts', () => adas.state!.steer[bobs.seat!] === 4, 2_000);
    await world.clock.advance(1_000);
    assert.deepEqual(adas.state!.fired, [0, 3, 0]);
    bobs.input.fire();
    await world.clock.waitUntil('a new press counts', () => adas.state!.fired[2] === 1, 1_000);
  });

  it('[A12] a copy of an action that arrives after the loss does nothing', async () => {
    const { world, id, adas, bob, bobs } = await openLatecomersRoom();
    const { session } = documentOf(world, id).hidden.seats[1]!;
    assert.ok((await world.clock.run(bobs.act.add({ id: 'x' }))).ok);
    const { term } = bobs;
    const late = {
      k: 'act',
      player: 'bob',
      session,
      name: 'add',
      data: { id: 'late' },
      number: { n: 1, term },
    } as const;
    const ask = () => world.clock.run(world.node('a').node.router.request(id, late)) as Promise<{ code: string }>;
    assert.ok((await world.clock.run(bobs.leave())).confirmed);
    assert.equal((await ask()).code, 'seat-lost');
    const again = await world.clock.run(bob.client.join(latecomers, { id }));
    assert.equal((await ask()).code, 'not-in-room');
    await world.clock.advance(100);
    assert.deepEqual(actionsDone(adas), ['1: x']);
    assert.equal(again.seat, 2);
  });

  it('[S9] after leaving and joining again `seat` is the one that rules use, and a player is listed once', async () => {
    const { world, id, bob, adas, bobs } = await openLatecomersRoom();
    assert.ok((await world.clock.run(bobs.leave())).confirmed);
    const eve = world.client('eve', 'c');
    const eves = await world.clock.run(eve.client.join(latecomers, { id })); // in free seat 2
    const again = await world.clock.run(bob.client.join(latecomers, { id }));
    const zoe = world.client('zoe', 'c');
    const zoes = await world.clock.run(zoe.client.join(latecomers, { id })); // in the seat that Bob left
    assert.deepEqual([eves.seat, again.seat, zoes.seat], [2, 3, 1]);
    const heard: unknown[] = [];
    adas.onSignal('emote', (said, from) => heard.push([said, from]));
    again.signal.emote('hi');
    assert.ok((await world.clock.run(again.act.add({ id: 'x' }))).ok);
    await world.clock.advance(100);
    assert.deepEqual(actionsDone(again), ['3: x']);
    assert.deepEqual(heard, [['hi', 3]]);
    for (const room of [adas, again, zoes])
      assert.deepEqual(
        room.players.map(p => p?.player),
        ['ada', 'zoe', 'eve', 'bob'],
      );
  });

  it('[S9] a seat that was left shows its name and why, and no player', async () => {
    const { world, adas, bobs } = await openLatecomersRoom();
    await world.clock.run(bobs.leave());
    await world.clock.waitUntil('Ada sees it', () => adas.players[1]!.out);
    const { player, name, why, here, hold } = adas.players[1]!;
    assert.deepEqual([player, name, why, here, hold], [null, 'bob', 'left', false, 2]);
  });

  it('[S10] [A11] left in another tab: the first tab ends with the reason, and nothing of it counts any more', async () => {
    const { world, id, bob, adas, bobs } = await openLatecomersRoom();
    const tab = world.client('bob', 'a');
    const other = openRawConnection(world, world.node('a'), 'bob');
    const session = documentOf(world, id).hidden.seats[1]!.session;
    assert.ok(
      (await other.ask('join', { room: id, session, resume: true })).ok,
      'a second connection with the same session',
    );
    const heard: unknown[] = [];
    adas.onSignal('emote', said => heard.push(said));
    bobs.signal.emote('before');
    assert.ok((await world.clock.run(bobs.leave())).confirmed);
    await world.clock.advance(20);
    other.say('signal', { room: id, name: 'emote', data: 'after' });
    other.say('input', { room: id, n: 1, press: { fire: 1 } });
    assert.equal((await other.ask('act', { room: id, name: 'add', data: { id: 'x' } })).code, 'not-in-room');
    await world.clock.advance(100);
    assert.deepEqual([heard, adas.state!.fired[1], actionsDone(adas)], [['before'], 0, []]);
    assert.deepEqual(
      [bob.client.status.state, tab.client.status.state, other.connection.rooms.size],
      ['live', 'live', 0],
    );
  });

  it('[S10] [A11] a room whose seat was given up by another connection ends: seat-lost, left', async () => {
    const { world, id, bobs } = await openLatecomersRoom();
    const session = documentOf(world, id).hidden.seats[1]!.session;
    const other = openRawConnection(world, world.node('a'), 'bob');
    let ended = '';
    bobs.onEnd(({ code, detail }) => {
      ended = `${code}, ${detail}`;
    });
    assert.ok((await other.ask('leave' as never, { room: id, session, seat: true })).ok);
    await world.clock.waitUntil('it ends', () => ended !== '', 1_000);
    assert.equal(ended, 'seat-lost, left');
    assert.deepEqual(await world.clock.run(bobs.act.add({ id: 'x' })), {
      ok: false,
      code: 'seat-lost',
      detail: 'left',
    });
  });

  it('[S10] [G3] a loss that a node is not told of is told again; then that connection signals nothing any more', async () => {
    const { world, id, adas, bobs } = await openLatecomersRoom();
    const session = documentOf(world, id).hidden.seats[1]!.session;
    const other = openRawConnection(world, world.node('a'), 'bob');
    assert.ok((await other.ask('join', { room: id, session, resume: true })).ok);
    const heard: unknown[] = [];
    adas.onSignal('emote', said => heard.push(said));
    world.dropsMessage = (_from, _to, text) => text.includes('"seat-lost"');
    assert.ok((await world.clock.run(bobs.leave())).confirmed);
    await world.clock.advance(100);
    other.say('signal', { room: id, name: 'emote', data: 'not told yet' });
    world.dropsMessage = () => false;
    await world.clock.waitUntil('it is told', () => other.connection.rooms.size === 0, 2_500);
    other.say('signal', { room: id, name: 'emote', data: 'told' });
    await world.clock.advance(100);
    assert.deepEqual(heard, ['not told yet']);
  });

  it('[A10] a window that was replaced longer ago than is remembered does not take the seat back', async () => {
    const { world, id, bob, bobs } = await openLatecomersRoom();
    world.disconnect(bob);
    const other = openRawConnection(world, world.node('a'), 'bob');
    for (let i = 0; i < 7; i++) assert.ok((await other.ask('join', { room: id, session: `tab-${i}` })).ok);
    bob.isOffline = false;
    await world.clock.waitUntil('it ends', () => bobs.ended !== null);
    assert.equal(bobs.ended?.code, 'session-replaced');
    assert.equal(documentOf(world, id).hidden.seats[1]!.session, 'tab-6');
  });

  it('[A10] where the history of the hold was lost, the player has a seat again, by another session', async () => {
    const { world, id, bobs, adas } = await openLatecomersRoom();
    const restore = world.saveStore();
    const tab = world.client('zoe', 'a');
    const zoes = await world.clock.run(tab.client.join(latecomers, { id }));
    const { session } = documentOf(world, id).hidden.seats[2]!;
    await world.clock.advance(200);
    restore();
    const lost = new Promise<unknown>(resolve => {
      zoes.onResume(resolve);
    });
    const how = (await world.clock.run(lost)) as { lost: boolean; seatLost?: string };
    assert.deepEqual([how.lost, how.seatLost], [true, 'forgotten']);
    assert.ok((await world.clock.run(zoes.act.add({ id: 'x' }))).ok);
    assert.notEqual(documentOf(world, id).hidden.seats[zoes.seat!]!.session, session);
    await world.clock.waitUntil('all see it', () => [adas, bobs].every(room => actionsDone(room).length === 1));
  });

  it('[A10] a join whose answer is lost, and whose seat expires meanwhile, is asked again by another session', async () => {
    const world = new TestCluster([ledgerGame]);
    await world.start('a', 'b');
    const ada = world.client('ada', 'a');
    const adas = await world.clock.run(ada.client.create(ledger));
    const bob = world.client('bob', 'b');
    cutAtNextEntry({ world, id: adas.id }, bob);
    const joining = bob.client.join(ledger, { id: adas.id });
    await world.clock.advance(70_000); // the match begins with him, and he forfeits
    bob.isOffline = false;
    const bobs = await world.clock.run(joining);
    assert.equal(bobs.seat, 1, 'a forfeited seat is still his');
    assert.equal(bobs.players[1]!.why, 'forfeited');
  });

  it('[A11] a match that takes nobody any more: the room ends with the loss', async () => {
    const party = await openRoom(turns, turnsGame(null, { away: { hold: 2_000, then: 'leave' } }), [
      'ada',
      'bob',
      'eve',
    ]);
    const { world, rooms, clients } = party;
    assert.ok((await world.clock.run(rooms[0]!.start())).ok);
    await disconnectFor(world, clients[1]!, 10_000);
    await world.clock.waitUntil('it ends', () => rooms[1]!.ended !== null);
    assert.deepEqual(rooms[1]!.ended, { ok: false, code: 'seat-lost', detail: 'expired' });
    assert.equal(rooms[1]!.status.state, 'refused');
  });

  it('[A11] who is another player now has no seat: the room ends', async () => {
    const { world, bob, bobs } = await openLatecomersRoom();
    world.disconnect(bob);
    bob.identify = () => ({ player: 'somebody', name: 'somebody', token: '' });
    bob.isOffline = false;
    await world.clock.waitUntil('it ends', () => bobs.ended !== null);
    assert.deepEqual(bobs.ended, { ok: false, code: 'seat-lost', detail: 'identity' });
  });

  it('[A11e] who is another player now does not do in a new seat what was asked before', async () => {
    const { world, bob, bobs, adas } = await openLatecomersRoom();
    world.disconnect(bob);
    await world.clock.advance(70_000);
    const sessionOf = () => (bobs.sync as unknown as { session: string }).session;
    const before = sessionOf();
    bob.isOffline = false;
    await world.clock.waitUntil('the loss is known', () => sessionOf() !== before);
    world.disconnect(bob);
    const asked = bobs.act.add({ id: 'before' });
    bob.identify = () => ({ player: 'somebody', name: 'somebody', token: '' });
    bob.isOffline = false;
    assert.deepEqual(await world.clock.run(asked), { ok: false, code: 'seat-lost', detail: 'identity' });
    assert.deepEqual(bobs.ended, { ok: false, code: 'seat-lost', detail: 'identity' });
    await world.clock.advance(2_000);
    assert.deepEqual(actionsDone(adas), []);
  });

  it('[S8] every way to lose a seat frees it, resets its inputs, and tells all members why', async () => {
    const { world, id, bob, adas } = await openLatecomersRoom();
    const told: string[] = [];
    adas.onLeft(({ seat, name, why }) => told.push(`${name} ${seat} ${why}`));
    const ways: [string, (seat: number) => Promise<unknown>][] = [
      [
        'left',
        async () => {
          await world.clock.run((await world.clock.run(bob.client.join(latecomers, { id }))).leave());
        },
      ],
      [
        'expired',
        async () => {
          await disconnectFor(world, bob, 62_000);
        },
      ],
      [
        'kicked',
        async seat => {
          await world.clock.run(adas.kick(seat));
        },
      ],
    ];
    for (const [why, way] of ways) {
      const bobs = await world.clock.run(bob.client.join(latecomers, { id }));
      bobs.input.fire();
      await world.clock.waitUntil('it counts', () => adas.info.inputs[bobs.seat!]! > 0, 3_000);
      const { seat } = bobs;
      const inputs = () =>
        (world.owner(id)!.node.ownedRooms.get(id) as unknown as { inputBuffer: { players: Map<string, unknown> } })
          .inputBuffer.players;
      assert.equal(inputs().has('bob'), true);
      bobs.close();
      await world.clock.advance(10);
      if (why === 'kicked') await world.clock.run(bob.client.join(latecomers, { id }));
      await way(seat!);
      await world.clock.waitUntil('Ada hears of it', () => told.at(-1) === `bob ${seat} ${why}`);
      const { hidden, room } = documentOf(world, id);
      assert.deepEqual([hidden.seats[seat!], room.seats[seat!]!.player, inputs().has('bob')], [null, null, false], why);
      assert.equal(
        Object.keys(hidden.timers).some(t => t.includes('bob')),
        false,
      );
    }
    assert.deepEqual(
      adas.state!.left,
      ['1 left', '2 expired', '3 kicked'].map((_x, i) => told[i]!.replace(/^bob /, '')),
    );
    const refusal = (await world.clock.run(bob.client.join(latecomers, { id }).catch((error: unknown) => error))) as {
      code: string;
    };
    assert.equal(refusal.code, 'kicked');
  });

  it('[S8] a seat that was forfeited is lost when the next match begins without its player', async () => {
    const {
      world,
      rooms: [adas, bobs, eves],
      clients,
    } = (await openRoom(turns, turnsGame(null, { away: { hold: 2_000, then: 'forfeit' } }), ['ada', 'bob', 'eve'])) as {
      world: TestCluster;
      rooms: Room<typeof turns.def>[];
      clients: TestClient[];
    };
    assert.ok((await world.clock.run(adas!.start())).ok);
    world.disconnect(clients[1]!);
    await world.clock.waitUntil('Bob forfeits', () => adas!.players[1]!.why === 'forfeited', 10_000);
    assert.ok((await world.clock.run(adas!.act.finish({}))).ok);
    assert.ok((await world.clock.run(adas!.start())).ok);
    await world.clock.waitUntil('Eve has moved up', () => eves!.seat === 1);
    clients[1]!.isOffline = false;
    await world.clock.waitUntil('his room ends', () => bobs!.ended !== null);
    assert.deepEqual(bobs!.ended, { ok: false, code: 'seat-lost', detail: 'forfeited' });
    assert.ok((await world.clock.run(eves!.act.save({ what: 'x' }))).ok);
  });

  it('[S9] the numbers of holds are never used again', async () => {
    const { world, id, bob, bobs } = await openLatecomersRoom();
    await world.clock.run(bobs.leave());
    const raw = openRawConnection(world, world.node('a'), 'bob');
    const joined = (await raw.ask('join', { room: id })) as unknown as JoinSuccess;
    assert.deepEqual([joined.hold, joined.seat], [3, 2]);
    assert.equal(joined.view!.room.seats.filter(s => s?.hold === joined.hold).length, 1);
    assert.equal(bob.client.status.state, 'live');
  });
});
