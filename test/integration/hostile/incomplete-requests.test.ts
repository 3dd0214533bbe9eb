import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket as NetSocket } from 'node:net';
import { describe, it } from 'mocha';
import { loggingEffects } from '../../../server/cli/logging-effects.ts';
import { demoGames } from '../../../server/cli/demo-games.ts';
import { noLog } from '../../../server/ops/log.ts';
import { until } from '../../../tools/until.ts';
import { startServer } from '../../../server/server.ts';
import { RawSocket } from './raw-socket.ts';

describe('requests that are begun and not ended', () => {
  it('[W8] are let go, whether they stop in the headers, in the body, or say nothing at all', async () => {
    const server = await startServer(
      {
        store: 'memory',
        games: demoGames,
        effects: loggingEffects(demoGames, noLog),
        secret: 'for-tests-only-9f3kQ7wZx2LmVb8RtYc4',
        log: noLog,
      },
      { port: 0, host: '127.0.0.1' },
    );
    try {
      const begun = performance.now();
      await Promise.all(
        [
          '',
          'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ',
          'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc',
        ].map(async text => {
          const socket = connect(server.port, '127.0.0.1');
          socket.on('error', () => {});
          socket.resume().write(text);
          await once(socket, 'close');
        }),
      );
      assert.ok(performance.now() - begun < 50_000);
    } finally {
      await server.close();
    }
  });

  it('[W8] a connection that does not say who it is, and one that shows no sign of life, are closed', async () => {
    const server = await startServer(
      { store: 'memory', games: demoGames, effects: loggingEffects(demoGames, noLog), log: noLog },
      { port: 0, host: '127.0.0.1' },
    );
    try {
      const begun = performance.now();
      const silent = (await RawSocket.open({ port: server.port, address: '' }))!; // answers pings
      const deaf = (await RawSocket.open({ port: server.port, address: '' }))!;
      await deaf.text('40{}');
      await deaf.hears(text => text.startsWith('42["welcome"'));
      const { socket } = deaf as unknown as { socket: NetSocket };
      socket.removeAllListeners('data'); // reads, and answers nothing
      socket.resume();
      await Promise.all(
        [silent, deaf].map(one => until('it is closed', () => one.closed || undefined, { timeoutMs: 40_000 })),
      );
      assert.ok(performance.now() - begun < 40_000);
    } finally {
      await server.close();
    }
  });
});
