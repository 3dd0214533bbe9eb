import assert from 'node:assert/strict';
import { limits } from '../../../shared/limits.ts';
import { makeRefusal } from '../../../shared/refusals.ts';
import { faultyGame, type FaultyState } from '../faulty-game.ts';
import { playerOf, seatedRoom } from '../room-machine.ts';
import { documentOf, openRoom, openRawConnection } from './cluster-room-fixture.ts';
import { openLatecomersRoom, latecomers } from './latecomers-fixture.ts';
import { hands, handsGame, ledger } from './games.ts';
import { openLedgerRoom } from './ledger-fixture.ts';
import type { TestCluster } from '../../../testkit/test-cluster.ts';

const membersOf = (world: TestCluster, id: string): string[] =>
  world
    .owner(id)!
    .node.ownedRooms.get(id)!
    .members.list()
    .filter(m => !m.watch)
    .map(m => m.player)
    .sort();
const holderOf = (world: TestCluster, id: string, seat: number): string | null =>
  documentOf(world, id).hidden.seats[seat]?.player ?? null;

describe('leaving a room', () => {
  it('[S13] it is confirmed, and the others learn why', async () => {
    const { world, adas, bobs } = await openLatecomersRoom();
    const told: unknown[] = [];
    adas.onLeft(who => told.push(who));
    assert.deepEqual(await world.clock.run(bobs.leave()), { confirmed: true });
    await world.clock.waitUntil('Ada is told', () => told.length > 0);
    assert.deepEqual(told, [{ seat: 1, name: 'bob', why: 'left' }]);
    assert.deepEqual(adas.state!.left, ['1 left']);
    assert.equal(bobs.ended?.code, 'left');
    assert.equal(bobs.status.state, 'closed');
  });

  it('[S13] without a connection: the caller is told that nothing is known, and the seat is given up when there is one', async () => {
    const { world, id, bob, adas, bobs } = await openLatecomersRoom();
    world.disconnect(bob);
    await world.clock.advance(100);
    const leaving = bobs.leave();
    assert.deepEqual(await world.clock.run(leaving, 'an answer', 11_000), { confirmed: false, code: 'unavailable' });
    assert.equal(bobs.ended?.code, 'left');
    assert.equal(holderOf(world, id, 1), 'bob');
    bob.isOffline = false;
    await world.clock.waitUntil('the seat is free', () => adas.players[1]?.why === 'left', 5_000);
  });

  it('[S13] while reconnecting: confirmed on the next connection, and the seat is not taken again on the way', async () => {
    const { world, id, bob, bobs } = await openLatecomersRoom();
    world.disconnect(bob);
    const leaving = bobs.leave();
    await world.clock.advance(2_000);
    bob.isOffline = false;
    assert.deepEqual(await world.clock.run(leaving), { confirmed: true });
    assert.deepEqual([holderOf(world, id, 1), bobs.ended?.code, membersOf(world, id)], [null, 'left', ['ada']]);
  });

  it('[S13] also where the owner is dead, and where the answer is lost', async () => {
    const { world, id, bob, bobs } = await openLatecomersRoom();
    world.kill(world.owner(id)!);
    const leaving = bobs.leave();
    await world.clock.advance(5);
    for (const line of [...bob.connections]) line.breakConnection();
    assert.deepEqual(await world.clock.run(leaving), { confirmed: true });
    assert.equal(holderOf(world, id, 1), null);
  });

  it('[S13] a token that is refused meanwhile does not end it: the connection that is open still gives the seat up', async () => {
    const { world, id, adas } = await openLatecomersRoom();
    const cy = world.client('cy', 'a', { storage: { getItem: () => 't:cy', setItem: () => {}, removeItem: () => {} } });
    const cys = await world.clock.run(cy.client.join(latecomers, { id }));
    const seat = cys.seat!;
    cy.identify = ({ token }) => makeRefusal(token === undefined ? 'unavailable' : 'bad-token');
    world.faultFor = () => ({ lose: 'request' });
    void cys.leave();
    cy.client.move(); // to another node, where the token is refused, and then a guest cannot be made
    await world.clock.advance(8_000);
    assert.equal(cy.client.status.state, 'live');
    world.faultFor = () => undefined;
    await world.clock.waitUntil('the seat is free', () => adas.players[seat]?.why === 'left', 20_000);
  });

  it('[S13] asked twice it is one leaving; a closed client reports it as not delivered', async () => {
    const { world, bob, bobs } = await openLatecomersRoom();
    assert.equal(bobs.leave(), bobs.leave());
    await world.clock.run(bobs.leave());
    const again = await world.clock.run(bob.client.join(latecomers, { id: bobs.id }));
    world.disconnect(bob);
    const leaving = again.leave();
    bob.client.close();
    assert.deepEqual(await world.clock.run(leaving), { confirmed: false, code: 'left' });
  });

  it('[S13] a join of the same room withdraws it, by id and by code', async () => {
    for (const by of ['id', 'code'] as const) {
      const { world, id, bob, bobs } = await openLatecomersRoom();
      world.disconnect(bob);
      const leaving = bobs.leave();
      const joining = bob.client.join(latecomers, by === 'id' ? { id } : { code: bobs.code.toLowerCase() });
      assert.deepEqual(await world.clock.run(leaving), { confirmed: false, code: 'left' });
      bob.isOffline = false;
      const again = await world.clock.run(joining);
      await world.clock.advance(3_000);
      assert.deepEqual(
        [again.seat, again.ended, documentOf(world, id).hidden.holds, membersOf(world, id)],
        [1, null, 2, ['ada', 'bob']],
        by,
      );
    }
  });

  it('[S13] a call to watch the same room does not withdraw it', async () => {
    for (const offline of [true, false]) {
      const { world, id, bob, bobs } = await openLatecomersRoom();
      if (offline) world.disconnect(bob);
      const leaving = bobs.leave();
      const watching = bob.client.watch(latecomers, { id });
      bob.isOffline = false;
      const watched = await world.clock.run(watching);
      assert.deepEqual(await world.clock.run(leaving), { confirmed: true });
      await world.clock.advance(3_000);
      assert.deepEqual(
        [holderOf(world, id, 1), bobs.ended?.code, watched.ended, watched.live],
        [null, 'left', null, true],
        `offline: ${offline}`,
      );
    }
  });

  it('[S13] [A13] leave and join at once, in any order: the last one counts', async () => {
    const { world, id, bob, bobs } = await openLatecomersRoom();
    const leaving = bobs.leave();
    const again = await world.clock.run(bob.client.join(latecomers, { id }));
    assert.ok(await world.clock.run(leaving));
    await world.clock.advance(3_000);
    assert.equal(again.ended, null);
    assert.ok((await world.clock.run(again.act.add({ id: 'x' }))).ok);
    const joining = bob.client.join(latecomers, { id });
    const left = again.leave();
    const third = await world.clock.run(joining);
    await world.clock.run(left);
    await world.clock.advance(3_000);
    assert.deepEqual([third.ended, third.seat !== null, membersOf(world, id)], [null, true, ['ada', 'bob']]);
    assert.ok((await world.clock.run(third.act.add({ id: 'y' }))).ok);
  });

  it('[S12] after close() the seat can still be given up', async () => {
    const { world, id, bobs } = await openLatecomersRoom();
    bobs.close();
    await world.clock.advance(100);
    assert.equal(holderOf(world, id, 1), 'bob');
    assert.deepEqual(await world.clock.run(bobs.leave()), { confirmed: true });
    assert.equal(holderOf(world, id, 1), null);
  });

  it('[S12] an older window does not give up the seat of a newer one', async () => {
    const { world, id, bob, bobs } = await openLatecomersRoom();
    world.disconnect(bob);
    const tab = world.client('bob', 'a');
    const newer = await world.clock.run(tab.client.join(latecomers, { id }));
    const leaving = bobs.leave();
    bob.isOffline = false;
    assert.deepEqual(await world.clock.run(leaving), { confirmed: false, code: 'session-replaced' });
    assert.ok((await world.clock.run(newer.act.add({ id: 'x' }))).ok);
  });

  it('[S12] what is asked of a room without a seat, or twice, changes nothing', async () => {
    const { world, id, bobs } = await openLatecomersRoom();
    const raw = openRawConnection(world, world.node('a'), 'eve');
    const { position } = bobs;
    for (let i = 0; i < 2; i++)
      assert.deepEqual(await raw.ask('leave' as never, { room: id, session: 'none', seat: true }), { ok: true });
    assert.equal((await raw.ask('leave' as never, { room: id, seat: true })).code, 'not-in-room');
    await world.clock.advance(200);
    assert.deepEqual(
      documentOf(world, id).hidden.seats.map(s => s?.player ?? null),
      ['ada', 'bob', null, null],
    );
    assert.ok(position);
  });

  it('[S14] close() while a join is on its way leaves no member behind', async () => {
    const { world, id, bobs } = await openLatecomersRoom();
    // The answers to Bob's node are late: his join is on its way while he closes the room.
    world.copyDelays = (_from, to) => (to === 'b' ? [400] : [0]);
    bobs.sync.rejoin();
    await world.clock.advance(50);
    bobs.close();
    await world.clock.advance(6_000);
    world.copyDelays = () => [0];
    await world.clock.advance(6_000);
    assert.deepEqual(membersOf(world, id), ['ada']);
    assert.equal(documentOf(world, id).room.seats[1]!.here, false);
  });

  it('[S14] [A13] a join and a leave in the same moment, without the SDK', async () => {
    const { world, id } = await openLatecomersRoom();
    const raw = openRawConnection(world, world.node('a'), 'eve');
    const { clientRequests } = world.node('a').node;
    const join = clientRequests.handle(raw.connection, 'join', { room: id, session: 'first' });
    const leave = clientRequests.handle(raw.connection, 'leave', { room: id, session: 'first' });
    await world.clock.run(Promise.all([join, leave]));
    await world.clock.advance(3_000);
    assert.deepEqual([raw.connection.rooms.size, membersOf(world, id)], [0, ['ada', 'bob']]);
    // A leave of another session is not for this membership.
    await raw.ask('join', { room: id, session: 'second' });
    await raw.ask('leave' as never, { room: id, session: 'first' });
    assert.equal(raw.connection.rooms.get(id)?.session, 'second');
  });

  it('[A13] joins of one room by one connection at the same moment: it has the last one, and hears', async () => {
    const { world, id, adas } = await openLatecomersRoom();
    const raw = openRawConnection(world, world.node('a'), 'eve');
    const subscribed = new Set<string>();
    Object.assign(raw.connection.link, {
      subscribe: (c: string) => void subscribed.add(c),
      unsubscribe: (c: string) => void subscribed.delete(c),
      sendEncoded: ({ json }: { json: string }) => void raw.heard.push(JSON.parse(json) as unknown[]),
    });
    const { clientRequests } = world.node('a').node;
    const replies = (await world.clock.run(
      Promise.all(
        ['one', 'two', 'three'].map(session => clientRequests.handle(raw.connection, 'join', { room: id, session })),
      ),
    )) as { ok: boolean }[];
    assert.deepEqual(
      replies.map(r => r.ok),
      [true, true, true],
    );
    const { session } = documentOf(world, id).hidden.seats[2]!;
    assert.deepEqual([session, raw.connection.rooms.get(id)?.session], ['three', 'three']);
    raw.heard.length = 0;
    assert.ok((await world.clock.run(adas.act.add({ id: 'x' }))).ok);
    await world.clock.advance(50);
    assert.ok(raw.heard.length > 0);
    assert.ok(subscribed.size > 0);
  });
});

