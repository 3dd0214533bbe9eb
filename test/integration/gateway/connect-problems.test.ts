import assert from 'node:assert/strict';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { Server } from 'socket.io';
import {
  connect,
  inWords,
  type Client,
  type ConnectOptions,
  type ConnectProblem,
  type Status,
} from '../../../client/index.ts';
import { noLog } from '../../../server/ops/log.ts';
import type { Log } from '../../../server/runtime/ports.ts';
import { createServer, startServer, type RunningServer, type ServerOptions } from '../../../server/server.ts';
import { contract, schema, state } from '../../../shared/index.ts';

const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<null>(),
  actions: { wave: schema<object>(() => true) },
});
const games = [duel.rules({ setup: () => null, actions: { wave: () => {} } })];
const evil = 'https://evil.example';

describe('a client that cannot connect', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  const warnings: Record<string, unknown>[] = [];
  const log: Log = { ...noLog, warn: fields => void warnings.push(fields) };
  const start = async (options: Partial<ServerOptions> = {}): Promise<{ server: RunningServer; url: string }> => {
    warnings.length = 0;
    const server = await startServer(
      { store: 'memory', games, secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4', log, hangAfter: null, ...options },
      { port: 0, host: '127.0.0.1' },
    );
    endings.push(() => server.close());
    return { server, url: `http://127.0.0.1:${server.port}` };
  };
  const listening = async (http: HttpServer): Promise<string> => {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    endings.push(() => {
      http.closeAllConnections();
      http.close();
    });
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  };
  const dial = (url: string, options: ConnectOptions = {}): Client => {
    const client = connect(url, { storage: null, ...options });
    endings.push(() => client.close());
    return client;
  };
  /** The first status that says why. */
  const problemOf = (client: Client): Promise<Status & { problem?: ConnectProblem }> =>
    new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`nothing is said: ${JSON.stringify(client.status)}`)), 10_000).unref();
      client.onStatus(status => {
        if (status.state === 'live' || ('problem' in status && status.problem !== undefined)) resolve(status);
      });
    });
  const from = (origin: string, more: Record<string, string> = {}): ConnectOptions => ({
    socket: { extraHeaders: { origin, ...more } },
  });
  const problem = async (url: string, options: ConnectOptions = {}) => {
    const status = await problemOf(dial(url, options));
    return status.problem ?? status.state;
  };

  it('[U12] knows that nobody answers, and says so in words', async () => {
    const http = createHttpServer();
    const url = await listening(http);
    http.close();
    const status = await problemOf(dial(url));
    assert.deepEqual([status.state, status.problem], ['connecting', 'unreachable']);
    assert.match(inWords(status), /^Connecting… Try 2, for 0 s\. The server cannot be reached\.$/);
  });

  it('[U12] knows that something else answers', async () => {
    const url = await listening(
      createHttpServer((_request, response) => {
        response.end('<!doctype html>');
      }),
    );
    assert.equal(await problem(url), 'wrong-path');
    const nothing = await listening(
      createHttpServer((_request, response) => {
        response.writeHead(404).end();
      }),
    );
    assert.equal(await problem(nothing), 'wrong-path');
    const down = await listening(
      createHttpServer((_request, response) => {
        response.writeHead(502).end();
      }),
    );
    assert.equal(await problem(down), 'unavailable');
  });

  it('[U12] [W16] an origin that is not allowed is reported by both ends, once in 10 s', async () => {
    const { url } = await start();
    for (const transports of [undefined, ['polling']] as ConnectOptions['transports'][])
      assert.equal(await problem(url, { ...from(evil), ...(transports ? { transports } : {}) }), 'origin-refused');
    assert.equal(warnings.length, 1);
    assert.deepEqual({ ...warnings[0], set: '' }, { reason: 'origin', origin: evil, host: url.slice(7), set: '' });
    assert.match(String(warnings[0]!.set), /ORIGINS.*TRUST_PROXY/);
  });

  it('[W16] a page of another origin can read that it is refused, and nothing else', async () => {
    const { url } = await start();
    const reply = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: evil } });
    assert.deepEqual(
      [
        reply.status,
        reply.headers.get('access-control-allow-origin'),
        reply.headers.get('access-control-allow-credentials'),
        await reply.text(),
      ],
      [403, evil, null, '{"code":4,"message":"origin-refused"}'],
    );
  });

  it('[U12] another path and another namespace are reported by both ends', async () => {
    const { url } = await start({ path: '/game' });
    assert.equal(await problem(url), 'wrong-path');
    assert.equal(await problem(`${url}/race`, { path: '/game' }), 'wrong-namespace');
    assert.deepEqual(
      warnings.map(({ set: _set, ...seen }) => seen),
      [
        { reason: 'path', asked: '/socket.io/', path: '/game/socket.io/' },
        { reason: 'namespace', asked: '/race', namespace: '/' },
      ],
    );
    assert.equal(await problem(url, { path: '/game' }), 'live');
  });

  it("[U12] in a Socket.IO server of the app's own: no namespace, and a foreign origin", async () => {
    const http = createHttpServer();
    const io = new Server(http);
    endings.push(() => io.close());
    const url = await listening(http);
    warnings.length = 0;
    const server = await createServer({ store: 'memory', games, log, io });
    endings.push(() => server.close());
    assert.equal(await problem(`${url}/rejoin`, from(evil)), 'origin-refused');
    assert.equal(await problem(`${url}/other`), 'wrong-namespace');
    assert.deepEqual(
      warnings.map(({ reason }) => reason),
      ['origin'],
    );
  });

  it('[U12] a server that takes nobody says so', async () => {
    const { server, url } = await start();
    const gone = server.drain();
    const answers = [problem(url)];
    assert.ok(['unavailable', 'unreachable'].includes(await answers[0]!));
    await gone;
  });

  it('[W16] in dev mode pages of this machine may connect, by any port', async () => {
    const { url } = await start({ dev: true });
    for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3001', 'http://[::1]:80', 'http://app.localhost'])
      assert.equal(await problem(url, from(origin)), 'live', origin);
    for (const origin of [evil, 'http://localhost.evil.example', 'null'])
      assert.equal(await problem(url, from(origin)), 'origin-refused', origin);
    const { url: strict } = await start();
    assert.equal(await problem(strict, from('http://localhost:5173')), 'origin-refused');
  });

  it('[W16] X-Forwarded-Host counts from a trusted proxy, and from nobody else', async () => {
    const rewritten = from('https://play.example', { 'x-forwarded-host': 'play.example' });
    assert.equal(await problem((await start({ trustProxy: 'loopback' })).url, rewritten), 'live');
    assert.equal(await problem((await start()).url, rewritten), 'origin-refused');
    assert.equal(await problem((await start({ trustProxy: '10.0.0.0/8' })).url, rewritten), 'origin-refused');
    assert.equal(
      await problem(
        (await start({ trustProxy: 'loopback' })).url,
        from('https://play.example', { 'x-forwarded-host': 'play.example:443, inner:3000' }),
      ),
      'live',
    );
  });

  it("[W16] named origins may send cookies; where all may connect, a foreign page's cookies are left out", async () => {
    const seen: (string | undefined)[] = [];
    const authenticate: ServerOptions['authenticate'] = ({ headers, request }) => {
      seen.push(headers.cookie, request.headers.cookie);
      return { player: 'somebody', name: 'Somebody' };
    };
    const credentials = async (url: string, path: string) => {
      const reply = await fetch(`${url}${path}`, { headers: { origin: 'https://ours.example' } });
      await reply.arrayBuffer();
      return [reply.headers.get('access-control-allow-origin'), reply.headers.get('access-control-allow-credentials')];
    };
    const named = await start({ origins: ['https://ours.example'], authenticate });
    const open = await start({ origins: ['*'], authenticate });
    for (const path of ['/socket.io/?EIO=4&transport=polling', '/rooms.json', '/replays/AAAAAAAAAAAAAAAAAAAAAA/1']) {
      assert.deepEqual(await credentials(named.url, path), ['https://ours.example', 'true'], path);
      assert.deepEqual(await credentials(open.url, path), ['https://ours.example', null], path);
    }
    for (const transports of [['websocket'], ['polling']] as NonNullable<ConnectOptions['transports']>[]) {
      assert.equal(
        await problem(named.url, { ...from('https://ours.example', { cookie: 'session=1' }), transports }),
        'live',
      );
      assert.equal(
        await problem(open.url, { ...from('https://ours.example', { cookie: 'session=1' }), transports }),
        'live',
      );
      assert.equal(await problem(open.url, { ...from(open.url, { cookie: 'session=1' }), transports }), 'live');
      assert.deepEqual(seen.splice(0), ['session=1', 'session=1', undefined, undefined, 'session=1', 'session=1']);
    }
  });

  it("under a path: sockets, routes, the page's redirect and replays are all there, and nowhere else", async () => {
    const { url } = await start({ path: '/game/' });
    const client = dial(url, { path: '/game/' });
    const room = await client.create(duel);
    assert.equal(((await (await fetch(`${url}/game/rooms.json`)).json()) as { rooms: unknown[] }).rooms.length, 1);
    await assert.rejects(client.replay(room.id, 1), { code: 'replay-missing' });
    assert.equal((await fetch(`${url}/rooms.json`)).status, 404);
    assert.equal((await fetch(`${url}/game/healthz`)).status, 200);
    const redirect = await fetch(`${url}/game?by-room`, { redirect: 'manual' });
    assert.deepEqual([redirect.status, redirect.headers.get('location')], [308, '/game/?by-room']);
  });

  it('a path that contradicts the Socket.IO server, or is none, is refused at once', async () => {
    await assert.rejects(
      createServer({ store: 'memory', games, io: new Server(), path: '/game' }),
      /path: the Socket\.IO server has its own/,
    );
    await assert.rejects(
      createServer({ store: 'memory', games, path: 'game' }),
      /must be a path that begins with a slash/,
    );
  });
});
