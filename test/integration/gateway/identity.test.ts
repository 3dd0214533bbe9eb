import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { connect, RoomError, type Client, type ConnectOptions } from '../../../client/index.ts';
import type { Authenticate } from '../../../server/gateway/handshake.ts';
import { until } from '../../../tools/until.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';
import { contract, schema, state } from '../../../shared/index.ts';

const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<null>(),
  actions: { wave: schema<object>(() => true) },
});
const own = {
  games: [duel.rules({ setup: () => null, actions: { wave: () => {} } })],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  log: noLog,
};

/** Accounts of an app, with sessions that expire. */
const sessions = new Map<string, { id: number; name: string }>();
const authenticate: Authenticate = async ({ auth, headers }) => {
  const user = await Promise.resolve(sessions.get(headers.cookie ?? String(auth.token ?? auth.session)));
  return user ? { player: `user:${user.id}`, name: user.name } : null;
};

describe('an app that knows its players', () => {
  let server: RunningServer;
  const clients: Client[] = [];
  before(async () => {
    server = await startServer(
      { store: 'memory', ...own, authenticate, hangAfter: null },
      { port: 0, host: '127.0.0.1' },
    );
  });
  after(() => server.close());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const player = (options: ConnectOptions): Client => {
    const client = connect(`http://127.0.0.1:${server.port}`, { storage: null, ...options });
    clients.push(client);
    return client;
  };

  for (const [what, options] of Object.entries<ConnectOptions>({
    'a token': { token: 'ann' },
    'a token function': { token: async () => 'ann' },
    'values in `auth`': { auth: { session: 'ann' } },
    'an `auth` function': { auth: async () => ({ session: 'ann' }) },
    'a cookie': { socket: { extraHeaders: { cookie: 'ann' } } },
    'auth of Socket.IO': { socket: { auth: { session: 'ann' } } },
    'an auth function of Socket.IO': { socket: { auth: done => done({ session: 'ann' }) } },
  })) {
    it(`reads ${what} of the client`, async () => {
      sessions.set('ann', { id: 1, name: 'Ann' });
      const client = player(options);
      await client.list();
      assert.deepEqual([client.player, client.playerName], ['user:1', 'Ann']);
    });
  }

  it('[U10] [W15] an expired token is asked for again, and the room goes on; when nobody is signed in any more it ends, and says so', async () => {
    sessions.clear();
    sessions.set('first', { id: 1, name: 'Ann' });
    const asked: boolean[] = [];
    let token: string = 'first';
    const client = player({
      token: ({ refused }) => {
        asked.push(refused);
        return refused ? (token = 'second') : token;
      },
    });
    const room = await client.create(duel);
    assert.deepEqual(asked, [false]);
    sessions.clear();
    sessions.set('second', { id: 1, name: 'Ann' });
    client.move();
    const { opening } = (client as unknown as { connector: { opening: Set<unknown> } }).connector;
    await until(
      'it is connected with another token',
      () => (asked.length === 3 && opening.size === 0 ? true : undefined),
      { timeoutMs: 5_000 },
    );
    await client.list();
    assert.deepEqual([asked, room.ended, room.seat], [[false, false, true], null, 0]);
    sessions.clear();
    const ended = new Promise<string>(resolve => room.onEnd(({ code }) => resolve(code)));
    client.move();
    assert.equal(await ended, 'not-signed-in');
    assert.deepEqual(asked.slice(3), [false, true]);
    assert.deepEqual(client.status, {
      state: 'refused',
      refusal: { ok: false, code: 'not-signed-in' },
      why: 'The user is not signed in.',
      now: 'sign-in',
    });
    await assert.rejects(client.list(), (error: unknown) => error instanceof RoomError && error.now === 'sign-in');
  });
});
