import assert from 'node:assert/strict';
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import express from 'express';
import { after, before, describe, it } from 'mocha';
import { noLog } from '../../../server/ops/log.ts';
import { buildSdk } from '../../../server/cli/build-sdk.ts';
import { createServer, startServer, type RunningServer } from '../../../server/server.ts';
import { contract, schema, state } from '../../../shared/index.ts';

const duel = contract('duel', {
  version: 1,
  seats: { min: 2, max: 2 },
  state: state<null>(),
  actions: { wave: schema<object>(value => Object.keys(value).length === 0) },
});
const own = {
  games: [duel.rules({ setup: () => null, actions: { wave: () => {} } })],
  secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
  log: noLog,
};
const ours = 'https://ours.example';

describe('pages of other origins', () => {
  let server: RunningServer;
  let url: string;
  before(async () => {
    await buildSdk();
    server = await startServer({ store: 'memory', ...own, origins: [ours] }, { port: 0, host: '127.0.0.1' });
    url = `http://127.0.0.1:${server.port}`;
  });
  after(() => server.close());
  const from = (origin: string, path: string) => fetch(url + path, { headers: { origin } });
  const seenBy = async (origin: string, path: string): Promise<string | null> => {
    const response = await from(origin, path);
    await response.arrayBuffer();
    return response.headers.get('access-control-allow-origin');
  };

  it('[W10] [W16] those that may connect are shown long-polling by their browsers, others are shown that they may not', async () => {
    const path = '/socket.io/?EIO=4&transport=polling';
    assert.equal(await seenBy(ours, path), ours);
    const refused = await from('https://evil.example', path);
    assert.deepEqual([refused.status, await refused.json()], [403, { code: 4, message: 'origin-refused' }]);
  });

  for (const [what, path] of [
    ['the list of rooms', '/rooms.json'],
    ['a replay, and that there is none', '/replays/AAAAAAAAAAAAAAAAAAAAAA/1'],
  ] as const) {
    it(`[W10] those that may connect are shown ${what} by their browsers, others are not`, async () => {
      assert.equal(await seenBy(ours, path), ours);
      assert.equal(await seenBy('https://evil.example', path), null);
    });
  }

  it('[W10] health and metrics are for no page', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/config.json'])
      assert.equal(await seenBy(ours, path), null, path);
  });

  it('[W10] where all origins may connect, all are shown it', async () => {
    const open = await startServer({ store: 'memory', ...own, origins: ['*'] }, { port: 0, host: '127.0.0.1' });
    try {
      for (const path of ['/rooms.json', '/socket.io/?EIO=4&transport=polling'])
        assert.equal(
          (await fetch(`http://127.0.0.1:${open.port}${path}`, { headers: { origin: ours } })).headers.get(
            'access-control-allow-origin',
          ),
          ours,
          path,
        );
    } finally {
      await open.close();
    }
  });

  /** As a browser asks that keeps what it got; `fetch` has its own mind about caches and packing. */
  const ask = async (headers: Record<string, string>) => {
    const asked = request(`${url}/rejoin.min.js`, { headers }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return { status: response.statusCode, encoding: response.headers['content-encoding'], body: Buffer.concat(parts) };
  };

  it('[W10] the client for pages without a bundler is there for any page: packed, and not sent again while it is the same', async () => {
    const response = await from('https://any.example', '/rejoin.min.js');
    const headers = Object.fromEntries(response.headers);
    assert.equal(response.status, 200);
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal(headers['content-encoding'], 'gzip');
    assert.deepEqual(
      [
        headers['access-control-allow-origin'],
        headers['cross-origin-resource-policy'],
        headers['x-content-type-options'],
      ],
      ['*', 'cross-origin', 'nosniff'],
    );
    assert.deepEqual([headers['cache-control'], headers['vary']], ['public, no-cache', 'accept-encoding']);
    const code = await response.text();
    assert.match(code, /^\/\*! rejoin .*socket\.io-client/);
    assert.match(code, /\n\/\/# sourceMappingURL=rejoin\.min\.js\.map\n$/);
    const again = await ask({ 'if-none-match': headers['etag']! });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    const map = (await (await fetch(`${url}/rejoin.min.js.map`)).json()) as {
      sources: string[];
      sourcesContent: string[];
    };
    assert.ok(
      map.sources.some(name => name.endsWith('client/room.ts')) && map.sourcesContent.length === map.sources.length,
    );
  });

  it('whoever cannot unpack it gets it as it is', async () => {
    const [plain, packed] = [await ask({ 'accept-encoding': 'identity' }), await ask({ 'accept-encoding': 'gzip' })];
    assert.deepEqual([plain.encoding, packed.encoding], [undefined, 'gzip']);
    assert.ok(gunzipSync(packed.body).equals(plain.body) && packed.body.length < plain.body.length / 2);
  });

  it("in somebody's app it lies beside the other routes", async () => {
    const app = express();
    const http = createHttpServer(app);
    const games = await createServer({ store: 'memory', ...own, http, app });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    try {
      const at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      assert.equal((await fetch(`${at}/rejoin/rejoin.min.js`)).status, 200);
      assert.equal((await fetch(`${at}/rejoin.min.js`)).status, 404);
    } finally {
      await games.close();
      http.closeAllConnections();
      http.close();
    }
  });
});
