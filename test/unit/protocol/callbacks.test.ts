import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Client } from '../../../client/index.ts';
import { ledger } from './games.ts';
import { roomsOf } from './cluster-room-fixture.ts';
import { openLedgerRoom, type LedgerRoom } from './ledger-fixture.ts';

const reconnected = async (hook: (client: Client, room: LedgerRoom) => void) => {
  const table = await openLedgerRoom(['a']);
  const { world, ada, adas } = table;
  world.disconnect(ada);
  await world.clock.advance(1_000);
  const told: string[] = [];
  hook(ada.client, adas);
  ada.client.onStatus(({ state }) => told.push(state));
  ada.isOffline = false;
  await world.clock.advance(5_000);
  return { ...table, told };
};

describe('callbacks of the app', () => {
  const closers: Record<string, (client: Client, room: LedgerRoom) => void> = {
    'onStatus of the client': client => {
      client.onStatus(() => client.close());
    },
    'onStatus of the room': (client, room) => {
      room.onStatus(() => client.close());
    },
    onChange: (client, room) => {
      room.onChange(() => client.close());
    },
    onResume: (client, room) => {
      room.onResume(() => client.close());
    },
    onEnd: (client, room) => {
      room.onEnd(() => client.close());
      room.onResume(() => room.close());
      room.onEnd(() => client.close());
    },
  };
  for (const [where, hook] of Object.entries(closers)) {
    it(`[U9a] a client that is closed in ${where} while it reconnects stays closed`, async () => {
      const { world, ada, adas, told } = await reconnected(hook);
      assert.deepEqual([ada.client.status.state, adas.status.state, ada.connections.size], ['closed', 'closed', 0]);
      assert.equal(told.at(-1), 'closed');
      await assert.rejects(world.clock.run(ada.client.list()), { code: 'left' });
      assert.equal(roomsOf(ada.client).length, 0);
    });
  }

  it('[U9a] close() twice, and in the callbacks of close() itself, is reported once', async () => {
    const { ada, adas } = await openLedgerRoom(['a']);
    const told: string[] = [];
    ada.client.onStatus(({ state }) => told.push(state));
    ada.client.onStatus(() => ada.client.close());
    adas.onEnd(() => ada.client.close());
    ada.client.close();
    ada.client.close();
    assert.deepEqual(told, ['closed']);
  });

  for (const kind of ['sync', 'async'] as const) {
    it(`[U9a] a client that its own ${kind} token function closes opens no connection`, async () => {
      const { world, id } = await openLedgerRoom(['a']);
      let isOver = false;
      const token = () => {
        if (isOver) eve.client.close();
        return 'token';
      };
      const eve = world.client('eve', 'a', { token: kind === 'sync' ? token : async () => token() });
      await world.clock.run(eve.client.watch(ledger, { id }));
      isOver = true;
      for (const line of [...eve.connections]) line.breakConnection();
      await world.clock.advance(5_000);
      assert.deepEqual([eve.client.status.state, eve.connections.size], ['closed', 0]);
      await assert.rejects(world.clock.run(eve.client.list()), { code: 'left' });
    });
  }

  it('[U9a] a room that is joined again by a client that the end of the last one closes is not entered', async () => {
    const { world, ada, adas, id } = await openLedgerRoom(['a']);
    adas.onEnd(() => ada.client.close());
    await assert.rejects(world.clock.run(ada.client.join(ledger, { id })), { code: 'left' });
    assert.equal(roomsOf(ada.client).length, 0);
  });

  it('[U11a] a room that is closed in a callback tells nothing after its end', async () => {
    const { world, ada, adas, bobs } = await openLedgerRoom(['a']);
    world.disconnect(ada);
    await world.clock.advance(500);
    for (const id of ['1', '2', '3']) assert.ok((await world.clock.run(bobs.act.add({ id }))).ok);
    const told: string[] = [];
    adas.on('added', ({ id }) => {
      told.push(id);
      adas.close();
    });
    adas.onResume(() => told.push('resumed'));
    ada.isOffline = false;
    await world.clock.advance(5_000);
    assert.deepEqual(told, ['1']);
  });

  it('[U11a] a callback that another one takes off the list is not called any more; each registration is its own', async () => {
    const { world, adas, bobs } = await openLedgerRoom(['a']);
    const told: string[] = [];
    const stops: (() => void)[] = [];
    adas.on('added', () => {
      for (const stop of stops) stop();
    });
    stops.push(adas.on('added', () => told.push('stopped')));
    const twice = () => told.push('registered twice');
    adas.on('added', twice)();
    const stop = adas.on('added', twice);
    adas.on('added', twice);
    stop();
    stop();
    await world.clock.run(bobs.act.add({ id: 'x' }));
    await world.clock.advance(100);
    assert.deepEqual(told, ['registered twice']);
  });

  it('[U11a] onStatus tells the status of now, also where an earlier callback has changed it', async () => {
    const { world, ada, adas, bob, bobs } = await openLedgerRoom(['a']);
    const shown: Record<string, string> = {};
    ada.client.onStatus(({ state }) => {
      if (state === 'reconnecting') ada.client.close();
    });
    ada.client.onStatus(({ state }) => {
      shown.ada = state;
    });
    bobs.onStatus(() => bobs.close());
    bobs.onStatus(({ state }) => {
      shown.bobs = state;
    });
    world.disconnect(ada);
    world.disconnect(bob);
    await world.clock.advance(100);
    assert.deepEqual(shown, { ada: 'closed', bobs: 'closed' });
    assert.equal(adas.status.state, 'closed');
  });
});
