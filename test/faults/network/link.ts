import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Pipe, type Flow } from './pipe.ts';

/** How a link behaves, both ways, and whether new connections are let in. `up` is towards the server. */
export interface Weather { up: Flow; down: Flow; door: 'open' | 'refused' }
export const calm: Weather = { up: { kind: 'pass' }, down: { kind: 'pass' }, door: 'open' };

interface Both { near: Socket; far: Socket; up: Pipe; down: Pipe }

/** A port that leads to another port, and can be made to do so badly. */
export class Link {
  private readonly server: Server;
  private readonly open = new Set<Both>();
  private weather: Weather = calm;
  private refusing = false;
  /** The answer to the next request that contains this is lost, and the connection with it. */
  private swallow: { needle: string; done(): void } | null = null;

  private constructor(private readonly target: number) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, near => this.accept(near));
    this.server.on('error', () => {});
  }

  static async to(target: number): Promise<Link> {
    const link = new Link(target);
    await new Promise<void>((resolve, reject) => {
      link.server.once('error', reject);
      link.server.listen(0, '127.0.0.1', resolve);
    });
    link.port = (link.server.address() as AddressInfo).port;
    return link;
  }
  port = 0;

  async set(weather: Weather): Promise<void> {
    this.weather = weather;
    for (const { up, down } of this.open) {
      up.set(weather.up);
      down.set(weather.down);
    }
    await this.door(weather.door === 'refused');
  }

  /** Breaks all connections, as a machine does that has restarted: with a reset. */
  cut(): void { for (const one of [...this.open]) this.end(one); }

  /** Lets a request with `needle` in it reach the server, and loses the answer. Resolves when it has happened. */
  loseReply(needle: string): Promise<void> { return new Promise(done => { this.swallow = { needle, done }; }); }
  forgetReply(): void { this.swallow = null; }

  close(): void {
    this.cut();
    this.server.close();
  }

  /** A refused connection is one that nobody listens for: the port is really closed meanwhile. */
  private async door(refused: boolean): Promise<void> {
    if (refused === this.refusing) return;
    this.refusing = refused;
    if (refused) return void this.server.close();
    // Meanwhile another may have drawn the port for a connection of its own: it will be free again.
    for (let listens = false; !listens;) {
      listens = await new Promise<boolean>(resolve => {
        const failed = () => setTimeout(() => resolve(false), 50);
        this.server.once('error', failed);
        this.server.listen(this.port, '127.0.0.1', () => {
          this.server.off('error', failed);
          resolve(true);
        });
      });
    }
  }

  private accept(near: Socket): void {
    const far = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const both: Both = { near, far, up: new Pipe(near, far), down: new Pipe(far, near) };
    this.open.add(both);
    for (const socket of [near, far]) {
      socket.on('error', () => {}); // the close that follows says it
      socket.on('close', () => this.oneClosed(both));
    }
    both.up.set(this.weather.up);
    both.down.set(this.weather.down);
    let struck = false;
    both.up.watch = data => {
      if (this.swallow && data.includes(this.swallow.needle)) struck = true;
      return true;
    };
    both.down.watch = () => {
      if (!struck || !this.swallow) return true;
      const { done } = this.swallow;
      this.swallow = null;
      this.end(both);
      done();
      return false;
    };
  }

  /** While a direction is held, the other end does not learn that this one is gone. */
  private oneClosed(both: Both): void {
    const held = this.weather.up.kind === 'hold' || this.weather.down.kind === 'hold';
    if (!held || (both.near.destroyed && both.far.destroyed)) return this.end(both);
    const again = setInterval(() => {
      if (this.weather.up.kind === 'hold' || this.weather.down.kind === 'hold') return;
      clearInterval(again);
      this.end(both);
    }, 50);
    again.unref();
  }

  private end(both: Both): void {
    if (!this.open.delete(both)) return;
    both.up.stop();
    both.down.stop();
    for (const socket of [both.near, both.far]) {
      if (socket.destroyed) continue;
      socket.resetAndDestroy();
    }
  }
}
