import assert from 'node:assert/strict';
import { z } from 'zod';
import { broadcast } from '../../../server/node/broadcast.ts';
import { limits } from '../../../shared/limits.ts';
import { turns, turnsGame } from '../bot-games.ts';
import { openRoom } from './cluster-room-fixture.ts';

const schemas = { notice: z.object({ text: z.string() }), other: z.object({}) };

/** Two players in a room, and a client without a room, on different nodes. */
async function openHall() {
  const hall = await openRoom(turns, turnsGame(), ['ada', 'bob']);
  const { world, clients } = hall;
  const all = [...clients, world.client('eve', 'c')];
  await world.clock.waitUntil('all are connected', () => all.every(({ client }) => client.status.state === 'live'));
  const received: string[] = [];
  for (const { client } of all)
    client.onBroadcast(schemas, 'notice', ({ text }) => void received.push(`${client.player} ${text}`));
  const send = (text: string, game: string | null = null) =>
    broadcast(world.node('a').node, schemas, 'notice', { text }, game);
  return { ...hall, all, send, received: () => received.splice(0).sort() };
}

describe('broadcasts', () => {
  it('[X7a] reach all clients of all nodes once, or those in rooms of one game', async () => {
    const { world, send, received, all, rooms } = await openHall();
    const before = rooms.map(room => room.position.join());
    send('hello');
    await world.clock.advance(20);
    assert.deepEqual(received(), ['ada hello', 'bob hello', 'eve hello']);
    send('play on', turns.name);
    await world.clock.advance(20);
    assert.deepEqual(received(), ['ada play on', 'bob play on']);
    assert.deepEqual(
      rooms.map(room => room.position.join()),
      before,
    );
    const stop = all[0]!.client.onBroadcast(schemas, 'other', () => assert.fail('of another name'));
    assert.throws(() => all[0]!.client.onBroadcast(schemas, 'lost' as never, () => {}), TypeError);
    send('bye');
    await world.clock.advance(20);
    stop();
    assert.equal(received().length, 3);
  });

  it('[X7b] a client that is not connected does not receive it, and a dead node stops no other', async () => {
    const { world, send, received, all } = await openHall();
    world.disconnect(all[1]!);
    world.kill(world.node('c'));
    send('lost');
    await world.clock.advance(20);
    assert.deepEqual(received(), ['ada lost']);
    all[1]!.isOffline = false;
    await world.clock.advance(5_000);
    assert.deepEqual(received(), []);
  });

  it('[X7a] [X7c] what does not fit, is too large or comes too often is refused, and nothing is sent', async () => {
    const { world, send, received } = await openHall();
    const { node } = world.node('a');
    const refused = (code: string, fn: () => void) => assert.throws(fn, { name: 'ServerRoomError', code });
    refused('bad-data', () => broadcast(node, schemas, 'notice', { text: 5 }, null));
    refused('bad-request', () => broadcast(node, schemas, 'lost', {}, null));
    refused('bad-request', () => broadcast(node, schemas, 'toString', {}, null));
    refused('bad-request', () => send('x', 'no-game'));
    refused('too-large', () => send('x'.repeat(limits.broadcastBytes)));
    await world.clock.advance(20);
    assert.deepEqual(received(), []);
    for (let i = 0; i < limits.broadcasts.burst; i++) send('x');
    refused('slow-down', () => send('x'));
    await world.clock.advance(1_000 / limits.broadcasts.perSecond);
    send('x');
  });
});
