/** Engine.IO packet types that are sent here, as ASCII codes. */
const types = { ping: 0x32, message: 0x34 };

/** A text packet of Engine.IO, and its WebSocket frame, encoded once for all recipients. */
export class Packet {
  private cachedFrame: Buffer | null = null;

  /** @param text the Socket.IO packet: `2["change",…]`; empty for a ping */
  constructor(
    readonly text: string,
    readonly type: keyof typeof types = 'message',
  ) {}

  /** The complete frame (RFC 6455, 5.2): text, final, unmasked, uncompressed. */
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
