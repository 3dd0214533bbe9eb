import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { io, type Socket } from 'socket.io-client';
import { connect } from '../../../client/index.ts';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';

/** Bad input on real sockets: a clear refusal or a closed connection; never a crash, never an effect. */
describe('hostile clients', () => {
  let server: RunningServer;
  let url: string;
  const open: Socket[] = [];

  before(async () => {
    server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
        log: noLog,
      },
      { port: 0, host: '127.0.0.1' },
    );
    url = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });
  after(async () => {
    await server.close();
  });

  const raw = async (options: Record<string, unknown> = {}): Promise<Socket> => {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
    open.push(socket);
    await new Promise(resolve => socket.once('welcome', resolve));
    return socket;
  };
  const ask = (socket: Socket, event: string, ...args: unknown[]): Promise<Record<string, unknown>> =>
    socket.timeout(5_000).emitWithAck(event, ...args) as Promise<Record<string, unknown>>;
  const closed = (socket: Socket): Promise<string> =>
    new Promise(resolve => socket.once('disconnect', reason => resolve(reason)));
  /** The server still plays with decent people. */
  const stillPlays = async () => {
    const client = connect(url, { storage: null });
    const room = await client.create(fourInARow, { private: true });
    assert.equal(room.info.phase, 'waiting');
    client.close();
  };

  it('[W1][W5] malformed requests of every kind are refused, and do nothing', async () => {
    const socket = await raw();
    const bad: [string, unknown][] = [
      ['create', null],
      ['create', 'x'],
      ['create', []],
      ['create', { game: 5 }],
      ['create', { game: 'four-in-a-row', options: [] }],
      ['create', { game: 'four-in-a-row', private: 'yes' }],
      ['join', {}],
      ['join', { room: 'a', code: 'b' }],
      ['join', { room: '../../x' }],
      ['join', { room: '__proto__{}' }],
      ['join', { room: 'a', place: [1] }],
      ['join', { room: 'a', session: 'x'.repeat(65) }],
      ['act', { room: 'a' }],
      ['act', { room: 'a', name: 'drop', n: 1 }],
      ['act', { room: 'a', name: 'drop', n: 1.5, term: 1 }],
      ['act', { room: 'a', name: 'drop', n: -1, term: 1 }],
      ['act', { room: 'a', name: 'drop', n: 2 ** 53, term: 1 }],
      ['place', { rooms: 3 }],
      ['place', { rooms: { a: 'x' } }],
    ];
    for (const [event, body] of bad) {
      const reply = await ask(socket, event, body);
      assert.equal(reply.code, 'bad-request', `${event} ${JSON.stringify(body)}: ${JSON.stringify(reply)}`);
    }
    const last = closed(socket);
    socket.emit('join', {}, () => {}); // the twentieth
    assert.equal(await last, 'io server disconnect');
    await stillPlays();
  });

  it('[W5] no acknowledgement, a wrong one, none of the arguments, unknown events', async () => {
    const socket = await raw();
    socket.emit('join', { quick: { game: 'four-in-a-row' } }, 'not a function');
    socket.emit('join');
    socket.emit('act', { room: 'a', name: 'drop' });
    socket.emit(
      'list',
      () => {},
      () => {},
    );
    socket.emit('no-such-event', { a: 1 }, () => {});
    assert.equal((await ask(socket, 'list', {})).ok, true);
    await stillPlays();
  });

  it('[W1] deep, wide, huge and binary payloads', async () => {
    const socket = await raw();
    let deep: unknown = 1;
    for (let i = 0; i < 1_500; i++) deep = [deep];
    assert.equal((await ask(socket, 'act', { room: 'a', name: 'drop', data: deep })).code, 'bad-request');
    assert.equal(
      (await ask(socket, 'act', { room: 'a', name: 'drop', data: Array.from({ length: 2_000 }, (_x, i) => i) })).code,
      'bad-request',
    );
    assert.equal(
      (await ask(socket, 'act', { room: 'a', name: 'drop', data: { buffer: Buffer.from('x') } })).code,
      'bad-request',
    );
    await stillPlays();
  });

  it('[W12] a packet above 16 KiB is refused with its size, one above 64 KiB closes the connection', async () => {
    for (const transports of [['websocket'], ['polling']]) {
      const socket = await raw({ transports });
      const refusal = await ask(socket, 'act', { room: 'a', name: 'drop', data: 'ß'.repeat(10_000) });
      assert.equal(refusal.code, 'too-large');
      assert.match(refusal.detail as string, /^the message has 200\d\d bytes, at most 16384 \(packetBytes\)$/);
      assert.equal((await ask(socket, 'list', {})).ok, true, 'the connection is as it was');
      // nobody waits for an answer to this
      socket.emit('signal', { room: 'a', name: 'emote', data: 'x'.repeat(20_000) });
      assert.equal((await ask(socket, 'list', {})).ok, true);
      const end = closed(socket);
      socket.emit('act', { room: 'a', name: 'drop', data: 'x'.repeat(70_000) });
      await end;
    }
    await stillPlays();
  });

  it("[W1] names of prototypes in ids, options and data are nobody's", async () => {
    const socket = await raw();
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      assert.equal((await ask(socket, 'create', { game: name })).code, 'no-such-game');
      const made = await ask(socket, 'join', { quick: { game: 'four-in-a-row' } });
      const reply = await ask(socket, 'act', { room: made.room, name, data: {} });
      assert.ok(['no-such-action', 'not-playing'].includes(reply.code as string), JSON.stringify(reply));
    }
    assert.equal(({} as Record<string, unknown>).admin, undefined);
    await stillPlays();
  });

  it('[W2] a flood is told to slow down, and others do not notice', async () => {
    const socket = await raw();
    const replies = await Promise.all(Array.from({ length: 300 }, () => ask(socket, 'list', {})));
    const slowed = replies.filter(r => r.code === 'slow-down');
    assert.ok(slowed.length > 150, `${slowed.length} of 300 were slowed`);
    assert.ok(slowed.every(r => typeof r.retryAfter === 'number'));
    await stillPlays();
  });

  it("[W2] the allowance is the player's: a second connection brings no second one", async () => {
    const first = await raw();
    const token = await new Promise<string>(resolve => {
      const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
      open.push(socket);
      socket.once('welcome', (w: { token: string }) => resolve(w.token));
    });
    const [a, b] = [await raw({ auth: { token } }), await raw({ auth: { token } })];
    const replies = await Promise.all(
      [a, b].flatMap(socket => Array.from({ length: 80 }, () => ask(socket, 'list', {}))),
    );
    assert.ok(replies.filter(r => r.code === 'slow-down').length > 50);
    assert.equal((await ask(first, 'list', {})).ok, true);
  });

  it('[A6][S1] nobody acts for another seat: the seat comes from the connection, not from what it says', async () => {
    const [a, b, c] = [await raw(), await raw(), await raw()];
    const made = await ask(a, 'join', { quick: { game: 'four-in-a-row', options: { turnSeconds: 0 } } });
    await ask(b, 'join', { room: made.room });
    const reply = await ask(c, 'act', {
      room: made.room,
      name: 'drop',
      data: { column: 0 },
      seat: 0,
      player: 'x',
      session: made.session,
    });
    assert.equal(reply.code, 'not-in-room');
    const watching = await ask(c, 'join', { room: made.room, watch: true, session: made.session });
    assert.equal(watching.seat, null);
    assert.equal((await ask(c, 'act', { room: made.room, name: 'drop', data: { column: 0 } })).code, 'not-seated');
    const stolen = await ask(c, 'join', { room: made.room, session: made.session });
    assert.equal(stolen.code, 'room-full');
  });

  it('[A2] numbers out of order are answered, not applied', async () => {
    const [a, b] = [await raw(), await raw()];
    const one = await ask(a, 'join', { quick: { game: 'four-in-a-row', options: { turnSeconds: 0 } } });
    const two = await ask(b, 'join', { room: one.room });
    const turn = (two.view as { state: { turn: number } }).state.turn;
    const [socket, joined] = turn === one.seat ? [a, one] : [b, two];
    const act = (n: number, term: unknown = joined.term) =>
      ask(socket, 'act', { room: joined.room, name: 'drop', data: { column: 3 }, n, term });
    assert.equal((await act(2)).code, 'gap');
    assert.equal((await act(1, 12)).code, 'stale-term');
    const done = await act(1);
    assert.equal(done.ok, true);
    assert.deepEqual(await act(1), done);
    assert.equal((await act(3)).code, 'gap');
  });

  it("an authenticate hook replaces guests' tokens, and refuses whom it does not know", async () => {
    const own = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
        log: noLog,
        authenticate: ({ auth }) => {
          if (auth.token === 'broken') throw new Error('the account service is down');
          return auth.token === 'ann-key' ? { player: 'user-ann', name: 'Ann' } : null;
        },
      },
      { port: 0, host: '127.0.0.1' },
    );
    try {
      const client = connect(`http://127.0.0.1:${own.port}`, { storage: null, token: 'ann-key' });
      const room = await client.create(fourInARow, { private: true });
      assert.equal(client.player, 'user-ann');
      assert.deepEqual(room.info.seats[0]!.name, 'Ann');
      client.close();
      const refusal = async (token?: string) => {
        const socket = io(`http://127.0.0.1:${own.port}`, {
          transports: ['websocket'],
          forceNew: true,
          reconnection: false,
          auth: { token },
        });
        open.push(socket);
        return new Promise<{ code: string }>(resolve =>
          socket.once('connect_error', e => resolve((e as unknown as { data: { code: string } }).data)),
        );
      };
      assert.equal((await refusal('bob')).code, 'not-signed-in');
      assert.equal((await refusal()).code, 'not-signed-in');
      assert.deepEqual(await refusal('broken'), { ok: false, code: 'unavailable', retryAfter: 1000 });
    } finally {
      await own.close();
    }
  });

  it('[W10] scripts of foreign pages are refused, for which browsers send no origin', async () => {
    const statusOf = async (query: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}/socket.io/?EIO=4&transport=polling${query}`, { headers })).status;
    for (const [query, headers] of [
      ['&j=0', {}],
      ['&j=', {}],
      ['&%6a=0', {}],
      ['', { 'sec-fetch-site': 'cross-site' }],
      ['', { 'sec-fetch-site': 'same-site' }],
    ] as const)
      assert.equal(await statusOf(query, headers), 403, `${query} ${JSON.stringify(headers)}`);
    for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])
      assert.equal(await statusOf('&t=j', headers), 200);
  });

  it('cross-origin pages are refused, by both transports', async () => {
    for (const transport of ['websocket', 'polling']) {
      const socket = io(url, {
        transports: [transport],
        forceNew: true,
        reconnection: false,
        extraHeaders: { origin: 'https://evil.example' },
      });
      await new Promise(resolve => socket.once('connect_error', resolve));
      socket.close();
    }
    const own = await raw({ extraHeaders: { origin: url } });
    assert.ok(own.connected);
  });
});
