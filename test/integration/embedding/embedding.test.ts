import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, describe, it } from 'mocha';
import { Server } from 'socket.io';
import { io as dial, Manager, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { connect, type Client } from '../../../client/index.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { createServer, startServer, type ServerOptions } from '../../../server/server.ts';
import { contract, state } from '../../../shared/contract.ts';

const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<{ hits: number[] }>(),
  actions: { hit: z.object({}) },
});
const duelGame = duel.rules({
  setup: ctx => ({ hits: ctx.players.map(() => 0) }),
  actions: {
    hit(s, _, ctx) {
      s.hits[ctx.seat]! += 1;
      if (s.hits[ctx.seat] === 3) ctx.end({ ranking: [[ctx.seat], [1 - ctx.seat]] });
    },
  },
});
const own = {
  games: [duelGame],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  log: noLog,
  store: 'memory',
} satisfies ServerOptions;

describe('embedding', () => {
  const endings: (() => unknown)[] = [];
  const atEnd = <T>(value: T, end: (value: T) => unknown): T => {
    endings.unshift(() => end(value));
    return value;
  };
  afterEach(async () => {
    for (const end of endings.splice(0)) await end();
  });

  const listening = async (http: HttpServer): Promise<string> => {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  };
  /** An app with sockets of its own, before Rejoin comes. */
  const host = (options: Partial<ConstructorParameters<typeof Server>[1] & object> = {}) => {
    const app = express();
    app.get('/', (_request, response) => {
      response.send("the host's");
    });
    const http = createHttpServer(app);
    const io = atEnd(new Server(http, options), async server => {
      await server.close();
    });
    io.on('connection', socket => {
      socket.emit('hello', socket.id);
      socket.on('echo', (text: string, answer: (text: string) => void) => answer(text));
    });
    return { app, http, io };
  };
  const player = (url: string, name: string): Client =>
    atEnd(connect(url, { storage: null, name }), client => client.close());
  const raw = (url: string, options: object = {}): Socket =>
    atEnd(dial(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options }), socket =>
      socket.close(),
    );
  const refusalOf = async (socket: Socket) =>
    (await once(socket as never, 'connect_error'))[0] as Error & { data?: { code: string } };
  const text = async (url: string) => {
    const reply = await fetch(url);
    return `${reply.status} ${await reply.text()}`;
  };

  /** Two clients play a match to its end. */
  const plays = async (url: string): Promise<void> => {
    const [ann, bob] = [player(url, 'Ann'), player(url, 'Bob')];
    const room = await ann.create(duel, { private: true });
    const other = await bob.join(duel, { id: room.id });
    await until('the match is on', () => (room.info.phase === 'playing' ? true : undefined), { timeoutMs: 12_000 });
    for (let i = 0; i < 3; i++) assert.equal((await room.act.hit({})).ok, true);
    await until(
      'both see the end',
      () => (room.info.phase === 'ended' && other.info.phase === 'ended' ? true : undefined),
      { timeoutMs: 12_000 },
    );
    assert.deepEqual(other.info.result?.ranking, [[0], [1]]);
    assert.deepEqual(other.state, { hits: [3, 0] });
    ann.close();
    bob.close();
  };

  it('in a Socket.IO server that is there already: a namespace, routes, and nothing else', async () => {
    const { app, http, io } = host();
    const url = await listening(http);
    const rejoin = await createServer({ ...own, io, app });
    app.use((_request, response) => {
      response.status(404).send('nowhere');
    });
    await plays(`${url}/rejoin`);
    const guest = raw(url);
    await once(guest as never, 'hello');
    assert.equal(await guest.emitWithAck('echo', 'hi'), 'hi');
    assert.equal(await text(`${url}/`), "200 the host's");
    assert.equal(await text(`${url}/rejoin/readyz`), '200 {"ready":true,"draining":false}');
    assert.match(await text(`${url}/rejoin/metrics`), /rejoin_journal_entries_total [1-9]/);
    assert.equal(await text(`${url}/elsewhere`), '404 nowhere');
    await assert.rejects(rejoin.listen(0), TypeError);
    await rejoin.close();
    assert.equal(guest.connected, true, "what is the host's goes on");
    assert.equal(await guest.emitWithAck('echo', 'still'), 'still');
    assert.equal(await text(`${url}/`), "200 the host's");
    assert.equal((await refusalOf(raw(`${url}/rejoin`))).message, 'Invalid namespace');
    const again = await createServer({ ...own, io });
    await plays(`${url}/rejoin`);
    await again.drain();
    assert.equal(guest.connected, true);
  });

  it('two of them in one Socket.IO server, each under a name of its own', async () => {
    const { http, io } = host();
    const url = await listening(http);
    const both = await Promise.all(['/blue', '/red'].map(namespace => createServer({ ...own, io, namespace })));
    await Promise.all([plays(`${url}/blue`), plays(`${url}/red`)]);
    await both[0]!.close();
    await plays(`${url}/red`);
    await both[1]!.close();
  });

  it('a handshake from a foreign page, or while no work is taken, is refused in the namespace, and there alone', async () => {
    const { http, io } = host();
    const url = await listening(http);
    const rejoin = await createServer({ ...own, io, origins: ['https://ours.example'] });
    const from = (origin: string, path: string) => raw(`${url}${path}`, { extraHeaders: { origin } });
    assert.equal((await refusalOf(from('https://evil.example', '/rejoin'))).message, 'origin not allowed');
    await once(from('https://evil.example', '/') as never, 'hello');
    await once(from('https://ours.example', '/rejoin') as never, 'welcome');
    const draining = rejoin.drain();
    assert.equal((await refusalOf(raw(`${url}/rejoin`))).data?.code, 'unavailable');
    await once(raw(url) as never, 'hello');
    await draining;
  });

  it('the authenticate hook sees the request, with what the host has put there', async () => {
    const { http, io } = host();
    const url = await listening(http);
    io.engine.use(
      (
        request: { user?: string | undefined; headers: Record<string, string> },
        _response: unknown,
        next: () => void,
      ) => {
        request.user = request.headers['x-user'];
        next();
      },
    );
    const rejoin = await createServer({
      ...own,
      io,
      authenticate: ({ request }) => {
        const { user } = request as { user?: string };
        return user === undefined ? null : { player: `user-${user}`, name: user };
      },
    });
    const ann = atEnd(
      connect(`${url}/rejoin`, { storage: null, socket: { extraHeaders: { 'x-user': 'ann' } } }),
      client => client.close(),
    );
    await ann.create(duel);
    assert.equal(ann.player, 'user-ann');
    assert.equal((await refusalOf(raw(`${url}/rejoin`))).data?.code, 'not-signed-in');
    await rejoin.close();
  });

  it("a client that misbehaves loses the namespace, and not the line it shares with the host's", async () => {
    const { http, io } = host({ maxHttpBufferSize: 1e6 });
    const url = await listening(http);
    const rejoin = await createServer({ ...own, io });
    const line = new Manager(url, { transports: ['websocket'], reconnection: false });
    const [guest, bad] = [
      atEnd(line.socket('/'), socket => socket.close()),
      atEnd(line.socket('/rejoin'), socket => socket.close()),
    ];
    await Promise.all([once(guest as never, 'hello'), once(bad as never, 'welcome')]);
    assert.equal(
      ((await bad.emitWithAck('act', { room: 'a', name: 'hit', data: 'x'.repeat(20_000) })) as { code: string }).code,
      'too-large',
    );
    bad.emit('act', { room: 'a', name: 'hit', data: 'x'.repeat(70_000) });
    assert.equal((await once(bad as never, 'disconnect'))[0], 'io server disconnect');
    assert.equal(await guest.emitWithAck('echo', 'hi'), 'hi');
    await rejoin.close();
    assert.equal(guest.connected, true);
  });

  it("the host's own settings do not reach into the namespace: recovery of connections, another adapter", async () => {
    const { http, io } = host({ connectionStateRecovery: {} });
    const url = await listening(http);
    const rejoin = await createServer({ ...own, io });
    const { adapter } = io.of('/rejoin');
    io.adapter(
      class extends (io.of('/').adapter.constructor as never as new (space: unknown) => typeof adapter) {} as never,
    );
    assert.equal(io.of('/rejoin').adapter, adapter);
    const socket = raw(`${url}/rejoin`, { reconnection: true, reconnectionDelay: 10 });
    await once(socket as never, 'welcome');
    const made = (await socket.emitWithAck('create', { game: 'duel' })) as { room: string };
    await socket.emitWithAck('join', { room: made.room });
    const { id } = socket;
    socket.io.engine.close();
    await once(socket as never, 'welcome');
    assert.notEqual(socket.id, id);
    assert.equal(socket.recovered, false);
    await plays(`${url}/rejoin`);
    await rejoin.close();
  });

  it('on an http server that is there already, which outlives it', async () => {
    const { app } = host();
    const http = createHttpServer();
    await assert.rejects(createServer({ ...own, http }), /no listener for requests/);
    const url = await listening(http);
    const rejoin = await createServer({ ...own, http, app });
    await plays(url);
    assert.equal(await text(`${url}/`), "200 the host's");
    assert.equal(await text(`${url}/rejoin/healthz`), '200 {"ok":true,"node":"node"}');
    const socket = raw(url);
    await once(socket as never, 'welcome');
    const closed = once(socket as never, 'disconnect');
    await rejoin.close();
    await closed;
    assert.equal(await text(`${url}/`), "200 the host's");
    await refusalOf(raw(url));
    http.closeAllConnections();
    await new Promise(resolve => http.close(resolve));
  });

  it('with an app alone it makes the http server, and with nothing that, too', async () => {
    const { app } = host();
    const served = await createServer({ ...own, app, routesAt: '/games', namespace: '/play' });
    const url = `http://127.0.0.1:${await served.listen(0, '127.0.0.1')}`;
    await plays(`${url}/play`);
    assert.equal(await text(`${url}/`), "200 the host's");
    assert.match(await text(`${url}/games/rooms.json`), /^200 \{"rooms":\[/);
    await served.close();
    const alone = await createServer(own);
    const port = await alone.listen(0, '127.0.0.1');
    assert.equal(alone.port, port);
    await plays(`http://127.0.0.1:${port}`);
    assert.equal(await text(`http://127.0.0.1:${port}/readyz`), '200 {"ready":true,"draining":false}');
    await alone.close();
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  });

  it('options that contradict each other, and effects that nobody does, are said at once', async () => {
    const { http, io } = host();
    await assert.rejects(createServer({ ...own, io, http }), TypeError);
    await assert.rejects(createServer({ ...own, io, namespace: '/' }), TypeError);
    await assert.rejects(createServer({ ...own, io, namespace: 'rejoin' }), TypeError);
    const scored = contract('scored', {
      version: 1,
      seats: { min: 1, max: 1 },
      state: state<null>(),
      actions: {},
      effects: { report: z.object({ points: z.int() }) },
    });
    const scoredGame = scored.rules({ setup: () => null, actions: {} });
    // @ts-expect-error -- the types say it, too
    await assert.rejects(createServer({ ...own, games: [scoredGame] }), /no handler for the effect 'report'/);
    const misnamed = { scored: { retort: () => undefined } };
    // @ts-expect-error -- and know what each effect is called
    await assert.rejects(createServer({ ...own, games: [scoredGame], effects: misnamed }), TypeError);
    await assert.rejects(startServer({ ...own, games: [scoredGame] }, { port: 0, host: '127.0.0.1' }), TypeError);
  });

  it("[W2e] rooms are created by the server's code alone if its author says so; clients join them", async () => {
    const server = atEnd(await createServer({ ...own, createRooms: 'server' }), made => made.close());
    const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    const [client, other] = [1, 2].map(() => atEnd(connect(url, { storage: null }), made => made.close())) as [
      Client,
      Client,
    ];
    for (const how of ['create', 'quick'] as const)
      await assert.rejects(client[how](duel), { name: 'RoomError', code: 'creation-closed' });
    const { id, code } = await server.rooms.create(duel, { private: false });
    assert.equal((await client.join(duel, { code })).id, id);
    assert.equal((await other.quick(duel)).id, id);
  });
});
