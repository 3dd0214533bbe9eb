import type { Draw } from './draw.ts';

/**
 * WebSocket frames, also such as no client would send. The mask is zero, so that what is sent can be read in a dump.
 */
export interface FrameShape {
  fin?: boolean;
  reserved?: number;
  opcode: number;
  masked?: boolean;
  /** what the header says, where it lies */
  length?: bigint;
}

export function frame(
  body: Buffer,
  { fin = true, reserved = 0, opcode, masked = true, length = BigInt(body.length) }: FrameShape,
): Buffer {
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126n
      ? Buffer.from([first, mask | Number(length)])
      : length < 65_536n
        ? Buffer.from([first, mask | 126, 0, 0])
        : Buffer.alloc(10);
  if (length >= 126n && length < 65_536n) head.writeUInt16BE(Number(length), 2);
  if (length >= 65_536n) {
    head[0] = first;
    head[1] = mask | 127;
    head.writeBigUInt64BE(length, 2);
  }
  return Buffer.concat(masked ? [head, Buffer.alloc(4), body] : [head, body]);
}

export const textFrame = (text: string): Buffer => frame(Buffer.from(text), { opcode: 1 });
export const binaryFrame = (bytes: Buffer): Buffer => frame(bytes, { opcode: 2 });

/** An Engine.IO packet that is well formed as a frame: any type, any body. */
export function enginePacket(draw: Draw): Buffer {
  return draw.weighed<() => Buffer>([
    [
      4,
      () =>
        textFrame(
          draw.pick([
            '2',
            '3',
            '6',
            '2probe',
            '3probe',
            '5',
            '1',
            '0',
            '',
            '9',
            'b',
            'bAAAA',
            'b!',
            '4',
            '44',
            '\x1e',
            '4\x1e4',
          ]),
        ),
    ],
    [2, () => textFrame(`${draw.below(10)}${draw.bytes(draw.below(30)).toString('latin1')}`)],
    [2, () => binaryFrame(draw.bytes(draw.below(60)))],
    [1, () => textFrame(`0${JSON.stringify({ sid: 'x', upgrades: [], pingInterval: 1, pingTimeout: 1 })}`)],
    [1, () => frame(draw.bytes(draw.below(20)), { opcode: draw.pick([9, 10]) })], // the WebSocket's own ping and pong
  ])();
}

/** A frame that breaks the WebSocket protocol, or the bounds: it ends its connection, or should. */
export function brokenFrame(draw: Draw): Buffer {
  const body = draw.bytes(draw.below(40));
  return draw.pick<() => Buffer>([
    () => frame(body, { opcode: draw.pick([3, 4, 7, 11, 15]) }),
    () => frame(body, { opcode: 1, reserved: draw.between(1, 7) }),
    () => frame(body, { opcode: 1, masked: false }),
    () => frame(body, { opcode: 0 }),
    () => frame(body, { opcode: 1, fin: false }),
    () =>
      Buffer.concat(
        Array.from({ length: 50 }, (_x, i) => frame(Buffer.alloc(400, 0x34), { opcode: i === 0 ? 1 : 0, fin: false })),
      ),
    () => frame(Buffer.alloc(130), { opcode: 9 }),
    () => frame(body, { opcode: 9, fin: false }),
    () => frame(Buffer.from([0xff, 0xfe, 0xc0, 0x80]), { opcode: 1 }),
    () => frame(body, { opcode: 1, length: draw.pick([17_000n, 1n << 31n, 1n << 53n, (1n << 63n) + 5n]) }),
    () => frame(Buffer.alloc(draw.pick([16_385, 20_000, 70_000]), 0x34), { opcode: draw.pick([1, 2]) }),
    () => frame(Buffer.from([draw.below(256), draw.below(256), ...body]), { opcode: 8 }),
    () => frame(Buffer.from([3]), { opcode: 8 }),
    () => draw.bytes(draw.between(1, 200)),
    () => textFrame('4' + '2["list",{}]'.repeat(2)).subarray(0, draw.between(1, 12)),
  ])();
}

/**
 * More frames than a connection may send at once, none of which becomes a packet of Engine.IO: control frames, or
 * fragments of one message.
 */
export function frameFlood(draw: Draw, count: number): Buffer {
  const body = draw.bytes(draw.below(3));
  const one = draw.pick<() => Buffer>([
    () => frame(body, { opcode: 10 }),
    () => frame(body, { opcode: 9 }),
    () => Buffer.concat([frame(body, { opcode: 9 }), frame(Buffer.alloc(0), { opcode: 10 })]),
    () => frame(Buffer.alloc(0), { opcode: 0, fin: false }),
    () => Buffer.concat([frame(Buffer.alloc(0), { opcode: 0, fin: false }), frame(body, { opcode: 10 })]),
  ])();
  return Buffer.concat([frame(Buffer.alloc(0), { opcode: 1, fin: false }), ...Array<Buffer>(count).fill(one)]);
}

/** The body of a long-polling POST: several packets, separated, with what does not belong there. */
export function pollingBody(draw: Draw, packets: readonly string[]): string {
  const separator = draw.weighed([
    [12, '\x1e'],
    [1, '\x1e\x1e'],
    [1, '\n'],
    [1, ''],
  ]);
  const body = packets.join(separator);
  return draw.weighed<() => string>([
    [16, () => body],
    [1, () => `\x1e${body}`],
    [1, () => body.slice(0, draw.below(body.length + 1))],
    [1, () => `bAAEC\x1e${body}`],
    [1, () => `${body}\x1e${'6\x1e'.repeat(draw.pick([10, 1_000]))}`],
    [1, () => `d=${encodeURIComponent(body)}`],
    [1, () => body + ' '.repeat(draw.pick([100, 17_000]))],
  ])();
}
