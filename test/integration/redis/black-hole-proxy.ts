import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to Redis on which packets can begin to vanish: nothing arrives any more, and nothing is closed. */
export class BlackHoleProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private swallowing = false;
  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<BlackHoleProxy> {
    const server = createServer();
    const hole = new BlackHoleProxy(server);
    server.on('connection', near => hole.join(near, port));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hole;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  /** How many connections there were that are swallowed now. */
  open(): number {
    this.swallowing = true;
    return this.pairs.size;
  }
  /** New connections go through again. Those that were swallowed stay so. */
  shut(): void {
    this.swallowing = false;
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket, port: number): void {
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    this.pairs.add(pair);
    let lost = this.swallowing;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', bytes => {
        if (!(lost ||= this.swallowing)) to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => {
        this.pairs.delete(pair);
        if (!(lost ||= this.swallowing)) to.destroy();
      });
    }
  }
}
