import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect as tcp, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'mocha';
import { io } from 'socket.io-client';
import { z } from 'zod';
import { connect } from '../../../client/index.ts';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { Gateway } from '../../../server/gateway/gateway.ts';
import { Tokens } from '../../../server/identity/tokens.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { noMeter } from '../../../server/ops/metrics.ts';
import { realClock, realEntropy } from '../../../server/runtime/real-ports.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { contract, state, type AnyGame } from '../../../shared/contract.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { sameOriginOnly } from './same-origin-only.ts';

const secret = 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4';
async function serving(
  list: readonly AnyGame[],
  work: (server: RunningServer, url: string) => Promise<void>,
): Promise<void> {
  const server = await startServer(
    { store: 'memory', games: list, effects: loggingEffects(list, noLog), secret, log: noLog },
    { port: 0, host: '127.0.0.1' },
  );
  try {
    await work(server, `http://127.0.0.1:${server.port}`);
  } finally {
    await server.close();
  }
}

describe('what a node serves', () => {
  it("health, readiness, metrics, the list of public rooms, the page's settings", () =>
    serving(demoGames, async (_server, url) => {
      const get = async (path: string) => {
        const r = await fetch(url + path);
        return { status: r.status, text: await r.text() };
      };
      assert.equal((await get('/healthz')).status, 200);
      assert.deepEqual(await get('/readyz'), { status: 200, text: '{"ready":true,"draining":false}' });
      const client = connect(url, { storage: null, name: 'Ann' });
      const room = await client.create(fourInARow);
      await client.create(fourInARow, { private: true });
      const { rooms } = JSON.parse((await get('/rooms.json')).text) as { rooms: { id: string; names: string[] }[] };
      assert.deepEqual(
        rooms.map(r => [r.id, r.names]),
        [[room.id, ['Ann']]],
      );
      assert.deepEqual(JSON.parse((await get('/rooms.json?game=chess')).text), { rooms: [] });
      const metrics = (await get('/metrics')).text;
      for (const line of [
        'rejoin_rooms 2',
        'rejoin_sockets 1',
        'rejoin_seated_players 2',
        /rejoin_journal_entries_total [2-9]/,
        /rejoin_journal_append_seconds_count [2-9]/,
        /rejoin_event_loop_delay_p99_seconds /,
        /process_resident_memory_bytes \d{7,}/,
        /nodejs_heap_size_used_bytes \d{7,}/,
        /nodejs_active_resources [1-9]/,
        /process_cpu_seconds_total [\d.]+/,
      ])
        assert.ok(typeof line === 'string' ? metrics.includes(line) : line.test(metrics), String(line));
      assert.ok(!metrics.includes('Ann'));
      assert.deepEqual(JSON.parse((await get('/config.json')).text), {
        clustered: false,
        controlPort: null,
        lan: null,
        games: demoGames.map(game => game.contract.name),
      });
      assert.equal((await get('/no-such-thing')).status, 404);
      client.close();
    }));

  it('[Y3] a finished match is served; whatever else is answered, also by a proxy that finds no node, is a refusal to the client', () =>
    serving(demoGames, async (_server, url) => {
      const client = connect(url, { storage: null, name: 'Ann' });
      const [ann, bob] = [client, connect(url, { storage: null, name: 'Bob' })];
      const room = await ann.create(fourInARow, { private: true });
      const bobs = await bob.join(fourInARow, { id: room.id });
      await until('the match begins', () => room.info.phase === 'playing' || undefined, { timeoutMs: 15_000 });
      const code = (id: string, match: number, at?: string) =>
        client.replay(id, match, at).then(
          replay => replay.data.room,
          (error: { code?: string }) => error.code,
        );
      assert.deepEqual(
        [await code(room.id, 1), await code(room.id, 2), await code('no/such room', 1)],
        ['not-now', 'replay-missing', 'replay-missing'],
      );
      // A match of a few frames and seconds is not kept.
      const first = room.state!.turn;
      for (let i = 0; i < 8; i++)
        assert.ok((await ((first + i) % 2 === room.seat ? room : bobs).act.drop({ column: i % 7 })).ok);
      await bobs.leave();
      await until('the recording is there', async () => (await code(room.id, 1)) === room.id || undefined, {
        timeoutMs: 15_000,
      });
      assert.equal((await client.replay(room.id, 1)).at(Infinity).room.phase, 'ended');
      const proxy = createServer((_req, res) =>
        res.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>'),
      ).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      const elsewhere = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      assert.equal(await code(room.id, 1, elsewhere), 'unavailable');
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
      assert.equal(await code(room.id, 1, elsewhere), 'unavailable', 'nobody there at all');
      for (const one of [ann, bob]) one.close();
    }));

  it('closes, and drains, though somebody is connected who has not said anything yet', async () => {
    for (const how of ['close', 'drain'] as const) {
      const server = await startServer(
        { store: 'memory', games: demoGames, effects: loggingEffects(demoGames, noLog), secret, log: noLog },
        { port: 0, host: '127.0.0.1' },
      );
      const silent = tcp(server.port, '127.0.0.1');
      await once(silent, 'connect');
      // the other one was accepted before this one
      await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text();
      await Promise.all([server[how](), once(silent, 'close')]);
    }
  });

  it('a node that is not ready answers handshakes with 503, by both transports, so that a proxy asks another', async () => {
    const http = createServer();
    const gateway = new Gateway(
      { http },
      {
        tokens: new Tokens(secret, realClock, realEntropy),
        origins: sameOriginOnly(),
        addressOf: () => null,
        clock: realClock,
        entropy: realEntropy,
        log: noLog,
        meter: noMeter,
      },
    );
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const ask = async (transport: string, headers: Record<string, string>) => {
      const asked = request({ port, host: '127.0.0.1', path: `/socket.io/?EIO=4&transport=${transport}`, headers });
      asked.end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    assert.equal(await ask('polling', {}), 503);
    assert.equal(
      await ask('websocket', {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      }),
      503,
    );
    await gateway.close();
  });
});

const chatter = contract('chatter', {
  version: 1,
  seats: { min: 1, max: 1 },
  state: state<{ n: number; noise: string }>(),
  actions: { hush: z.object({}) },
  tick: { hz: 60 },
});
const chatterGame = chatter.rules({
  setup: () => ({ n: 0, noise: '' }),
  actions: {
    hush(s) {
      s.noise = 'hush';
    },
  },
  tick(s) {
    if (s.noise === 'hush') return;
    s.n += 1;
    s.noise = `${s.n}`.padEnd(60_000, '.');
  },
});

describe('a slow reader', () => {
  it('[C5] gets no more changes until it has read what it has, and is told to catch up; others do not notice', () =>
    serving([chatterGame], async (_server, url) => {
      const slow = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
      await new Promise(resolve => slow.once('welcome', resolve));
      const rooms: string[] = [];
      for (let i = 0; i < 4; i++) {
        const made = (await slow.emitWithAck('create', { game: 'chatter' })) as { room: string };
        await slow.emitWithAck('join', { room: made.room });
        rooms.push(made.room);
      }
      const other = connect(url, { storage: null });
      const seen = await other.watch(chatter, { id: rooms[0]! });
      const told = new Promise<string>(resolve => {
        slow.on('notice', (notice: { code: string }) => resolve(notice.code));
        slow.on('disconnect', resolve);
      });
      const wire = (slow.io.engine.transport as unknown as { ws: { _socket: Socket } }).ws._socket;
      const before = seen.state!.n;
      wire.pause();
      const held = async () =>
        Number(/rejoin_slow_readers_total (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
      // the kernel holds some MB first
      await until('it is held back', async () => ((await held()) > 0 ? true : undefined), { timeoutMs: 40_000 });
      wire.resume(); // at once: who does not read for longer is cut off
      assert.ok(seen.state!.n > before + 3, 'the other went on meanwhile');
      assert.equal(await told, 'resync');
      slow.close();
      other.close();
    })).timeout(60_000);
});
