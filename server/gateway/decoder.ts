import { Decoder as SocketIoDecoder } from 'socket.io-parser';
import { limits } from '../../shared/limits.ts';

/**
 * Takes in an event of a client: `id` by which it wants to be answered, null where it does not.
 * @returns false when Socket.IO is to take it in
 */
export type FastPathHandler = (name: string, data: unknown, id: number | null) => boolean;
/** Hears of a packet that is too large to be read: what it begins with, and how many bytes it has. */
export type OversizeHandler = (head: string, bytes: number) => void;

/**
 * Socket.IO's decoder, with a short way for what clients say many times a second: an event of the main namespace with
 * one argument goes straight to whoever listens. All else goes the usual way, through a dozen calls, of which the last
 * is ours.
 */
export class Decoder extends SocketIoDecoder {
  fastPath: FastPathHandler | null = null;
  onOversize: OversizeHandler | null = null;

  override add(chunk: unknown): void {
    const bytes =
      typeof chunk === 'string'
        ? bytesAbove(limits.packetBytes, chunk)
        : chunk instanceof Uint8Array
          ? chunk.byteLength
          : 0;
    if (bytes > limits.packetBytes) {
      if (typeof chunk === 'string' && this.onOversize === null && chunk.startsWith('0'))
        return super.add(replaceAuthBySize(chunk, bytes));
      if (typeof chunk !== 'string' || this.onOversize === null)
        throw new RangeError(`packet too large: ${bytes} bytes`); // Socket.IO closes the connection
      return this.onOversize(chunk.slice(0, 128), bytes);
    }
    if (this.fastPath === null || typeof chunk !== 'string' || !this.tryFastPath(chunk, this.fastPath))
      super.add(chunk);
  }

  /** `2["input",{…}]`, or `217["act",{…}]` to be answered by the number 17. */
  private tryFastPath(chunk: string, handler: FastPathHandler): boolean {
    const from = chunk.indexOf('[');
    if (from < 1 || from > 12 || chunk.charCodeAt(0) !== 0x32) return false;
    const ackId = chunk.slice(1, from);
    if (ackId !== '' && !/^\d+$/.test(ackId)) return false; // of a namespace, or nonsense
    let packet: unknown;
    try {
      packet = JSON.parse(chunk.slice(from));
    } catch {
      return false; // whatever Socket.IO makes of it
    }
    return (
      Array.isArray(packet) &&
      packet.length === 2 &&
      typeof packet[0] === 'string' &&
      handler(packet[0], packet[1], ackId === '' ? null : Number(ackId))
    );
  }
}

/** In place of an `auth` that is too large to be read: how many bytes the packet with it has. */
export const authSizeKey = '$bytes';
/**
 * The packet that opens a namespace, with its size in place of its `auth`: so the handshake is refused with the reason,
 * as any other one.
 */
const replaceAuthBySize = (chunk: string, bytes: number): string =>
  `${/^0(?:\/[^,{]{0,64},)?/.exec(chunk)![0]}{"${authSizeKey}":${bytes}}`;

/** Bytes of a text in UTF-8 where they may exceed `limit`; 0 where they cannot. */
const bytesAbove = (limit: number, text: string): number => (text.length > limit / 3 ? Buffer.byteLength(text) : 0);

/**
 * The id by which a packet of a client wants to be answered, read from its first characters; null where there is none.
 */
export function ackIdOf(head: string): string | null {
  return /^2(?:\/[^,]{0,64},)?(\d{1,15})\["/.exec(head)?.[1] ?? null;
}
