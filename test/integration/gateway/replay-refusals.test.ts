import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'mocha';
import { connect } from '../../../client/index.ts';
import { noLog } from '../../../server/ops/log.ts';
import { startServer } from '../../../server/server.ts';

describe('a recording that cannot be had', () => {
  it('[Y3] [Y9] is refused with a code, whatever is asked for and whoever answers', async () => {
    const server = await startServer({ store: 'memory', games: [], log: noLog }, { port: 0, host: '127.0.0.1' });
    let answer = '';
    const proxy = createServer((_req, res) => res.writeHead(404).end(answer)).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const client = connect(`ws://127.0.0.1:${server.port}/?room=r#top`, { storage: null });
    const code = (id: string, match: number, at?: string) =>
      client.replay(id, match, at).then(
        () => null,
        (error: { code?: string }) => error.code,
      );
    try {
      for (const [id, match] of [
        ['r', 1],
        ['', 1],
        ['r', 0],
        ['r', NaN],
        ['r', 1.5],
        ['r', '' as never],
        ['a/b', 1],
      ] as const)
        assert.equal(await code(id, match), 'replay-missing', `${id}/${match}`);
      for (answer of [
        '<h1>Not Found</h1>',
        '{"error":"not-found"}',
        '{"ok":false,"code":"toString"}',
        'null',
        '"text"',
      ]) {
        assert.equal(
          await code('r', 1, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`),
          'unavailable',
          answer,
        );
      }
    } finally {
      client.close();
      proxy.closeAllConnections();
      proxy.close();
      await server.close();
    }
  });
});
