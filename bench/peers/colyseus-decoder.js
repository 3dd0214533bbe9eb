// Reads what a Colyseus server sends, by Colyseus's own decoder, as its SDK does (@colyseus/sdk, SchemaSerializer).
import { decode, Reflection } from '@colyseus/schema';

/** @param frame JOIN_ROOM: a token, the name of the serializer, the reflection of the state, sections */
export function openDecoder(frame) {
  const it = { offset: 1 };
  decode.utf8Read(frame, it, frame[it.offset++]);
  decode.utf8Read(frame, it, frame[it.offset++]);
  const size = decode.number(frame, it);
  const decoder = Reflection.decode(frame.subarray(0, it.offset + size), it);
  return {
    state: decoder.state,
    /** ROOM_STATE or ROOM_STATE_PATCH, with its first byte */
    take: bytes => decoder.decode(bytes, { offset: 1 }),
  };
}
