import { Decoder as SocketIoDecoder } from 'socket.io-parser';
import { limits } from '../../shared/limits.ts';

/**
 * Handles an event of a client on the fast path. `id`: acknowledgement id; null if the client wants none.
 * @returns false to pass the event on to Socket.IO
 */
export type FastPathHandler = (name: string, data: unknown, id: number | null) => boolean;
/** Called with the start of an oversized packet, and its size in bytes. */
export type OversizeHandler = (head: string, bytes: number) => void;

/**
 * Socket.IO's decoder with a fast path for frequent events: an event of the main namespace with one argument is passed
 * directly to the handler. All others take Socket.IO's path.
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

  /** `2["input",{…}]`, or `217["act",{…}]` with acknowledgement id 17. */
  private tryFastPath(chunk: string, handler: FastPathHandler): boolean {
    const from = chunk.indexOf('[');
    if (from < 1 || from > 12 || chunk.charCodeAt(0) !== 0x32) return false;
    const ackId = chunk.slice(1, from);
    if (ackId !== '' && !/^\d+$/.test(ackId)) return false; // another namespace, or malformed
    let packet: unknown;
    try {
      packet = JSON.parse(chunk.slice(from));
    } catch {
      return false; // left to Socket.IO
    }
    return (
      Array.isArray(packet) &&
      packet.length === 2 &&
      typeof packet[0] === 'string' &&
      handler(packet[0], packet[1], ackId === '' ? null : Number(ackId))
    );
  }
}

/** Replaces an oversized `auth` payload: the size of its packet in bytes. */
export const authSizeKey = '$bytes';
/** Replaces the `auth` of a CONNECT packet by its size, so that the handshake is refused with a reason. */
const replaceAuthBySize = (chunk: string, bytes: number): string =>
  `${/^0(?:\/[^,{]{0,64},)?/.exec(chunk)![0]}{"${authSizeKey}":${bytes}}`;

/** The UTF-8 size of a text if it may exceed `limit`; 0 if it cannot. */
const bytesAbove = (limit: number, text: string): number => (text.length > limit / 3 ? Buffer.byteLength(text) : 0);

/** The acknowledgement id of a client's packet, parsed from its first characters; null if it has none. */
export function ackIdOf(head: string): string | null {
  return /^2(?:\/[^,]{0,64},)?(\d{1,15})\["/.exec(head)?.[1] ?? null;
}
