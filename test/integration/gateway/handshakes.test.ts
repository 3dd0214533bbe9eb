import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { Server } from 'socket.io';
import { io as stockClient } from 'socket.io-client';
import { connect, type Client, type ConnectOptions, type Status } from '../../../client/index.ts';
import { noLog } from '../../../server/ops/log.ts';
import type { Log } from '../../../server/runtime/ports.ts';
import { createServer, startServer, type ServerOptions } from '../../../server/server.ts';
import { contract, schema, state } from '../../../shared/index.ts';
import { limits } from '../../../shared/limits.ts';

const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<null>(),
  actions: { wave: schema<object>(() => true) },
});
const games = [duel.rules({ setup: () => null, actions: { wave: () => {} } })];
const authenticate: ServerOptions['authenticate'] = ({ auth }) => ({
  player: `user:${String(auth.token).length}`,
  name: 'Somebody',
});

describe('a handshake that is refused', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  const warnings: Record<string, unknown>[] = [];
  const log: Log = { ...noLog, warn: fields => void warnings.push(fields) };
  const listening = async (http: HttpServer): Promise<string> => {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    endings.push(() => {
      http.closeAllConnections();
      http.close();
    });
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  };
  const servers: Record<string, (options?: Partial<ServerOptions>) => Promise<string>> = {
    'a server of its own': async options => {
      const server = await startServer(
        { store: 'memory', games, log, hangAfter: null, secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4', ...options },
        { port: 0, host: '127.0.0.1' },
      );
      endings.push(() => server.close());
      return `http://127.0.0.1:${server.port}`;
    },
    "a Socket.IO server of the app's own": async options => {
      const http = createHttpServer();
      const io = new Server(http);
      const url = await listening(http);
      endings.push(() => io.close());
      const server = await createServer({ store: 'memory', games, log, io, ...options });
      endings.push(() => server.close());
      return `${url}/rejoin`;
    },
  };
  const dial = (url: string, options: ConnectOptions = {}): Client => {
    const client = connect(url, { storage: null, ...options });
    endings.push(() => client.close());
    return client;
  };
  const reaches = (client: Client, wanted: (status: Status) => boolean): Promise<Status> =>
    new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`it is ${JSON.stringify(client.status)}`)), 10_000).unref();
      client.onStatus(status => {
        if (wanted(status)) resolve(status);
      });
    });
  const isSettled = (status: Status): boolean =>
    status.state === 'live' || status.state === 'refused' || ('problem' in status && status.problem !== undefined);

  for (const [where, start] of Object.entries(servers)) {
    it(`[W28] in ${where}: an auth that is too large is refused with both sizes, with and without the SDK`, async () => {
      const url = await start({ authenticate });
      for (const [bytes, transports] of [
        [limits.authBytes, ['websocket']],
        [limits.packetBytes + 4_000, ['websocket']],
        [40_000, ['polling']],
      ] as const) {
        const socket = stockClient(url, {
          auth: { token: 'x'.repeat(bytes) },
          reconnection: false,
          forceNew: true,
          transports: [...transports],
        });
        endings.push(() => socket.close());
        const error = await new Promise<Error & { data?: { code?: string; detail?: string } }>((resolve, reject) => {
          socket.on('connect_error', resolve);
          socket.on('disconnect', reject);
        });
        assert.equal(error.data?.code, 'too-large', String(bytes));
        assert.match(error.data.detail!, /^auth has \d{5} bytes, at most 16000 \(authBytes\)$/);
      }
      const fits = await reaches(dial(url, { token: 'x'.repeat(limits.authBytes - 100) }), isSettled);
      assert.equal(fits.state, 'live');
      // What the app gives Socket.IO itself passes no check of the client's credentials.
      for (const own of [{ session: 'x'.repeat(70_000) }, (done: (auth: object) => void) => done({ at: 1n })]) {
        const status = await reaches(dial(url, { socket: { auth: own } }), isSettled);
        assert.ok(
          status.state === 'refused' && ['too-large', 'bad-request'].includes(status.refusal.code),
          JSON.stringify(status),
        );
        assert.match(status.why, /^auth has 70\d{3} bytes, at most 16000 \(authBytes\)$|^auth\.at is a bigint/);
      }
    });

    it(`[W24] in ${where}: in dev mode a handshake by a foreign Host is refused on every transport`, async () => {
      const url = await start({ dev: true });
      for (const transports of [['websocket'], ['polling']] as NonNullable<ConnectOptions['transports']>[]) {
        const foreign = { host: 'evil.example', origin: 'http://evil.example' };
        const status = await reaches(dial(url, { transports, socket: { extraHeaders: foreign } }), isSettled);
        assert.ok(status.state === 'connecting', JSON.stringify(status));
        // of a WebSocket's refusal a client can read no reason
        if (transports[0] === 'polling') assert.equal(status.problem, 'origin-refused');
        assert.equal(
          (await reaches(dial(url, { transports, socket: { extraHeaders: { host: 'app.localhost' } } }), isSettled))
            .state,
          'live',
        );
      }
    });
  }

  it('[W24] the warning of a foreign Host names the host and what to set', async () => {
    const url = await servers['a server of its own']!({ dev: true });
    warnings.length = 0;
    await reaches(dial(url, { socket: { extraHeaders: { host: 'games.test:3000' } } }), isSettled);
    assert.deepEqual(
      warnings.map(({ set, ...seen }) => [seen, /ORIGINS/.test(String(set))]),
      [[{ reason: 'host', host: 'games.test:3000' }, true]],
    );
  });

  it('[C6a] a Retry-After of an HTTP answer is waited for', async () => {
    const asked: number[] = [];
    const url = await listening(
      createHttpServer((_request, response) => {
        asked.push(performance.now());
        response.writeHead(503, { 'retry-after': '1' }).end('busy');
      }),
    );
    const client = dial(url, { transports: ['polling'] });
    await reaches(client, status => 'attempt' in status && status.attempt === 3);
    assert.ok(asked[1]! - asked[0]! >= 1_000, String(asked[1]! - asked[0]!));
    assert.ok(client.status.state === 'connecting' && client.status.problem === 'unavailable');
  });
});
