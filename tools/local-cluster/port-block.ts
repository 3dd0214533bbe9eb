import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

// Below the range from which Linux (32768) and macOS (49152) draw the ports of outgoing connections: a port that is
// free
// here stays free until one of us takes it.
const FIRST_PORT = 20_000;
const PORTS_PER_BLOCK = 40;
const BLOCKS = 300;

/** A run of ports that belongs to one cluster for as long as its launcher lives. */
export interface PortBlock {
  /** Where the block's holder answers, with the greeting it was claimed with. */
  readonly lockPort: number;
  /** The next free port; `preferred` if that one is free. */
  take(preferred?: number): Promise<number>;
  /** It is not needed any more: once all have been given, it may be given again. */
  giveBack(port: number): void;
  release(): Promise<void>;
}

/**
 * Claims a block of ports by listening on its first one. Clusters of other processes respect that, and whatever becomes
 * of this process, the operating system gives the block back. (To ask for port 0, close it and hand the number on, as
 * is often done, loses a race now and then when several clusters start at once.)
 */
export async function claimPorts(greeting: string): Promise<PortBlock> {
  const start = randomInt(BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const lockPort = FIRST_PORT + ((start + i) % BLOCKS) * PORTS_PER_BLOCK;
    const lockServer = createServer(socket => {
      socket.on('error', () => {}); // Whoever asked has gone: nothing to do.
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

/** Whether a server could listen on this port now, on loopback as on every address. */
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
