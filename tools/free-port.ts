import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * A port that is free now. It is below the ports that outgoing connections get, so a server that is down finds it free
 * when it comes back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(10_000 + Math.floor(Math.random() * 9_000), '127.0.0.1');
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!isFree) continue;
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
}
