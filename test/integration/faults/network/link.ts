import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FlowPipe, type Flow } from './pipe.ts';

/** How a link behaves, both ways, and whether new connections are let in. `up` is towards the server. */
export interface LinkConditions {
  up: Flow;
  down: Flow;
  newConnections: 'open' | 'refused';
}
export const normalConditions: LinkConditions = {
  up: { kind: 'pass' },
  down: { kind: 'pass' },
  newConnections: 'open',
};

interface Both {
  near: Socket;
  far: Socket;
  up: FlowPipe;
  down: FlowPipe;
}

/** A port that leads to another port, and can be made to do so badly. */
export class Link {
  private readonly server: Server;
  private readonly open = new Set<Both>();
  private conditions: LinkConditions = normalConditions;
  private refusing = false;
  /** The answer to the next request that contains this is lost, and the connection with it. */
  private replyToDrop: { needle: string; done(): void } | null = null;

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

  async setConditions(weather: LinkConditions): Promise<void> {
    this.conditions = weather;
    for (const { up, down } of this.open) {
      up.set(weather.up);
      down.set(weather.down);
    }
    await this.setListening(weather.newConnections === 'refused');
  }

  /** Breaks all connections, as a machine does that has restarted: with a reset. */
  cut(): void {
    for (const one of [...this.open]) this.end(one);
  }

  /** Lets a request with `needle` in it reach the server, and loses the answer. Resolves when it has happened. */
  loseReply(needle: string): Promise<void> {
    return new Promise(done => {
      this.replyToDrop = { needle, done };
    });
  }
  forgetReply(): void {
    this.replyToDrop = null;
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  /** A refused connection is one that nobody listens for: the port is really closed meanwhile. */
  private async setListening(refused: boolean): Promise<void> {
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
    const both: Both = { near, far, up: new FlowPipe(near, far), down: new FlowPipe(far, near) };
    this.open.add(both);
    for (const socket of [near, far]) {
      socket.on('error', () => {}); // the close that follows says it
      socket.on('close', () => this.oneClosed(both));
    }
    both.up.set(this.conditions.up);
    both.down.set(this.conditions.down);
    let struck = false;
    both.up.watch = data => {
      if (this.replyToDrop && data.includes(this.replyToDrop.needle)) struck = true;
      return true;
    };
    both.down.watch = () => {
      if (!struck || !this.replyToDrop) return true;
      const { done } = this.replyToDrop;
      this.replyToDrop = null;
      this.end(both);
      done();
      return false;
    };
  }

  /** While a direction is held, the other end does not learn that this one is gone. */
  private oneClosed(both: Both): void {
    const held = this.conditions.up.kind === 'hold' || this.conditions.down.kind === 'hold';
    if (!held || (both.near.destroyed && both.far.destroyed)) return this.end(both);
    const again = setInterval(() => {
      if (this.conditions.up.kind === 'hold' || this.conditions.down.kind === 'hold') return;
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
