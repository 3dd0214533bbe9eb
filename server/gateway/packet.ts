/** Engine.IO's types, of those that are sent here, and the digit that goes in front of each. */
const types = { ping: 0x32, message: 0x34 };

/** A packet of Engine.IO in text, and the WebSocket frame that carries it: made once, however many lines it goes to. */
export class Packet {
  private cachedFrame: Buffer | null = null;

  /** @param text what Socket.IO has encoded: `2["change",…]`; of a ping nothing */
  constructor(
    readonly text: string,
    readonly type: keyof typeof types = 'message',
  ) {}

  /** The whole frame, uncompressed and in one piece (RFC 6455, 5.2): text, final, unmasked. */
  get frame(): Buffer {
    return (this.cachedFrame ??= encodeFrame(types[this.type], this.text));
  }
}

function encodeFrame(type: number, text: string): Buffer {
  const size = Buffer.byteLength(text) + 1;
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + size);
  frame[0] = 0x81;
  if (head === 2) frame[1] = size;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame[head] = type;
  frame.write(text, head + 1);
  return frame;
}
