import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { io, type Socket } from 'socket.io-client';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { fourInARowGame } from '../../../shared/games/four-in-a-row/rules.ts';

describe('heads along with pings', () => {
  let server: RunningServer;
  const open: Socket[] = [];
  before(async () => {
    server = await startServer(
      { store: 'memory', games: [fourInARowGame], secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4', log: noLog },
      { port: 0, host: '127.0.0.1' },
    );
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  after(() => server.close());

  const visit = async (transport: 'websocket' | 'polling'): Promise<Socket> => {
    const socket = io(`http://127.0.0.1:${server.port}`, {
      transports: [transport],
      forceNew: true,
      reconnection: false,
    });
    open.push(socket);
    await new Promise(resolve => socket.once('welcome', resolve));
    return socket;
  };
  const ask = (socket: Socket, event: string, body: object) =>
    socket.timeout(5_000).emitWithAck(event, body) as Promise<Record<string, unknown> & { place: [number, number] }>;
  const ping = (socket: Socket) => new Promise<void>(resolve => socket.io.once('ping', resolve));
  const heads = (socket: Socket) =>
    new Promise<unknown[]>(resolve => socket.once('h', (...said: unknown[]) => resolve(said)));

  for (const transport of ['websocket', 'polling'] as const) {
    it(`[C4] [W9] come to those who take short forms, by ${transport}: the number of each room, its head, and how many watch`, async () => {
      const [player, watcher] = await Promise.all([visit(transport), visit('websocket')]);
      const { room } = await ask(player, 'create', { game: 'four-in-a-row', private: true });
      const { number } = await ask(player, 'join', { room, session: 'a'.repeat(22), short: true });
      assert.deepEqual((await heads(player)).slice(0, 1), [number]);
      await ask(watcher, 'join', { room, session: 'b'.repeat(22), watch: true });
      let said = await heads(player);
      while (said[2] !== 1) said = await heads(player); // who is here is counted once a second
      const { place } = await ask(player, 'join', { room, session: 'a'.repeat(22), short: true });
      assert.deepEqual(said, [number, place[1], 1]);
    });
  }

  it('[C4] come to nobody else: who does not take short forms is pinged alone, and so is who is in no room', async () => {
    const [stock, elsewhere] = await Promise.all([visit('websocket'), visit('websocket')]);
    const { room } = await ask(stock, 'create', { game: 'four-in-a-row', private: true });
    await ask(stock, 'join', { room, session: 'a'.repeat(22) });
    const told: unknown[] = [];
    for (const socket of [stock, elsewhere]) socket.on('h', (...said) => told.push(said));
    for (let n = 0; n < 2; n++) await Promise.all([stock, elsewhere].map(ping));
    // what went along with the last would be here before this
    await Promise.all([stock, elsewhere].map(socket => ask(socket, 'list', {})));
    assert.deepEqual(told, []);
  });
});
