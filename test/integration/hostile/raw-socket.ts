import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { textFrame } from './frames.ts';

/** Where an attacker knocks, and as whom it passes: the address that the proxy in front would tell. */
export interface Target {
  port: number;
  address: string;
}

/**
 * A WebSocket without a library in between: it sends whatever bytes it is given, and reads the text frames that come
 * back.
 */
export class RawSocket {
  /** Text messages that came, oldest first; those looked at are dropped. */
  readonly heard: string[] = [];
  closed = false;
  /** Acknowledgements that came. */
  answers = 0;
  /** Pong frames that came. */
  pongs = 0;
  private rest: Buffer = Buffer.alloc(0);
  private upgraded = false;
  private wake: () => void = () => {};

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', part => this.take(part));
    socket.on('error', () => {}); // reset by the server: as good as closed
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** @returns null where the server does not take it */
  static async open(
    { port, address }: Target,
    query = 'EIO=4&transport=websocket',
    headers = '',
  ): Promise<RawSocket | null> {
    const raw = new RawSocket(connect(port, '127.0.0.1'));
    raw.socket.write(
      `GET /socket.io/?${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX-Forwarded-For: ${address}\r\n${headers}\r\n`,
    );
    await raw.until(() => raw.upgraded, 5_000);
    if (raw.upgraded) return raw;
    raw.end('reset');
    return null;
  }

  /**
   * Resolves with what `find` finds among what was heard, or null when the connection is closed or the time is over.
   */
  async hears(find: (text: string) => boolean, within = 5_000): Promise<string | null> {
    let found: string | undefined;
    await this.until(() => (found = this.heard.find(find)) !== undefined, within);
    return found ?? null;
  }

  private async until(holds: () => boolean, within: number): Promise<void> {
    const end = performance.now() + within;
    while (!holds() && !this.closed && performance.now() < end) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.max(1, end - performance.now()));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async send(...frames: readonly Buffer[]): Promise<void> {
    if (this.closed) return;
    if (!this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames)) && !this.closed)
      await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]).catch(() => {});
  }
  text(...texts: readonly string[]): Promise<void> {
    return this.send(...texts.map(textFrame));
  }

  /** Stops reading: what the server says piles up on its side. */
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }

  end(how: 'close' | 'reset' | 'half'): void {
    if (how === 'half') {
      this.socket.end();
      setTimeout(() => this.socket.destroy(), 50).unref();
    } else if (how === 'reset') this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  private take(part: Buffer): void {
    this.rest = this.rest.length === 0 ? part : Buffer.concat([this.rest, part]);
    if (!this.upgraded) {
      const end = this.rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.rest.subarray(0, 12).toString().endsWith(' 101')) return void this.socket.destroy();
      this.upgraded = true;
      this.rest = this.rest.subarray(end + 4);
      this.wake();
    }
    for (;;) {
      const [first, second] = this.rest;
      if (first === undefined || second === undefined) return;
      const short = second & 127;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.rest.length < head) return;
      const length =
        short === 126 ? this.rest.readUInt16BE(2) : short === 127 ? Number(this.rest.readBigUInt64BE(2)) : short;
      if (this.rest.length < head + length) return;
      if ((first & 15) === 8) return void this.socket.destroy(); // told to go
      if ((first & 15) === 10) this.pongs += 1;
      if ((first & 15) === 1) this.listen(this.rest.subarray(head, head + length).toString());
      this.rest = this.rest.subarray(head + length);
    }
  }

  private listen(text: string): void {
    if (text === '2') return void this.socket.write(textFrame('3')); // it lives
    if (text.startsWith('43')) this.answers += 1;
    this.heard.push(text);
    if (this.heard.length > 200) this.heard.shift();
    this.wake();
  }
}