describe('admission', () => {
  it('[S11] a player who is refused is never subscribed, however often it asks', async () => {
    const { world, id, adas, bobs } = await openLatecomersRoom();
    await world.clock.run(adas.kick(1));
    await world.clock.waitUntil('Bob is out', () => bobs.ended !== null);
    for (const node of ['a', 'b', 'c']) {
      const raw = openRawConnection(world, world.node(node), 'bob');
      const subscribed: string[] = [];
      Object.assign(raw.connection.link, { subscribe: (c: string) => void subscribed.push(c) });
      for (let i = 0; i < 5; i++) {
        const asked = world
          .node(node)
          .node.clientRequests.handle(raw.connection, 'join', { room: id, session: `s${i}`, watch: i % 2 === 1 });
        void adas.act.add({ id: `${node}${i}` });
        assert.equal(((await world.clock.run(asked)) as { code: string }).code, 'kicked');
      }
      await world.clock.advance(100);
      assert.deepEqual([subscribed, raw.heard], [[], []]);
    }
  });

  it('[S11] [C1] what is committed while somebody is let in is not lost: one join is enough', async () => {
    for (const takeover of [false, true]) {
      for (let delay = 0; delay < 40; delay++) {
        const table = await openLedgerRoom(['a', 'b', 'c', 'd'], { seed: 300 + delay });
        const { world, id, adas } = table;
        await world.clock.advance(takeover ? 0 : 3_000);
        if (takeover) {
          world.kill(table.owner); // the next owner broadcasts, since it does not know all members yet
          assert.ok((await world.clock.run(adas.act.add({ id: 'first' }))).ok);
          // The owner's answers come later than what it broadcasts.
          world.copyDelays = (_from, to) => (to === 'b' ? [Math.floor(world.random() * 4)] : [0]);
        }
        const zoe = world.client('zoe', 'b');
        await world.clock.waitUntil('she is connected', () => zoe.client.status.state === 'live');
        let joins = 0;
        zoe.onMessage = name => {
          if (name === 'join!') joins += 1;
        };
        const joining = zoe.client.watch(ledger, { id });
        await world.clock.advance(delay * 0.1);
        const acts = [1, 2, 3].map(i => adas.act.add({ id: `x${i}` }));
        const zoes = await world.clock.run(joining);
        for (const act of acts) assert.ok((await world.clock.run(act)).ok);
        await world.clock.waitUntil('she sees it all', () => zoes.state!.done.length === (takeover ? 4 : 3), 200);
        assert.equal(joins, 1, `after ${delay}`);
      }
    }
  });

  it('[S11] a game with views: nothing of a seat is sent before its player is in', async () => {
    const { world, id, rooms } = await openRoom(hands, handsGame, ['ada', 'bob']);
    await world.clock.waitUntil('it begins', () => rooms[0]!.info.phase === 'playing');
    const raw = openRawConnection(world, world.node('a'), 'bob');
    const subscribed: string[] = [];
    Object.assign(raw.connection.link, { subscribe: (c: string) => void subscribed.push(c) });
    const asked = world.node('a').node.clientRequests.handle(raw.connection, 'join', { room: id, session: 'tab' });
    assert.deepEqual(subscribed, []);
    assert.ok(((await world.clock.run(asked)) as { ok: boolean }).ok);
    assert.deepEqual(subscribed, [`room:${id}:player:bob`]);
  });

  it('[S6] a watcher who catches up in a room with as many watchers as may is not one too many', async () => {
    const { world, id } = await openLatecomersRoom();
    const { members } = world.owner(id)!.node.ownedRooms.get(id)!;
    for (let i = 1; i < limits.watchers; i++)
      members.add(
        { node: world.node('c').node.id, conn: `w${i}` },
        { player: `w${i}`, session: 's', watch: true },
        world.clock.mono(),
      );
    const last = openRawConnection(world, world.node('a'), 'last');
    for (let times = 0; times < 2; times++)
      assert.ok((await last.ask('join', { room: id, watch: true, session: 's' })).ok);
    assert.equal(
      (await openRawConnection(world, world.node('b'), 'late').ask('join', { room: id, watch: true })).code,
      'too-many-watching',
    );
  });
});

