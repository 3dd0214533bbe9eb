/**
 * Counts the WebSocket frames in a client's byte stream (RFC 6455, 5.2). It reads frame headers only and keeps no
 * payload. `ws` reports whole messages, pings and pongs; it does not report fragments.
 */
export class FrameCounter {
  /** Bytes of the current header read so far. */
  private position = 0;
  /** Length of the current header; known after its second byte. */
  private headerLength = 2;
  private lengthBytes = 0;
  private payloadLength = 0;
  /** Payload bytes still to come. */
  private payloadLeft = 0;

  /** @returns the number of frame headers that end in this chunk */
  count(chunk: Uint8Array): number {
    let frames = 0;
    for (let offset = 0; offset < chunk.length;) {
      if (this.payloadLeft > 0) {
        const consumed = Math.min(this.payloadLeft, chunk.length - offset);
        this.payloadLeft -= consumed;
        offset += consumed;
      } else if (this.readHeader(chunk[offset++]!)) frames += 1;
    }
    return frames;
  }

  /** @returns whether the header ends with this byte */
  private readHeader(byte: number): boolean {
    if (this.position === 1) {
      const short = byte & 0x7f;
      this.lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
      this.payloadLength = this.lengthBytes === 0 ? short : 0;
      this.headerLength = 2 + this.lengthBytes + (byte & 0x80 ? 4 : 0);
    } else if (this.position >= 2 && this.position < 2 + this.lengthBytes)
      this.payloadLength = this.payloadLength * 256 + byte;
    this.position += 1;
    if (this.position < 2 || this.position < this.headerLength) return false;
    this.position = 0;
    this.payloadLeft = this.payloadLength;
    return true;
  }
}
