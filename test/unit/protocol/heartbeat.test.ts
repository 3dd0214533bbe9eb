import assert from 'node:assert/strict';
import { stick, stickGame } from '../bot-games.ts';
import { openRoom } from './cluster-room-fixture.ts';
import type { TestClient } from '../../../testkit/test-cluster.ts';

/** How often within so many ms a client asked for heads, and was told them unasked. */
async function heard(
  { world, clients }: Awaited<ReturnType<typeof openRoom>>,
  ms: number,
): Promise<{ asked: number; told: number }> {
  const times = { asked: 0, told: 0 };
  world.observer.onClientMessage = (client, name) => {
    if (client !== clients[0]) return;
    if (name === 'place!') times.asked += 1;
    if (name === 'h') times.told += 1;
  };
  await world.clock.advance(ms);
  delete world.observer.onClientMessage;
  return times;
}

describe('the keep-alive', () => {
  it('[C4] asks now and then alone where nothing happens, or changes come all the time: heads are told along with pings', async () => {
    const party = await openRoom(stick, stickGame(null), ['ada', 'bob'], { seed: 31 });
    await party.world.clock.advance(12_000);
    const quiet = await heard(party, 30_000);
    assert.ok(quiet.told >= 16 && quiet.told <= 18, `told ${quiet.told} times in 30 s, before the match`);
    assert.ok(quiet.asked >= 2 && quiet.asked <= 3, `asked ${quiet.asked} times in 30 s, before the match`);
    assert.ok((await party.world.clock.run(party.rooms[0]!.start())).ok);
    await party.world.clock.advance(3_000);
    const flowing = await heard(party, 30_000);
    assert.ok(flowing.told >= 16 && flowing.told <= 18, `told ${flowing.told} times in 30 s of the match`);
    assert.ok(flowing.asked >= 2 && flowing.asked <= 3, `asked ${flowing.asked} times in 30 s of the match`);
  });

  it('[C4] asks once a second where nobody tells, two when idle, and every third where changes come all the time', async () => {
    const party = await openRoom(stick, stickGame(null), ['ada', 'bob'], { seed: 31 });
    party.world.sendsHeads = false;
    const { asked: quiet } = await heard(party, 9_000);
    assert.ok(quiet >= 8 && quiet <= 10, `${quiet} times in 9 s, before the match`);
    await party.world.clock.advance(3_000);
    const { asked: idle } = await heard(party, 20_000);
    assert.ok(idle >= 9 && idle <= 12, `${idle} times in 20 s in which nothing happened`);
    assert.ok((await party.world.clock.run(party.rooms[0]!.start())).ok);
    await party.world.clock.advance(3_000);
    const { asked: flowing, told } = await heard(party, 9_000);
    assert.ok(flowing >= 2 && flowing <= 4, `${flowing} times in 9 s of the match`);
    assert.equal(told, 0);
  });

  it('[C4] asks where a node tells of some of its rooms alone', async () => {
    const { world, clients, rooms } = await openRoom(stick, stickGame(null), ['ada', 'bob'], { seed: 33 });
    const [{ client }] = clients as [TestClient];
    const second = await world.clock.run(client.create(stick, { private: true }));
    await world.clock.advance(12_000);
    // The node has lost the connection's hold on one of them.
    const [line] = clients[0]!.connections;
    line!.host.node.clients
      .all()
      .find(c => c.player === client.player)!
      .leaveRoom(rooms[0]!.id);
    let [joins, told] = [0, 0];
    world.observer.onClientMessage = (to, name) => {
      if (to !== clients[0]) return;
      if (name === 'join!') joins += 1;
      if (name === 'h') told += 1;
    };
    await world.clock.waitUntil('it joined again', () => joins > 0, 4_000);
    assert.ok(told > 0 && second.ended === null, 'it was told of the other meanwhile');
  });

  it('[C4] [C6] asks another node as soon as it has come over, however lately it asked the former one', async () => {
    const { world, clients } = await openRoom(stick, stickGame(null), ['ada', 'bob'], {
      seed: 34,
      nodes: ['a', 'b', 'c'],
    });
    await world.clock.advance(12_000);
    let asked = false;
    world.observer.onClientMessage = (to, name) => {
      if (to === clients[0] && name === 'place!') asked = true;
    };
    await world.clock.waitUntil('it has asked here', () => asked, 13_000);
    const [line] = clients[0]!.connections;
    clients[0]!.homeNode = 'b';
    world.kill(world.node(line!.host.name));
    await world.clock.waitUntil(
      'it is there',
      () =>
        [...clients[0]!.connections].some(one => one.host !== line!.host) && clients[0]!.client.status.state === 'live',
      5_000,
    );
    asked = false;
    await world.clock.waitUntil('it has asked there', () => asked, 3_000);
  });

  it('[C4] notices as soon as ever that nothing comes any more', async () => {
    const { world, clients, rooms } = await openRoom(stick, stickGame(null), ['ada', 'bob'], {
      seed: 32,
      nodes: ['a', 'b'],
    });
    assert.ok((await world.clock.run(rooms[0]!.start())).ok);
    await world.clock.advance(4_000);
    const [line] = clients[0]!.connections;
    world.freeze(world.node(line!.host.name));
    // A beat that has just been left out, the next one a second later, and the time for its answer.
    await world.clock.waitUntil('another line', () => [...clients[0]!.connections].some(one => one !== line), 2_700);
  });
});
