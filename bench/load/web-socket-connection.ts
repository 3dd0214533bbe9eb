import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A message as it came: its bytes, and whether they are text. Valid only while it is handled. */
export type OnMessage = (data: Buffer, text: boolean) => void;

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * A WebSocket of the load generator: as cheap as it can be, and the same for all servers, so that what is measured is
 * theirs. Bytes are counted at the TCP socket beneath. Masks are zero, which every server undoes like any other.
 */
export class WebSocketConnection {
  onMessage: OnMessage = () => {};
  onClose: () => void = () => {};
  private rest: Buffer | null = null;
  /** Frames of a message that came in pieces. */
  private pieces: { text: boolean; parts: Buffer[] } | null = null;

  private constructor(
    private readonly socket: Socket,
    early: Buffer,
  ) {
    socket.on('data', chunk => this.handleData(chunk));
    socket.on('close', () => this.onClose());
    if (early.length > 0) setImmediate(() => this.handleData(early));
  }

  /** @throws when the server does not switch protocols, with its first line */
  static open(url: string, headers: Record<string, string> = {}): Promise<WebSocketConnection> {
    const { hostname, port, pathname, search, host } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      const lines = {
        Host: host,
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
        ...headers,
      };
      socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\n${Object.entries(lines)
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('')}\r\n`,
      );
      let received = Buffer.alloc(0);
      const fail = (why: string) => {
        socket.destroy();
        reject(new Error(`${url}: ${why}`));
      };
      const closed = () => fail('closed before the handshake was answered');
      socket.on('error', error => fail(error.message)); // stays: an error is followed by 'close'
      socket.once('close', closed);
      socket.on('data', function answer(chunk: Buffer) {
        received = Buffer.concat([received, chunk]);
        const end = received.indexOf('\r\n\r\n');
        if (end < 0) return;
        socket.off('data', answer);
        socket.off('close', closed);
        if (!received.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101'))
          return fail(received.subarray(0, received.indexOf('\r\n')).toString('latin1'));
        resolve(new WebSocketConnection(socket, received.subarray(end + 4)));
      });
    });
  }

  get bytesIn(): number {
    return this.socket.bytesRead;
  }
  get bytesOut(): number {
    return this.socket.bytesWritten;
  }
  get open(): boolean {
    return !this.socket.destroyed;
  }

  sendText(text: string): void {
    const size = Buffer.byteLength(text);
    const frame = frameFor(TEXT, size);
    frame.write(text, frame.length - size);
    this.socket.write(frame);
  }
  sendBytes(bytes: Uint8Array): void {
    const frame = frameFor(BINARY, bytes.length);
    frame.set(bytes, frame.length - bytes.length);
    this.socket.write(frame);
  }
  close(): void {
    this.socket.destroy();
  }

  private handleData(chunk: Buffer): void {
    let data = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = null;
    for (;;) {
      const read = readFrame(data);
      if (read === null) break;
      data = data.subarray(read.end);
      this.handleFrame(read.first, read.payload);
    }
    if (data.length > 0) this.rest = data;
  }

  private handleFrame(first: number, payload: Buffer): void {
    const [last, opcode] = [(first & 0x80) !== 0, first & 0x0f];
    if (opcode === PING) {
      const pong = frameFor(PONG, payload.length);
      pong.set(payload, pong.length - payload.length);
      this.socket.write(pong);
    } else if (opcode === CLOSE) this.socket.end();
    else if (opcode === PONG) return;
    else if (last && opcode !== 0) this.onMessage(payload, opcode === TEXT);
    else {
      this.pieces ??= { text: opcode === TEXT, parts: [] };
      this.pieces.parts.push(Buffer.from(payload));
      if (!last) return;
      const { text, parts } = this.pieces;
      this.pieces = null;
      this.onMessage(Buffer.concat(parts), text);
    }
  }
}

/** The frame at the beginning of some bytes, and where it ends; null: not all of it is there. */
function readFrame(data: Buffer): { first: number; payload: Buffer; end: number } | null {
  if (data.length < 2) return null;
  let size = data[1]! & 0x7f;
  let from = 2;
  if (size === 126) {
    if (data.length < 4) return null;
    size = data.readUInt16BE(2);
    from = 4;
  } else if (size === 127) {
    if (data.length < 10) return null;
    size = Number(data.readBigUInt64BE(2));
    from = 10;
  }
  const end = from + size;
  return data.length < end ? null : { first: data[0]!, payload: data.subarray(from, end), end };
}

/** A frame with room for so many bytes at its end, masked with zeros. */
function frameFor(opcode: number, size: number): Buffer {
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + 4 + size);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (head === 2 ? size : head === 4 ? 126 : 127);
  if (head === 4) frame.writeUInt16BE(size, 2);
  if (head === 10) frame.writeBigUInt64BE(BigInt(size), 2);
  frame.fill(0, head, head + 4);
  return frame;
}
