/** An event with its arguments as JSON text, `["change",…]`; encoded once for all recipients. */
export class EncodedEvent {
  /** The packet that the gateway built from it; built once, reused for all connections. */
  cachedPacket: unknown = null;

  constructor(readonly json: string) {}
}
