/** The size of a value as JSON, in bytes. */
export function jsonSizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return Infinity; // not representable in JSON
  }
}
