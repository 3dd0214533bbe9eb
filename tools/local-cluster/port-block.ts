import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

// Below the ranges from which Linux (32768) and macOS (49152) assign ports of outgoing connections, so a port that is
// free stays free.
const FIRST_PORT = 20_000;
const PORTS_PER_BLOCK = 40;
const BLOCKS = 300;

/** A range of ports reserved for one cluster while its process runs. */
export interface PortBlock {
  /** The port on which the block's holder sends its greeting. */
  readonly lockPort: number;
  /** Returns the next free port, or `preferred` if it is free. */
  take(preferred?: number): Promise<number>;
  /** Returns a port, which is reused only when all others are taken. */
  giveBack(port: number): void;
  release(): Promise<void>;
}

/**
 * Reserves a block of ports by listening on its first one. Other processes do the same, and the operating system frees
 * the block when this process ends. (Listening on port 0, closing and passing the number on is a race when several
 * clusters start at once.)
 */
export async function claimPorts(greeting: string): Promise<PortBlock> {
  const start = randomInt(BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const lockPort = FIRST_PORT + ((start + i) % BLOCKS) * PORTS_PER_BLOCK;
    const lockServer = createServer(socket => {
      socket.on('error', () => {}); // the client has disconnected
      socket.end(greeting);
    });
    if (!(await canListen(lockServer, lockPort, '127.0.0.1'))) continue;
    lockServer.unref();
    return blockAt(lockPort, lockServer);
  }
  throw new Error(
    `no block of ${PORTS_PER_BLOCK} ports is free between ${FIRST_PORT} and ${FIRST_PORT + BLOCKS * PORTS_PER_BLOCK}`,
  );
}

function blockAt(lockPort: number, lock: Server): PortBlock {
  let next = lockPort + 1;
  const taken = new Set<number>();
  const returned: number[] = [];
  return {
    lockPort,
    async take(preferred) {
      if (preferred !== undefined && !taken.has(preferred) && (await isFree(preferred))) {
        taken.add(preferred);
        return preferred;
      }
      while (next < lockPort + PORTS_PER_BLOCK) {
        const port = next++;
        if (await isFree(port)) return port;
      }
      for (let port = returned.shift(); port !== undefined; port = returned.shift())
        if (await isFree(port)) return port;
      throw new Error(`all ${PORTS_PER_BLOCK} ports of this cluster are in use`);
    },
    giveBack: port => void returned.push(port),
    release: () => new Promise(resolve => lock.close(() => resolve())),
  };
}

/** Whether a server could listen on this port now, on loopback and on all addresses. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const server = createServer();
    if (!(await canListen(server, port, host))) return false;
    await new Promise(resolve => server.close(resolve));
  }
  return true;
}

function canListen(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => resolve(true));
  });
}