describe('those who leave, and the rules', () => {
  const left = (room: ReturnType<typeof seatedRoom>): string[] => (room.room.doc.state as unknown as FaultyState).log;

  it('[S3] `left` is told why, for every way', async () => {
    const { world, bob, adas } = await openLatecomersRoom();
    const eve = world.client('eve', 'a');
    const eves = await world.clock.run(eve.client.join(latecomers, { id: adas.id }));
    world.disconnect(bob);
    await world.clock.run(eves.leave());
    const zoe = world.client('zoe', 'a');
    await world.clock.run(zoe.client.join(latecomers, { id: adas.id }));
    await world.clock.run(adas.kick(3));
    await world.clock.waitUntil("Bob's hold is over", () => adas.state!.left.length === 3, 70_000);
    assert.deepEqual(adas.state!.left, ['2 left', '3 kicked', '1 expired']);
  });

  it('[S3a] without `left`: a match goes on while `seats.min` are in play, also one', () => {
    const room = seatedRoom(faultyGame({ noLeft: true }, { seats: { min: 1, max: 3 } }), 3);
    for (const seat of [0, 2]) assert.equal(room.act(seat, '$leave'), 'ok');
    assert.equal(room.room.doc.room.phase, 'playing');
    assert.equal(room.act(1, 'draw'), 'ok');
    const two = seatedRoom(faultyGame({ noLeft: true }, { seats: { min: 2, max: 3 } }), 3);
    for (const seat of [0, 2]) assert.equal(two.act(seat, '$leave'), 'ok');
    assert.deepEqual(two.room.doc.room.result, { ranking: [[1], [0, 2]] });
  });

  it('[S3a] [S3d] with `left` the rules decide; where it fails, the engine does', () => {
    const room = seatedRoom(faultyGame({}, { seats: { min: 2, max: 3 } }), 3);
    for (const seat of [0, 2]) assert.equal(room.act(seat, '$leave'), 'ok');
    assert.equal(room.room.doc.room.phase, 'playing');
    const failing = seatedRoom(faultyGame({ left: true }, { seats: { min: 2, max: 3 } }), 3);
    for (const seat of [0, 2]) assert.equal(failing.act(seat, '$leave'), 'ok');
    assert.equal(failing.room.doc.room.phase, 'ended');
  });

  it('[S3b] nobody left: the match ends, whatever the rules say', () => {
    const room = seatedRoom(faultyGame({}, { seats: { min: 1, max: 2 } }), 2);
    for (const seat of [0, 1]) assert.equal(room.act(seat, '$leave'), 'ok');
    assert.equal(room.room.doc.room.phase, 'ended');
    assert.deepEqual(left(room), ['match 1', 'left 0', 'left 1']);
    assert.equal(playerOf(0), 'player-0');
  });
});
