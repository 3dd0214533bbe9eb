/** An event and its arguments as JSON text, `["change",…]`: made once for all who are told the same. */
export class EncodedEvent {
  /** What the gateway has made of it for its lines: by the first, for all. */
  cachedPacket: unknown = null;

  constructor(readonly json: string) {}
}
