import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, describe, it } from 'mocha';
import { connect } from '../../../client/index.ts';
import { redactSessions } from '../../../server/http/dev/redact-sessions.ts';
import { createApp } from '../../../server/http/app.ts';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { createAddressReader } from '../../../server/identity/address.ts';
import { noLog } from '../../../server/ops/log.ts';
import { noMeter } from '../../../server/ops/metrics.ts';
import { createServer, startServer, type ServerOptions } from '../../../server/server.ts';
import { Allowances } from '../../../server/sessions/allowances.ts';
import { fourInARow } from '../../../shared/games/four-in-a-row/contract.ts';
import { limits } from '../../../shared/limits.ts';
import { ask } from '../hostile/raw-polling.ts';
import { ManualClock } from '../../unit/manual-ports.ts';
import { sameOriginOnly } from './same-origin-only.ts';

const operatorToken = 'QmT6mJw0Zk3vN8sXr1yLh5cBe9aGd2fP';
const metricsToken = 'Yk7pR2vX9mN4qS1wZ6tB';

describe('routes for operators', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });
  const warnings: { fields: Record<string, unknown>; text: string }[] = [];
  const serving = async (more: Partial<ServerOptions> = {}) => {
    warnings.length = 0;
    const log = {
      ...noLog,
      warn: (fields: Record<string, unknown>, text: string) => void warnings.push({ fields, text }),
    };
    const server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        log,
        trustProxy: 'loopback',
        ...more,
      },
      { port: 0, host: '127.0.0.1' },
    );
    endings.push(() => server.close());
    return server.port;
  };
  const get = async (
    port: number,
    path: string,
    how: { token?: string; address?: string; host?: string; origin?: string } = {},
  ) => {
    const headers = {
      ...(how.token === undefined ? {} : { authorization: `Bearer ${how.token}` }),
      ...(how.host === undefined ? {} : { host: how.host }),
      ...(how.origin === undefined ? {} : { origin: how.origin }),
    };
    return ask({ port, address: how.address ?? '10.1.1.1' }, { path, headers });
  };

  it('[W22] are found by their exact path alone', async () => {
    const port = await serving({ operatorToken });
    for (const path of [
      '/metrics/',
      '/Metrics',
      '/METRICS',
      '/metricS',
      '//metrics',
      '/metrics//',
      '/%6detrics',
      '/metrics%2f',
      '/./metrics',
      '/operator/quarantined/',
      '/Operator/quarantined',
      '/operator/Quarantined',
      '//operator/quarantined',
      '/healthz/',
      '/Rooms.json',
      '/rooms.json/',
    ]) {
      assert.equal((await get(port, path, { token: operatorToken })).status, 404, path);
    }
    assert.equal((await get(port, '/metrics')).status, 200);
    assert.equal((await get(port, '/operator/quarantined', { token: operatorToken })).status, 200);
  });

  for (const [route, options] of [
    ['/operator/quarantined', { operatorToken }],
    ['/metrics', { metricsToken }],
  ] as const) {
    it(`[W22] ${route}: wrong tokens are logged and limited by address, then the right one is refused, too`, async () => {
      const port = await serving(options);
      const right = Object.values(options)[0]!;
      for (let i = 0; i < 3; i++) assert.equal((await get(port, route)).status, 401, 'no token at all is no guess');
      assert.equal(warnings.length, 0);
      const statuses: number[] = [];
      for (let i = 0; i < limits.address.wrongTokens.burst + 2; i++)
        statuses.push((await get(port, route, { token: `guess-${i}` })).status);
      assert.deepEqual([statuses[0], statuses.at(-1)], [401, 429]);
      assert.equal((await get(port, route, { token: right })).status, 429);
      assert.equal((await get(port, route, { token: right, address: '10.1.1.2' })).status, 200, 'others do not notice');
      assert.ok(warnings.length > 0 && warnings.length <= limits.address.wrongTokens.burst + 1);
      assert.deepEqual(warnings[0], {
        fields: { route: route === '/metrics' ? '/metrics' : '/operator', address: '10.1.1.1', unlogged: 0 },
        text: 'wrong token refused',
      });
      assert.ok(!JSON.stringify(warnings).includes('guess-'));
    });
  }

  it('[W23] every response forbids guessing its type and being shown in foreign frames', async () => {
    const port = await serving({ operatorToken, metricsToken });
    for (const path of [
      '/healthz',
      '/readyz',
      '/metrics',
      '/operator/quarantined',
      '/rooms.json',
      '/replays/none/1',
      '/config.json',
      '/nothing',
      '/%',
      '/rejoin.min.js',
      '/socket.io/?EIO=4&transport=polling',
      '/socket.io/?EIO=9',
    ]) {
      const { headers } = await fetch(`http://127.0.0.1:${port}${path}`);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      if (path.startsWith('/socket.io')) continue;
      assert.equal(headers.get('content-security-policy'), "frame-ancestors 'self'", path);
      assert.equal(headers.get('x-frame-options'), 'SAMEORIGIN', path);
    }
  });

  it('[W23] pages of origins that may connect may show it in a frame', async () => {
    const port = await serving({ origins: ['https://portal.example'] });
    const { headers } = await fetch(`http://127.0.0.1:${port}/healthz`);
    assert.deepEqual(
      [headers.get('content-security-policy'), headers.get('x-frame-options')],
      ["frame-ancestors 'self' https://portal.example", null],
    );
  });

  it('[W23] in an app of somebody else its routes say the same, and its sockets do', async () => {
    const app = express();
    const http = createHttpServer(app);
    const server = await createServer({
      store: 'memory',
      games: demoGames,
      effects: loggingEffects(demoGames, noLog),
      log: noLog,
      http,
      app,
    });
    endings.push(
      () => {
        http.closeAllConnections();
        http.close();
      },
      () => server.close(),
    );
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    for (const path of ['/rejoin/healthz', '/socket.io/?EIO=4&transport=polling'])
      assert.equal((await fetch(url + path)).headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal((await fetch(`${url}/rejoin/metrics/`)).status, 404);
  });

  it('[W8] every page costs its address, health and metrics excepted', async () => {
    const [allowances, clock] = [new Allowances(), new ManualClock()];
    const node = { parts: { clock, log: noLog, name: 'node' }, games: demoGames, clients: { allowances } };
    const app = createApp({
      node: node as never,
      metrics: { text: () => Promise.resolve(''), contentType: 'text/plain', meter: noMeter } as never,
      page: null,
      clustered: false,
      dev: null,
      addressOf: createAddressReader('loopback'),
      metricsToken: undefined,
      operator: null,
      origins: [],
      originPolicy: sameOriginOnly(),
    });
    const http = createHttpServer(app).listen(0, '127.0.0.1');
    endings.push(() => http.close());
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    while (allowances.address('10.1.1.1', clock.mono()).take('pages', clock.mono()) === 0);
    for (const [path, status] of [
      ['/config.json', 429],
      ['/nothing', 429],
      ['/rejoin.min.js', 429],
      ['/rooms.json', 429],
      ['/healthz', 200],
      ['/metrics', 200],
    ] as const)
      assert.equal((await get(port, path)).status, status, path);
    assert.equal((await get(port, '/config.json', { address: '10.1.1.2' })).status, 200);
  });

  describe('of a node in dev mode', () => {
    it("[W24] answer to this machine's names and to addresses, not to a name that somebody else lets lead here", async () => {
      const port = await serving({ dev: true, origins: ['https://staging.example'] });
      const statusOf = async (host: string, path = '/dev/games.json') => (await get(port, path, { host })).status;
      for (const host of [
        `localhost:${port}`,
        `127.0.0.1:${port}`,
        `[::1]:${port}`,
        '192.168.1.7:3000',
        'app.localhost',
        'staging.example',
      ])
        assert.equal(await statusOf(host), 200, host);
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        'localhost.evil.example',
        '127.0.0.1.nip.io',
        'x localhost',
        'localhost@evil.example',
      ]) {
        assert.ok([400, 421].includes(await statusOf(host)), host);
        assert.ok([400, 421].includes(await statusOf(host, '/rooms.json')), host);
        assert.ok([400, 403].includes(await statusOf(host, '/socket.io/?EIO=4&transport=polling')), host);
      }
    });

    it('[W24] show no session ids', async () => {
      const port = await serving({ dev: true });
      const url = `http://127.0.0.1:${port}`;
      const client = connect(url, { storage: null });
      endings.push(() => client.close());
      const room = await client.create(fourInARow, { private: true });
      const text = await (await fetch(`${url}/dev/rooms/${room.id}.json`)).text();
      const reading = JSON.parse(text) as { doc: { hidden: { seats: ({ session: string } | null)[] } } };
      assert.match(reading.doc.hidden.seats[0]!.session, /^[\w-]{4}…$/);
      assert.ok(!/"session":\[?"[\w-]{5,}"/.test(text), text);
    });

    it('[W24] sessions are shortened wherever a seat or a change of it has them, and nothing else is', () => {
      const seat = { player: 'ada', session: 'abcdefghijkl', closed: ['mnopqrstuvwx'], base: 3 };
      assert.deepEqual(
        redactSessions({ state: { closed: ['stays as it is'] }, hidden: { seats: [seat, null], clock: 1 } }),
        {
          state: { closed: ['stays as it is'] },
          hidden: { seats: [{ player: 'ada', session: 'abcd…', closed: ['mnop…'], base: 3 }, null], clock: 1 },
        },
      );
      assert.deepEqual(
        redactSessions({
          hidden: { seats: { 0: [seat], 1: { session: ['abcdefghijkl'], closed: { 0: ['mnopqrstuvwx'] } } } },
        }),
        {
          hidden: {
            seats: {
              0: [{ player: 'ada', session: 'abcd…', closed: ['mnop…'], base: 3 }],
              1: { session: ['abcd…'], closed: { 0: ['mnop…'] } },
            },
          },
        },
      );
    });
  });
});
