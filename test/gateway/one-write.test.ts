import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { oneWriteATurn } from '../../server/gateway/one-write.ts';

/** What two packets cost that are emitted in one turn: calls of the socket beneath. */
async function writes(transport: 'websocket' | 'polling', prepare: (io: Server) => void): Promise<{ heard: unknown[]; calls: number }> {
  const http = createServer();
  const server = new Server(http, { transports: ['websocket', 'polling'] });
  prepare(server);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: [transport], forceNew: true });
  try {
    const [[socket]] = await Promise.all([once(server, 'connection') as Promise<[import('socket.io').Socket]>, new Promise<void>(resolve => client.once('connect', resolve))]);
    const tcp = (socket.conn.transport as unknown as { socket?: { _socket?: TcpSocket } }).socket?._socket;
    let calls = 0;
    for (const name of ['_write', '_writev'] as const) {
      const inner = tcp?.[name] as ((...args: unknown[]) => unknown) | undefined;
      if (tcp && inner) Object.assign(tcp, { [name]: (...args: unknown[]) => { calls += 1; return inner.apply(tcp, args); } });
    }
    const heard: unknown[] = [];
    const all = new Promise<void>(resolve => client.onAny((...said: unknown[]) => { if (heard.push(said) === 3) resolve(); }));
    for (const n of [1, 2, 3]) socket.emit('said', n);
    await all;
    return { heard, calls };
  } finally {
    client.close();
    await server.close();
  }
}

describe('what a client is told within one turn', () => {
  const said = [['said', 1], ['said', 2], ['said', 3]];

  it('leaves in one write, in its order', async () => {
    assert.deepEqual(await writes('websocket', server => void server.engine.on('connection', oneWriteATurn)), { heard: said, calls: 1 });
  });

  it('takes more than one by itself: else nothing of this is needed any more', async () => {
    const { heard, calls } = await writes('websocket', () => {});
    assert.deepEqual(heard, said);
    assert.ok(calls > 1, `${calls} writes`);
  });

  it('arrives where a client polls, too', async () => {
    assert.deepEqual((await writes('polling', server => void server.engine.on('connection', oneWriteATurn))).heard, said);
  });
});
