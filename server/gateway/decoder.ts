import { Decoder as SocketIoDecoder } from 'socket.io-parser';

/** Takes in an event of a client: `id` by which it wants to be answered, null where it does not. @returns false when Socket.IO is to take it in */
export type Ears = (name: string, data: unknown, id: number | null) => boolean;

/**
 * Socket.IO's decoder, with a short way for what clients say many times a second: an event of the main namespace with one
 * argument goes straight to whoever listens. All else goes the usual way, through a dozen calls, of which the last is ours.
 */
export class Decoder extends SocketIoDecoder {
  ears: Ears | null = null;

  override add(chunk: unknown): void {
    if (this.ears === null || typeof chunk !== 'string' || !this.heard(chunk, this.ears)) super.add(chunk);
  }

  /** `2["input",{…}]`, or `217["act",{…}]` to be answered by the number 17. */
  private heard(chunk: string, ears: Ears): boolean {
    const from = chunk.indexOf('[');
    if (from < 1 || from > 12 || chunk.charCodeAt(0) !== 0x32) return false;
    const number = chunk.slice(1, from);
    if (number !== '' && !/^\d+$/.test(number)) return false; // of a namespace, or nonsense
    let said: unknown;
    try {
      said = JSON.parse(chunk.slice(from));
    } catch {
      return false; // whatever Socket.IO makes of it
    }
    return Array.isArray(said) && said.length === 2 && typeof said[0] === 'string' && ears(said[0], said[1], number === '' ? null : Number(number));
  }
}
