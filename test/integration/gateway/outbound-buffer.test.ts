import assert from 'node:assert/strict';
import { once, type EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io, type Socket as ClientSocket } from 'socket.io-client';
import { engineSocketOf } from '../../../server/gateway/engine-socket.ts';
import { OutboundBuffers } from '../../../server/gateway/outbound-buffer.ts';
import { Packet } from '../../../server/gateway/packet.ts';

/** What Engine.IO sends by itself. */
interface Pings {
  sendPacket(type: 'ping' | 'noop'): void;
}

interface Ends {
  socket: Socket;
  client: ClientSocket;
  tcp: TcpSocket;
  heard: unknown[][];
  hears(count: number): Promise<unknown[][]>;
  frame(...said: unknown[]): void;
}

/** A server whose lines have lanes, and one client of it. */
async function between(
  transports: string[],
  use: (ends: Ends) => Promise<unknown>,
  prepare = (server: Server) => void server.engine.on('connection', new OutboundBuffers().attach),
): Promise<void> {
  const http = createServer();
  const server = new Server(http, { transports: ['websocket', 'polling'] });
  prepare(server);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports, forceNew: true });
  try {
    const [[socket]] = await Promise.all([
      once(server, 'connection') as Promise<[Socket]>,
      new Promise<void>(resolve => client.once('connect', resolve)),
    ]);
    const tcp = (socket.conn.transport as unknown as { socket?: { _socket?: TcpSocket } }).socket?._socket as TcpSocket;
    const heard: unknown[][] = [];
    let more = () => {};
    client.onAny((...said: unknown[]) => {
      heard.push(said);
      more();
    });
    const hears = (count: number) =>
      new Promise<unknown[][]>(resolve =>
        (more = () => {
          if (heard.length >= count) resolve(heard);
        })(),
      );
    await use({
      socket,
      client,
      tcp,
      heard,
      hears,
      frame: (...said) => engineSocketOf(socket as never).outboundBuffer!.send(new Packet(`2${JSON.stringify(said)}`)),
    });
  } finally {
    client.close();
    await server.close();
  }
}

/** Counts calls of the socket beneath. */
function counted(tcp: TcpSocket): { calls: number } {
  const count = { calls: 0 };
  for (const name of ['_write', '_writev'] as const) {
    const inner = tcp[name] as ((...args: unknown[]) => unknown) | undefined;
    if (inner)
      Object.assign(tcp, {
        [name]: (...args: unknown[]) => {
          count.calls += 1;
          return inner.apply(tcp, args);
        },
      });
  }
  return count;
}

describe('what a client is told within one turn', () => {
  const three = [
    ['said', 1],
    ['said', 2],
    ['said', 3],
  ];

  it('leaves in one write, in its order, however it was said', () =>
    between(['websocket'], async ({ socket, tcp, hears, frame }) => {
      const count = counted(tcp);
      socket.emit('said', 1);
      frame('said', 2);
      socket.emit('said', 3);
      assert.deepEqual(await hears(3), three);
      assert.equal(count.calls, 1);
    }));

  it('takes more than one by itself: else nothing of this is needed any more', () =>
    between(
      ['websocket'],
      async ({ socket, tcp, hears }) => {
        const count = counted(tcp);
        for (const n of [1, 2, 3]) socket.emit('said', n);
        assert.deepEqual(await hears(3), three);
        assert.ok(count.calls > 1, `${count.calls} writes`);
      },
      () => {},
    ));

  it('arrives where a client polls, and where it moves on to a WebSocket, too', async () => {
    for (const transports of [['polling'], ['polling', 'websocket']]) {
      await between(transports, async ({ hears, frame }) => {
        const said = Array.from({ length: 200 }, (_x, n) => ['said', n]);
        for (const one of said) {
          frame(...one);
          await new Promise(setImmediate);
        }
        assert.deepEqual(await hears(200), said);
      });
    }
  });

  it('keeps its order around what Engine.IO sends by itself', () =>
    between(['websocket'], async ({ socket, hears, frame }) => {
      frame('said', 1);
      (socket.conn as unknown as Pings).sendPacket('noop');
      frame('said', 2);
      (socket.conn as unknown as Pings).sendPacket('ping');
      socket.emit('said', 3);
      assert.deepEqual(await hears(3), three);
    }));

  it('goes along with a ping, which is answered', async () => {
    for (const transports of [['websocket'], ['polling']]) {
      await between(transports, async ({ socket, tcp, client, hears }) => {
        engineSocketOf(socket as never).outboundBuffer!.textWithPing = () => '2["beside",7]';
        const pinged = new Promise<void>(resolve => client.io.once('ping', resolve));
        const answered = once(socket.conn as unknown as EventEmitter, 'heartbeat');
        const count = transports[0] === 'websocket' ? counted(tcp) : null;
        (socket.conn as unknown as Pings).sendPacket('ping');
        await Promise.all([pinged, answered]);
        assert.deepEqual(await hears(1), [['beside', 7]]);
        if (count) assert.equal(count.calls, 1);
      });
    }
  });

  it("is asked for a sign of life by Engine.IO's own timers, and closed where it gives none", () =>
    between(
      ['websocket'],
      async ({ socket, client }) => {
        await once(socket.conn as unknown as EventEmitter, 'heartbeat');
        (client.io.engine as unknown as { transport: { send(): void } }).transport.send = () => {};
        const [why] = (await once(socket, 'disconnect')) as [string];
        assert.equal(why, 'ping timeout');
      },
      server => {
        Object.assign(server.engine.opts, { pingInterval: 50, pingTimeout: 1_000 });
        server.engine.on('connection', new OutboundBuffers().attach);
      },
    ));

  it('may be of any length', () =>
    between(['websocket'], async ({ hears, frame }) => {
      const texts = [0, 1, 100, 101, 102, 110, 126, 65_500, 65_530, 65_536, 200_000].flatMap(n => [
        'x'.repeat(n),
        'é'.repeat(n),
        '😀'.repeat(n / 2),
      ]);
      for (const text of texts) frame('said', text);
      assert.deepEqual(
        (await hears(texts.length)).map(([, text]) => text),
        texts,
      );
    }));

  it('arrives before a farewell that is said in the same turn', async () => {
    for (const bye of [(s: Socket) => s.disconnect(true), (s: Socket) => s.conn.close()]) {
      await between(['websocket'], async ({ socket, client, heard, frame }) => {
        const gone = new Promise<void>(resolve => client.once('disconnect', () => resolve()));
        frame('said', 1);
        socket.emit('said', 2);
        bye(socket);
        await gone;
        assert.deepEqual(heard, three.slice(0, 2));
      });
    }
  });

  it("waits in Engine.IO's buffer, where it is counted, when the client does not read; and nothing is lost or moved", () =>
    between(['websocket'], async ({ socket, client, hears, frame }) => {
      const reading = (client.io.engine.transport as unknown as { ws: { _socket: TcpSocket } }).ws._socket;
      reading.pause();
      const long = 'x'.repeat(100_000);
      let n = 0;
      while (engineSocketOf(socket as never).writeBuffer.length < 3) {
        frame('said', ++n, long);
        await new Promise(setImmediate);
        assert.ok(n < 1_000, 'nothing waits');
      }
      frame('said', ++n, '');
      reading.resume();
      assert.deepEqual(
        (await hears(n)).map(([, k]) => k),
        Array.from({ length: n }, (_x, i) => i + 1),
      );
    }));
});
