import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Gateway } from '../../../server/gateway/gateway.ts';
import { createAddressReader } from '../../../server/identity/address.ts';
import { Tokens } from '../../../server/identity/tokens.ts';
import { noLog } from '../../../server/ops/log.ts';
import { noMeter } from '../../../server/ops/metrics.ts';
import { realClock, realEntropy } from '../../../server/runtime/real-ports.ts';
import { sameOriginOnly } from './same-origin-only.ts';

/** An error of a socket to which nobody listens is the end of the process, and of all its rooms. */
describe('a connection that is reset while it is being upgraded', () => {
  for (const { what, path } of [
    { what: 'where nothing is', path: '/other' },
    { what: 'at a node that takes nobody', path: '/socket.io/?EIO=4&transport=websocket' },
  ]) {
    it(`[W8] ${what}: costs nobody but whoever does it`, async () => {
      const http = createServer();
      const gateway = new Gateway(
        { http },
        {
          tokens: new Tokens('for-tests-only-9f3kQ7wZx2LmVb8RtYc4', realClock, realEntropy),
          origins: sameOriginOnly(),
          addressOf: createAddressReader(undefined),
          clock: realClock,
          entropy: realEntropy,
          log: noLog,
          meter: noMeter,
        },
      );
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
      try {
        for (let i = 0; i < 5; i++) {
          const client = connect((http.address() as AddressInfo).port, '127.0.0.1');
          client.on('error', () => {});
          const upgraded = once(http, 'upgrade') as Promise<[unknown, Socket]>;
          client.write(
            `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
          );
          const [, socket] = await upgraded;
          assert.ok(socket.listenerCount('error') > 0, 'nobody listens');
          client.resetAndDestroy();
          await new Promise(resolve => socket.once('close', resolve));
        }
      } finally {
        http.closeAllConnections();
        http.close();
        await gateway.close().catch(() => {}); // nobody was ever served
      }
    });
  }
});
